// sipsak: the ping that monitoring tools send, and a flood of them.
// (sipsak drops the last digit of a five-digit port in the Request-URI: it names the domain, and the port by -p.)

import assert from "node:assert/strict";
import { runProcess } from "../support/process.ts";
import { domain, type RoutrProcess, startRoutr } from "../support/routr_process.ts";

let server: RoutrProcess;

Deno.test.beforeAll(async () => {
  server = await startRoutr();
});

Deno.test.afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

for (const transport of ["udp", "tcp"]) {
  Deno.test(`sipsak over ${transport}: OPTIONS to the server's domain is answered 200`, async () => {
    await assertPing(server.port, transport);
  });
}

Deno.test("sipsak: after 5000 OPTIONS at once the server answers the next", async () => {
  const args = ["-F", "-e", "5000", ...target(server.port)];
  const { code, output } = await runProcess("sipsak", { args, lifetime: 10_000 });
  assert.equal(code, 0, output);
  await assertPing(server.port, "udp");
});

async function assertPing(port: number, transport: string): Promise<void> {
  const args = ["-vv", "-E", transport, ...target(port)];
  const { code, output } = await runProcess("sipsak", { args, lifetime: 10_000 });
  assert.equal(code, 0, output);
  assert.match(output, /^SIP\/2\.0 200 /m);
}

function target(port: number): string[] {
  return ["-p", `127.0.0.1:${port}`, "-s", `sip:${domain}`];
}
