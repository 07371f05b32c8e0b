// Calls that routr ends: real phones, a provider that challenges the BYE, and the telephone network behind it.

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { fromCaller, header } from "../support/sip_text.ts";
import { registeredBaresip } from "./baresip.ts";
import { startTrunkNet } from "./kamailio/trunk_net.ts";
import { did } from "./kamailio/trunk_routr.ts";
import { assertAllCalls, assertSipp, startSipp } from "./sipp.ts";

const outside = "4930123456";
const tooLong = /^Reason: SIP ?;cause=408;text="The longest time of a call is over"/;

for (const transport of ["udp", "tcp"] as const) {
  Deno.test(`A call out of baresip over ${transport} ends on both sides when its time is over`, async () => {
    await using net = await startTrunkNet({ gateway: { limits: { maxCallSeconds: 2 } } });
    const { provider, routr, pstn } = net;
    await provider.logged(/location: customer7/);
    await using phone = await registeredBaresip({ user: "1001", server: routr.place.port, transport });
    await phone.dial(outside);
    const invite = await pstn.expect("INVITE");
    await pstn.answer(invite, "200 OK");
    await phone.event("CALL_ESTABLISHED");
    await pstn.expect("ACK");
    // The provider has challenged it, and passes it on when it has the credentials.
    const bye = await pstn.expect("BYE");
    assert.match(`Reason: ${header(bye, "Reason")}`, tooLong);
    await pstn.answer(bye, "200 OK");
    await phone.event("CALL_CLOSED");
    await phone.sipLine(tooLong);
    await routr.logged(/ended: too long/);
  });
}

Deno.test("A call in to baresip ends on both sides when its time is over", async () => {
  await using net = await startTrunkNet({ gateway: { limits: { maxCallSeconds: 2 } } });
  const { provider, routr, pstn, place } = net;
  await provider.logged(/location: customer7/);
  await using phone = await registeredBaresip({ user: "1001", server: routr.place.port });
  const sent = await pstn.send(`INVITE sip:${did}@${place.address}:${place.port} SIP/2.0
From: <sip:+4940999888@pstn.test>;tag=1
Contact: <${pstn.contact}>`);
  await phone.event("CALL_INCOMING");
  await pstn.expect("100");
  await pstn.expect("180");
  await phone.accept();
  const ok = await pstn.expect("200");
  await pstn.send(fromCaller("ACK", { invite: sent, ok }));
  const bye = await pstn.expect("BYE");
  assert.match(`Reason: ${header(bye, "Reason")}`, tooLong);
  await pstn.answer(bye, "200 OK");
  await phone.event("CALL_CLOSED");
  await phone.sipLine(tooLong);
});

Deno.test("Four calls of SIPp at once, each of which routr ends; the agent calls again at once", async () => {
  const port = freePort();
  await using net = await startTrunkNet({
    pstnPlace: { address: "127.0.0.1", port },
    spec: { limits: { maxCallSeconds: 2 } },
  });
  const server = net.routr.place.port;
  await using pstn = await startSipp("answer", { calls: 5, server, port });
  await net.provider.logged(/location: customer7/);
  const rows = [{ user: "1001", callee: outside }];
  await assertSipp("call_until_bye", { server, calls: 4, rows });
  await assertSipp("call_until_bye", { server, calls: 1, rows });
  assertAllCalls(await pstn.result(), 5);
});
