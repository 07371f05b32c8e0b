/** Error messages of the client, and its exit status. */
import assert from "node:assert/strict";
import { ClientHome, type RunOptions } from "./client_run.ts";
import { enveloped, FakeService } from "./fake_service.ts";

async function ran(answer: () => Response, args: readonly string[], options: RunOptions = {}) {
  await using service = new FakeService({ "GET /agents": answer, "GET /agents/ag1": answer });
  await using home = await ClientHome.create();
  await home.logIn(service.apiUrl);
  return await home.run(args, options);
}

Deno.test("Every fault that the service finds is printed", async () => {
  const errors = [
    { pointer: "/0/spec/domains", message: "is missing" },
    { pointer: "", message: "too much" },
  ];
  const result = await ran(() => enveloped(422, "Unprocessable entity", undefined, { errors }), [
    "get",
    "agents",
  ]);
  assert.equal(result.status, 1);
  assert.equal(result.out, "");
  assert.equal(result.err, "routr: Unprocessable entity\n  /0/spec/domains: is missing\n  too much");
});

Deno.test("After a 401 the user is told to log in", async () => {
  const result = await ran(() => enveloped(401, "Unauthorized"), ["get", "agents"]);
  assert.equal(result.status, 1);
  assert.equal(result.err, "routr: Unauthorized: run routr login");
});

Deno.test("After a 429 the user is told how long to wait", async () => {
  const answer = () =>
    new Response('{"status":429,"message":"Too many requests"}', {
      status: 429,
      headers: { "retry-after": "8" },
    });
  const result = await ran(answer, ["get", "agents"]);
  assert.equal(result.err, "routr: Too many requests; try again in 8 s");
});

Deno.test("An answer of something else than the service is reported by its status", async () => {
  const result = await ran(() => new Response("<html>\x1b[31mBad gateway", { status: 502 }), [
    "get",
    "agents",
  ]);
  assert.equal(result.err, "routr: The service answers 502");
});

Deno.test("A redirect is reported, and the token does not follow it", async () => {
  await using other = new FakeService({});
  const answer = () => new Response(null, { status: 307, headers: { location: `${other.apiUrl}/agents` } });
  const result = await ran(answer, ["get", "agents"]);
  assert.equal(result.status, 1);
  assert.equal(result.err, `routr: The service is somewhere else: ${other.apiUrl}/agents`);
  assert.deepEqual(other.calls, []);
});

Deno.test("A missing resource is reported", async () => {
  const result = await ran(() => enveloped(404, "Not found"), ["get", "agent", "ag1"]);
  assert.deepEqual([result.status, result.err], [1, "routr: Not found"]);
});

Deno.test("An unreachable service is reported with its URL", async () => {
  const service = new FakeService({});
  await service[Symbol.asyncDispose]();
  await using home = await ClientHome.create();
  await home.logIn(service.apiUrl);
  const result = await home.run(["ping"]);
  assert.deepEqual([result.status, result.err], [
    1,
    `routr: Cannot connect to ${service.origin}: connection refused`,
  ]);
});

Deno.test("Without a login the client prints how to log in", async () => {
  await using home = await ClientHome.create();
  const result = await home.run(["get", "agents"]);
  assert.equal(result.status, 1);
  assert.match(result.err, /^routr: Not logged in: run routr login URL/);
});

Deno.test("A broken access file is reported, not ignored", async () => {
  await using home = await ClientHome.create();
  await home.folder.write(".routr-access.json", "{");
  const result = await home.run(["get", "agents"]);
  assert.deepEqual([result.status, result.err], [
    1,
    `routr: Cannot read ${home.accessPath}: run routr login again`,
  ]);
});

Deno.test("A connection lost within an answer is reported", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answered = listener.accept().then(async (connection) => {
    await connection.read(new Uint8Array(4096));
    await connection.write(new TextEncoder().encode('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"data"'));
    connection.close();
  });
  await using home = await ClientHome.create();
  await home.logIn(`http://127.0.0.1:${listener.addr.port}/api/v1beta1`);
  const result = await home.run(["get", "agents"]);
  await answered;
  assert.equal(result.status, 1);
  assert.match(result.err, /^routr: The connection was lost/);
});
