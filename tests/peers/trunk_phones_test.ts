// Phones, a provider and a telephone network that are all others' work: baresip and SIPp on both sides of Kamailio.

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { ackTo, fromCaller } from "../support/sip_text.ts";
import { UNLIMITED_CALLS } from "../support/unlimited_calls.ts";
import { registeredBaresip } from "./baresip.ts";
import { startTrunkNet, type TrunkNet } from "./kamailio/trunk_net.ts";
import { did } from "./kamailio/trunk_routr.ts";
import { assertAllCalls, assertSipp, type Sipp, type SippOptions, startSipp } from "./sipp.ts";

const outside = "4930123456";
const callers = [{ user: "1001", callee: outside }, { user: "1002", callee: outside }];

/** A net whose telephone network is a SIPp. */
interface SippNet extends AsyncDisposable {
  readonly net: TrunkNet;
  readonly pstn: Sipp;
  readonly server: number;
}

async function startSippNet(scenario: string, options: Omit<SippOptions, "server">): Promise<SippNet> {
  await using resources = new AsyncDisposableStack();
  const port = freePort();
  const pstnPlace = { address: "127.0.0.1", port };
  const net = resources.use(await startTrunkNet({ pstnPlace, spec: { limits: UNLIMITED_CALLS } }));
  const server = net.routr.place.port;
  const pstn = resources.use(await startSipp(scenario, { ...options, server, port }));
  await net.provider.logged(/location: customer7/);
  const owned = resources.move();
  return { net, pstn, server, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

Deno.test("baresip dials outside and hangs up", async () => {
  await using sippNet = await startSippNet("answer", { calls: 1 });
  const { pstn, server } = sippNet;
  await using phone = await registeredBaresip({ user: "1001", server });
  await phone.dial(outside);
  await phone.event("CALL_ESTABLISHED");
  await phone.hangUp();
  assertAllCalls(await pstn.result(), 1);
});

Deno.test("baresip dials outside and is hung up on", async () => {
  await using sippNet = await startSippNet("answer_and_hang_up", { calls: 1 });
  const { pstn, server } = sippNet;
  await using phone = await registeredBaresip({ user: "1001", server });
  await phone.dial(outside);
  await phone.event("CALL_ESTABLISHED");
  await phone.event("CALL_CLOSED");
  assertAllCalls(await pstn.result(), 1);
});

Deno.test("baresip dials outside and gives up while it rings", async () => {
  await using sippNet = await startSippNet("ring_behind_proxies", { calls: 1 });
  const { pstn, server } = sippNet;
  await using phone = await registeredBaresip({ user: "1001", server });
  await phone.dial(outside);
  await phone.event("CALL_RINGING");
  await phone.hangUp();
  await phone.sipLine(/^SIP\/2\.0 487 /);
  assertAllCalls(await pstn.result(), 1);
});

/** A call for our number; without an offer, since baresip sends no media to loopback addresses. */
function callIn({ place, pstn }: TrunkNet): Promise<string> {
  return pstn.send(`INVITE sip:${did}@${place.address}:${place.port} SIP/2.0
From: <sip:+4940999888@pstn.test>;tag=1
Contact: <${pstn.contact}>`);
}

Deno.test("A call in rings baresip, is answered, and hung up by it", async () => {
  await using net = await startTrunkNet();
  const { provider, routr, pstn } = net;
  await provider.logged(/location: customer7/);
  await using phone = await registeredBaresip({ user: "1001", server: routr.place.port });
  const sent = await callIn(net);
  await pstn.expect("100");
  const { peeruri = "" } = await phone.event("CALL_INCOMING");
  assert.match(peeruri, /^sip:\+4940999888@pstn\.test/);
  await pstn.expect("180");
  await phone.accept();
  const ok = await pstn.expect("200");
  await pstn.send(fromCaller("ACK", { invite: sent, ok }));
  await phone.hangUp();
  await pstn.answer(await pstn.expect("BYE"), "200 OK");
  await phone.event("CALL_CLOSED");
});

Deno.test("A call in is declined by baresip", async () => {
  await using net = await startTrunkNet();
  const { provider, routr, pstn } = net;
  await provider.logged(/location: customer7/);
  await using phone = await registeredBaresip({ user: "1001", server: routr.place.port });
  const sent = await callIn(net);
  await phone.event("CALL_INCOMING");
  await pstn.expect("100");
  await pstn.expect("180");
  await phone.hangUp();
  await pstn.sendAsIs(ackTo(sent, await pstn.expect("486")));
});

Deno.test("Thirty calls out by SIPp, and thirty that the other side ends", async () => {
  for (const [callee, caller] of [["answer", "call"], ["answer_and_hang_up", "call_until_bye"]]) {
    await using sippNet = await startSippNet(callee, { calls: 30 });
    const { pstn, server } = sippNet;
    await assertSipp(caller, { server, calls: 30, rows: callers });
    assertAllCalls(await pstn.result(), 30);
  }
});

Deno.test("Twenty calls out that are cancelled while they ring", async () => {
  await using sippNet = await startSippNet("ring_behind_proxies", { calls: 20 });
  const { pstn, server } = sippNet;
  await assertSipp("call_cancel", { server, calls: 20, rows: callers });
  assertAllCalls(await pstn.result(), 20);
});

Deno.test("Every tenth message is lost on both sides, and all calls out complete", async () => {
  const losses = { calls: 15, lost: 10, seconds: 60 };
  await using sippNet = await startSippNet("answer", { ...losses, linger: 12_000 });
  const { pstn, server } = sippNet;
  const { retransmissions } = await assertSipp("call", { ...losses, server, rows: callers });
  assert.ok(retransmissions > 0, "nothing was lost");
  assertAllCalls(await pstn.result(), 15);
});
