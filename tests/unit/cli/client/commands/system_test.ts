/** `routr status`, `ping`, `info`, `config`, `logs`, `stop` and `restart`. */
import assert from "node:assert/strict";
import { ClientHome } from "../client_run.ts";
import { type Answers, FakeService } from "../fake_service.ts";

async function ran(answers: Answers, line: string) {
  await using service = new FakeService(answers);
  await using home = await ClientHome.create();
  await home.logIn(service.apiUrl);
  return { ...await home.run(line.split(" ")), requests: service.requests, origin: service.origin };
}

/** The answers of each release. */
const STATUSES = [
  { status: "Up" },
  { status: 200, message: "up" },
  { status: 200, message: "up", data: "up" },
  { status: "200", message: "up" },
  { status: "Up", message: "up", data: "up", result: "up" },
];

for (const body of STATUSES) {
  Deno.test(`status of ${JSON.stringify(body)} is up`, async () => {
    const answers = { "GET /system/status": () => Response.json(body) };
    assert.equal((await ran(answers, "status")).out, "up");
    assert.deepEqual(JSON.parse((await ran(answers, "status -o json")).out), { status: "up" });
  });
}

Deno.test("ping prints the state with the time it took", async () => {
  const { out, origin } = await ran({ "GET /system/status": () => Response.json({ status: "Up" }) }, "ping");
  assert.match(out, new RegExp(`^${origin}/api/v1beta1 is up \\(\\d+ ms\\)$`));
});

Deno.test("info prints facts in lines, with and without an envelope", async () => {
  const info = { version: "v1.0", apiVersion: "v1beta1", apiPath: "/api" };
  const env = [{ var: "EXTERN_ADDR", value: "203.0.113.7" }, { var: "LOCALNETS", value: null }];
  const early = await ran({ "GET /system/info": () => Response.json({ ...info, env }) }, "info");
  const expected = ["version: v1.0", "apiVersion: v1beta1", "apiPath: /api"];
  assert.deepEqual(early.out.split("\n"), [...expected, "EXTERN_ADDR=203.0.113.7"]);
  const late = await ran({ "GET /system/info": () => ({ ...info, env, upSince: 0 }) }, "info");
  assert.deepEqual(late.out.split("\n"), [
    ...expected,
    "upSince: 1970-01-01T00:00:00.000Z",
    "EXTERN_ADDR=203.0.113.7",
  ]);
});

Deno.test("config is YAML unless asked otherwise", async () => {
  const answers = { "GET /system/config": () => ({ spec: { externAddr: "203.0.113.7" } }) };
  assert.equal((await ran(answers, "config")).out, "spec:\n  externAddr: 203.0.113.7");
  assert.deepEqual(JSON.parse((await ran(answers, "config -o json")).out), {
    spec: { externAddr: "203.0.113.7" },
  });
});

Deno.test("logs prints the lines without control characters", async () => {
  const answers = { "GET /system/logs": () => "one\n\ttwo \x1b[31m\n" };
  assert.equal((await ran(answers, "logs")).out, "one\n\ttwo \\u001b[31m");
});

for (
  const [line, path, query] of [
    ["stop", "/system/status/down", {}],
    ["stop --now", "/system/status/down", { now: "true" }],
    ["restart", "/system/status/restarting", {}],
    ["restart --now", "/system/status/restarting", { now: "true" }],
  ] as const
) {
  Deno.test(`${line} asks the server for its end`, async () => {
    const answers = {
      [`POST ${path}`]: () => Response.json({ status: "200", message: "Request sent to server" }),
    };
    const { status, out, requests: [request] } = await ran(answers, line);
    assert.deepEqual([status, out], [0, "Request sent to server"]);
    assert.deepEqual(request.query, query);
  });
}
