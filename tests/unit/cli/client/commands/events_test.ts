/** `routr events`, and the reader of server-sent events. */
import assert from "node:assert/strict";
import { events } from "../../../../../src/cli/client/commands/events.ts";
import { ApiClient } from "../../../../../src/cli/client/api_client.ts";
import type { ClientOptions, Output } from "../../../../../src/cli/client/client_command.ts";
import { readEvents, type SentEvent } from "../../../../../src/cli/client/event_stream_reader.ts";
import { enveloped, FakeService, type ServiceRequest } from "../fake_service.ts";

/** Follows a service that gives one answer for each attempt, and then refuses. */
async function followed(answers: readonly string[], output: Output = "table", options: ClientOptions = {}) {
  const left = [...answers];
  await using service = new FakeService({
    "GET /events": (_request: ServiceRequest) => {
      const text = left.shift();
      if (text === undefined) return enveloped(401, "Unauthorized");
      return new Response(text, { headers: { "content-type": "text/event-stream" } });
    },
  });
  const access = { apiUrl: service.apiUrl, token: "t", trust: { isInsecure: false, pinned: [] } };
  using client = new ApiClient(access);
  const [out, err, pauses]: [string[], string[], number[]] = [[], [], []];
  const terminal = {
    isInteractive: false,
    print: (text: string) => void out.push(text),
    warn: (text: string) => void err.push(text),
    ask: () => Promise.reject(new TypeError("Nobody is there")),
    askSecret: () => Promise.reject(new TypeError("Nobody is there")),
  };
  const command = { kind: "client", verb: "events", operands: [], options, output } as const;
  const pause = (milliseconds: number) => Promise.resolve(void pauses.push(milliseconds));
  await assert.rejects(events({ command, client, access, terminal }, pause), {
    name: "ApiError",
    status: 401,
  });
  return { out, err, pauses, requests: service.requests };
}

const STARTED =
  'id: e-1\nevent: call.started\ndata: {"id":"e-1","time":0,"type":"call.started","data":{"from":"sip:a@h","to":"sip:b@h"}}\n\n';
const ENDED =
  'id: e-2\nevent: call.ended\ndata: {"id":"e-2","time":1,"type":"call.ended","data":{"status":200}}\n\n';

Deno.test("events are a line each: time, name and facts", async () => {
  const { out, requests } = await followed([STARTED + ENDED], "table", { types: "call." });
  assert.deepEqual(out, [
    "1970-01-01T00:00:00.000Z call.started from=sip:a@h to=sip:b@h",
    "1970-01-01T00:00:00.001Z call.ended status=200",
  ]);
  assert.equal(requests[0].query.types, "call.");
  assert.equal(requests[0].headers.get("accept"), "text/event-stream");
});

Deno.test("events for scripts are JSON Lines", async () => {
  const { out } = await followed([STARTED], "json");
  assert.deepEqual(out.map((line) => JSON.parse(line)), [{
    id: "e-1",
    type: "call.started",
    time: "1970-01-01T00:00:00.000Z",
    data: { from: "sip:a@h", to: "sip:b@h" },
  }]);
});

Deno.test("Events resume after a lost connection", async () => {
  const { out, err, pauses, requests } = await followed([STARTED, ": still there\n\n", ENDED]);
  assert.equal(out.length, 2);
  assert.deepEqual(requests.map(({ headers }) => headers.get("last-event-id")), [null, "e-1", "e-1", "e-2"]);
  assert.deepEqual(err[0], "The connection was lost, trying again in 1 s");
  assert.deepEqual(pauses, [1000, 1000, 1000]);
});

Deno.test("Events cannot control the terminal", async () => {
  const { out } = await followed(['event: x\ndata: {"reason":"\\u001b[31m\\nsecond"}\n\n']);
  assert.deepEqual(out, ['x reason="\\u001b[31m\\nsecond"']);
});

async function readAll(chunks: readonly Uint8Array[]): Promise<SentEvent[]> {
  return await Array.fromAsync(readEvents(ReadableStream.from(chunks)));
}

Deno.test("Events are read the same wherever the bytes are split", async () => {
  const text =
    ": hello\r\nid: 1\r\nevent: a\r\ndata: grüße\r\ndata:  two\r\n\r\nid\ndata\n\nevent: only\n\ndata: lost";
  const bytes = new TextEncoder().encode(text);
  const expected = [
    { id: "1", type: "a", data: "grüße\n two" },
    { id: "", type: "message", data: "" },
  ];
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(await readAll([bytes.subarray(0, at), bytes.subarray(at)]), expected, `split at ${at}`);
  }
});
