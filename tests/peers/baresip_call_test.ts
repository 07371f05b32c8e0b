// Two baresip phones on one server: what each of them sees of a call.

import assert from "node:assert/strict";
import { type RoutrProcess, startRoutr } from "../support/routr_process.ts";
import { registeredBaresip, startBaresip } from "./baresip.ts";

let server: RoutrProcess;

Deno.test.beforeAll(async () => {
  server = await startRoutr();
});

Deno.test.afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

for (const transport of ["udp", "tcp"] as const) {
  Deno.test(`baresip over ${transport}: 1001 calls 1002, it rings, is answered, and the caller hangs up`, async () => {
    await using callee = await registeredBaresip({ user: "1002", server: server.port, transport });
    await using caller = await registeredBaresip({ user: "1001", server: server.port, transport });

    await caller.dial("1002");
    const incoming = await callee.event("CALL_INCOMING");
    assert.match(incoming.peeruri ?? "", /^sip:1001@sip\.local/);
    await caller.event("CALL_RINGING");
    await callee.accept();
    await caller.event("CALL_ESTABLISHED");
    await callee.event("CALL_ESTABLISHED");
    await caller.hangUp();
    await callee.event("CALL_CLOSED");
  });

  Deno.test(`baresip over ${transport}: the callee hangs up`, async () => {
    await using callee = await registeredBaresip({
      user: "1002",
      server: server.port,
      transport,
      answer: "auto",
    });
    await using caller = await registeredBaresip({ user: "1001", server: server.port, transport });

    await caller.dial("1002");
    await callee.event("CALL_ESTABLISHED");
    await caller.event("CALL_ESTABLISHED");
    await callee.hangUp();
    await caller.event("CALL_CLOSED");
  });

  Deno.test(`baresip over ${transport}: the caller gives up while it rings, gets its 487, and can call again`, async () => {
    await using callee = await registeredBaresip({ user: "1002", server: server.port, transport });
    await using caller = await registeredBaresip({ user: "1001", server: server.port, transport });

    for (let call = 0; call < 2; call++) {
      await caller.dial("1002");
      await callee.event("CALL_INCOMING");
      await caller.event("CALL_RINGING");
      await caller.hangUp();
      await callee.event("CALL_CLOSED");
    }
    await caller.sipLine(/^SIP\/2\.0 487 /);
    await callee.sipLine(/^CANCEL /);
  });

  Deno.test(`baresip over ${transport}: a busy callee that rejects gives the caller its 486`, async () => {
    await using callee = await registeredBaresip({ user: "1002", server: server.port, transport });
    await using caller = await registeredBaresip({ user: "1001", server: server.port, transport });

    await caller.dial("1002");
    await callee.event("CALL_INCOMING");
    await callee.hangUp();
    assert.match((await caller.event("CALL_CLOSED")).param ?? "", /^486 /);
  });
}

Deno.test("baresip: a call is hung up from phone to phone when the server does not stay in its path", async () => {
  await using aside = await startRoutr({ recordRoute: false });
  await using callee = await registeredBaresip({ user: "1002", server: aside.port, answer: "auto" });
  await using caller = await registeredBaresip({ user: "1001", server: aside.port });

  await caller.dial("1002");
  await caller.event("CALL_ESTABLISHED");
  await caller.hangUp();
  await callee.event("CALL_CLOSED");
});

Deno.test("baresip: a callee that nobody answers stops ringing by itself, and the caller learns it", async () => {
  await using callee = await registeredBaresip({ user: "1002", server: server.port, ringSeconds: 1 });
  await using caller = await registeredBaresip({ user: "1001", server: server.port });

  await caller.dial("1002");
  await callee.event("CALL_INCOMING");
  assert.match((await caller.event("CALL_CLOSED")).param ?? "", /^486 /);
});

Deno.test("baresip: a user that does not exist is 404", async () => {
  await using caller = await registeredBaresip({ user: "1001", server: server.port });

  await caller.dial("9999");
  assert.match((await caller.event("CALL_CLOSED", 2_000)).param ?? "", /^404 /);
});

Deno.test("baresip: a user that is not registered is 480", async () => {
  await using caller = await registeredBaresip({ user: "1001", server: server.port });

  await caller.dial("1002");
  assert.match((await caller.event("CALL_CLOSED", 2_000)).param ?? "", /^480 /);
});

Deno.test("baresip: a wrong password fails promptly", async () => {
  await using phone = await startBaresip({ user: "1001", server: server.port, password: "wrong" });

  await phone.register();
  const failure = await phone.event("REGISTER_FAIL", 2_000);
  assert.match(failure.param ?? "", /^40[13] /);
});
