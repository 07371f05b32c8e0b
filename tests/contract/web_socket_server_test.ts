/** SIP in WebSocket messages at a whole server (RFC 7118 §5). */
import assert from "node:assert/strict";
import { startTestServer } from "../support/server.ts";
import { ws } from "./harnesses.ts";
import { OPCODE, type WebSocketPeer } from "./peers/web_socket_peers.ts";
import { within } from "./served_transport.ts";

function options(callId: string, { length = "0", body = "" } = {}): string {
  return "OPTIONS sip:sip.local SIP/2.0\r\n" +
    `Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK${callId}\r\n` +
    "From: <sip:a@a.invalid>;tag=1\r\nTo: <sip:sip.local>\r\nMax-Forwards: 70\r\n" +
    `Call-ID: ${callId}\r\nCSeq: 1 OPTIONS\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

/** `Call-ID status` of the next response. */
async function answer(peer: WebSocketPeer): Promise<string> {
  const text = await within(peer.readMessage(), "an answer") ?? "";
  return `${/\r\nCall-ID: (.+?)\r\n/.exec(text)?.[1]} ${/^SIP\/2\.0 (\d+)/.exec(text)?.[1]}`;
}

/** Returns the responses to WebSocket messages, up to that to a good request. */
async function answersTo(payloads: readonly string[]): Promise<string[]> {
  const server = await startTestServer({
    domains: ["sip.local"],
    agents: [],
    spec: { transport: [{ protocol: "ws", port: 0 }] },
  });
  const place = { address: "127.0.0.1", port: server.server.transports[0].port };
  const peer = await within(ws.peers.connect(place), "a connection");
  try {
    for (const payload of payloads) await peer.writeFrame({ opcode: OPCODE.text, payload });
    await peer.write(options("last"));
    const answers = [];
    do answers.push(await answer(peer)); while (answers.at(-1) !== "last 200" && answers.length < 20);
    return answers.slice(0, -1);
  } finally {
    peer.close();
    await server.stop();
  }
}

const CASES: Readonly<Record<string, { payloads: readonly string[]; answers: readonly string[] }>> = {
  "messages that come without waiting are all answered": {
    payloads: ["a", "b", "c"].map((callId) => options(callId)),
    answers: ["a 200", "b 200", "c 200"],
  },
  "of two messages in one the first is answered": {
    payloads: [options("a") + options("b")],
    answers: ["a 200"],
  },
  "half a message is refused": {
    payloads: [options("a", { length: "100", body: "x".repeat(50) })],
    answers: ["a 400"],
  },
  "a Content-Length that is too small leaves bytes that count for nothing": {
    payloads: [options("a", { length: "2", body: "xxxxx" })],
    answers: ["a 200"],
  },
  "a Content-Length that is none is refused": {
    payloads: [
      options("a", { length: "ten" }),
      options("b", { length: "-1" }),
      options("c", { length: "99999999999" }),
    ],
    answers: ["a 400", "b 400", "c 400"],
  },
  "a message without Content-Length ends with its frame": {
    payloads: [options("a").replace("Content-Length: 0\r\n", "")],
    answers: ["a 200"],
  },
  "what is no SIP has no answer": {
    payloads: ["", "\r\n", "\0\0\0\0", "\0".repeat(1_000), "GET / HTTP/1.1\r\n\r\n", "x", "{}", "\xff\xfe"],
    answers: [],
  },
  "the parts of a message are never put together": {
    payloads: [options("a").slice(0, 20), options("a").slice(20)],
    answers: ["a 400"],
  },
};

for (const [what, { payloads, answers }] of Object.entries(CASES)) {
  Deno.test(`WS: ${what}`, async () => assert.deepEqual(await answersTo(payloads), answers));
}

Deno.test("WS: NUL bytes within a message harm nobody", async () => {
  const answers = await answersTo([
    options("a\0b"),
    options("c").replace("tag=1", "tag=\0"),
    `\0${options("d")}`,
  ]);
  assert.ok(answers.every((one) => one.endsWith(" 400") || one.endsWith(" 200")), answers.join());
});
