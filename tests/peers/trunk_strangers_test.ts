// Attempts to call at the operator's expense: unauthenticated callers never reach the trunk, even from a provider's address.

import assert from "node:assert/strict";
import { domain } from "../support/routr_process.ts";
import { ackTo, cancelOf, fromCaller, header, headers, methodOf } from "../support/sip_text.ts";
import { phoneAt } from "./kamailio/loopback_phone.ts";
import { providerAddress, providerUser } from "./kamailio/provider.ts";
import { startTrunkNet, type TrunkNet } from "./kamailio/trunk_net.ts";
import type { WirePhone } from "./matrix/wire_phone.ts";

const outside = "4930123456";
const registered = /Gateway GW0001 has registered us/;

/** Neither the provider nor the telephone network has heard of a call; yet the way is open for an agent. */
async function assertUntouched(net: TrunkNet): Promise<void> {
  const { provider, desk, pstn } = net;
  await pstn.expectNothing(200);
  const heard = provider.lines.filter((line) => /(customer|challenge): (?!REGISTER)/.test(line));
  assert.deepEqual(heard, []);
  const sent = await desk.invite(`sip:${outside}@${domain}`);
  await pstn.answer(await pstn.expect("INVITE"), "603 Decline");
  await pstn.expect("ACK");
  await desk.sendAsIs(ackTo(sent, await desk.expect("603")));
}

Deno.test("An unauthenticated caller never reaches the trunk, whatever its From and its target", async () => {
  await using net = await startTrunkNet();
  const { routr, place } = net;
  await routr.logged(registered);
  await using stranger = phoneAt("127.0.0.9", routr.place, "1001");
  const { address, port } = routr.place;
  const asAgent = `<sip:1001@${domain}>`;
  const asNobody = "<sip:evil@elsewhere.test>";
  const asProvider = `<sip:${outside}@${providerAddress}>`;
  const asCustomer = `<sip:${providerUser}@${providerAddress}>`;
  const asAnonymous = "<sip:anonymous@anonymous.invalid>";
  const targets = [
    `sip:${outside}@${domain}`,
    `sip:${outside}@${address}:${port}`,
    `sip:${outside}@${place.address}:${place.port}`,
    `tel:+${outside}`,
  ];
  for (const from of [asAgent, asNobody, asProvider, asCustomer, asAnonymous]) {
    for (const target of targets) {
      const status = await ask(stranger, target, from);
      const wanted = from === asAgent ? ["407"] : from === asNobody ? ["403"] : ["403", "407"];
      assert.ok(wanted.includes(status), `${from} to ${target}: ${status}`);
    }
  }
  // By Route, straight to the provider.
  const route = `Route: <sip:${address}:${port};lr>, <sip:${place.address}:${place.port};lr>`;
  assert.equal(await ask(stranger, targets[2], asNobody, { lines: [route] }), "403");
  assert.equal(await ask(stranger, targets[0], asAgent, { lines: [route] }), "407");
  for (const method of ["MESSAGE", "REFER", "SUBSCRIBE", "OPTIONS"]) {
    assert.equal(await ask(stranger, targets[0], asNobody, { method }), "403", method);
  }

  await assertUntouched(net);
});

Deno.test("From the provider's address there is no way back to the telephone network, nor as one of us", async () => {
  await using net = await startTrunkNet();
  const { routr } = net;
  await routr.logged(registered);
  await using neighbour = phoneAt(providerAddress, routr.place, "neighbour");
  const foreign = "<sip:+4940999888@pstn.test>";
  assert.equal(await ask(neighbour, `sip:${outside}@${domain}`, foreign), "404");
  assert.equal(await ask(neighbour, `sip:${outside}@${providerAddress}`, foreign), "404");
  assert.equal(await ask(neighbour, `sip:${outside}@${domain}`, `<sip:1001@${domain}>`), "407");
  await assertUntouched(net);
});

Deno.test("A tag in To, or the Route of another's call, gives no access to a dialog", async () => {
  await using net = await startTrunkNet();
  const { routr, desk, pstn, place } = net;
  await routr.logged(registered);
  const sent = await desk.invite(`sip:${outside}@${domain}`);
  const invite = await pstn.expect("INVITE");
  await pstn.answer(invite, "200 OK");
  const ok = await desk.expect("200");
  await desk.send(fromCaller("ACK", { invite: sent, ok }));
  await pstn.expect("ACK");

  await using stranger = phoneAt("127.0.0.9", routr.place, "1001");
  const [own] = headers(ok, "Record-Route").slice(-1);
  const target = `sip:${outside}@${place.address}:${place.port}`;
  const from = `<sip:1001@${domain}>`;
  const lines = [`To: <sip:${outside}@${domain}>;tag=1`];
  for (const more of [[], [`Route: ${own}`], [`Route: ${own}, <sip:${place.address}:${place.port};lr>`]]) {
    const status = await ask(stranger, target, from, { lines: [...lines, ...more] });
    assert.match(status, /^4/, more.join());
  }
  // What a stranger cannot guess is the branch of the INVITE.
  await stranger.sendAsIs(cancelOf(sent).replace(/(;branch=)[^;\s]*/, "$1z9hG4bKguessed"));
  await stranger.expect("481");
  await pstn.expectNothing(200);
  await desk.send(fromCaller("BYE", { invite: sent, ok, cseq: 10 }));
  await pstn.answer(await pstn.expect("BYE"), "200 OK");
  assert.equal(header(await desk.expect("200"), "CSeq"), "10 BYE");
});

/** Sends a request as somebody, and returns the status of its answer. */
async function ask(
  phone: WirePhone,
  target: string,
  from: string,
  { method = "INVITE", lines = [] }: { readonly method?: string; readonly lines?: readonly string[] } = {},
): Promise<string> {
  const head = [
    `${method} ${target} SIP/2.0`,
    `From: ${from};tag=${crypto.randomUUID()}`,
    `Contact: <${phone.contact}>`,
    ...lines,
  ];
  const sent = await phone.send(head.join("\n"));
  const response = await phone.expect("");
  if (methodOf(sent) === "INVITE") await phone.sendAsIs(ackTo(sent, response));
  return response.split(" ")[1];
}
