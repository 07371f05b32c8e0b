// Faults of providers: restarts, a dead address, an unknown password.

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { domain } from "../support/routr_process.ts";
import { ackTo, fromCaller, header } from "../support/sip_text.ts";
import { startKnot } from "./dns/knot.ts";
import { providerAddress, providerUser } from "./kamailio/provider.ts";
import { startTrunkNet, type TrunkNet } from "./kamailio/trunk_net.ts";
import { did } from "./kamailio/trunk_routr.ts";

const outside = "4930123456";
const registered = /Gateway GW0001 has registered us/;

/** The zone with `trunk.routr.test`: two servers on ports, of which the second is where the provider is. */
function withServers(zone: string, protocol: "udp" | "tcp", [first, second]: readonly number[]): string {
  return `${zone.replace(" 1 3600", " 2 3600")}
_sip._${protocol}.trunk SRV 10 0 ${first} first.trunk
_sip._${protocol}.trunk SRV 20 0 ${second} second.trunk
first.trunk A 127.0.0.3
second.trunk A ${providerAddress}
`;
}

/** Rings at the telephone network, and is declined there. */
async function callReachesPstn({ desk, pstn }: TrunkNet): Promise<void> {
  const sent = await desk.invite(`sip:${outside}@${domain}`);
  await pstn.answer(await pstn.expect("INVITE"), "603 Decline");
  await pstn.expect("ACK");
  await desk.sendAsIs(ackTo(sent, await desk.expect("603")));
}

Deno.test("A provider that restarts carries calls out at once, and gets our registration anew", async () => {
  await using net = await startTrunkNet({ gateway: { expires: 10 } });
  const { routr, desk, pstn } = net;
  await routr.logged(registered);
  await desk.register();
  await callReachesPstn(net);
  const restarted = await net.restartProvider();
  await callReachesPstn(net);

  await restarted.logged(/location: customer7 .* for 10 s/, 10_000);
  const { address, port } = net.place;
  await pstn.send(`INVITE sip:${did}@${address}:${port} SIP/2.0
From: <sip:+4940999888@pstn.test>;tag=1
Contact: <${pstn.contact}>`);
  await desk.answer(await desk.expect("INVITE"), "486 Busy Here");
  await pstn.expect("100");
  await pstn.expect("486");
});

Deno.test("A call that was up before the provider restarted can be hung up after it", async () => {
  await using net = await startTrunkNet();
  const { routr, desk, pstn } = net;
  await routr.logged(registered);
  const sent = await desk.invite(`sip:${outside}@${domain}`);
  const invite = await pstn.expect("INVITE");
  await pstn.answer(invite, "200 OK");
  const ok = await desk.expect("200");
  await desk.send(fromCaller("ACK", { invite: sent, ok }));
  await pstn.expect("ACK");
  const restarted = await net.restartProvider();
  await desk.send(fromCaller("BYE", { invite: sent, ok, cseq: 10 }));
  await pstn.answer(await pstn.expect("BYE"), "200 OK");
  assert.equal(header(await desk.expect("200"), "CSeq"), "10 BYE");
  await restarted.logged(/customer: BYE/);
});

Deno.test("A call out while the provider is away is answered 503, and no later one suffers", async () => {
  // By UDP nothing would tell that nobody is there.
  await using net = await startTrunkNet({ gateway: { transport: "tcp" } });
  const { routr, provider, desk } = net;
  await routr.logged(registered);
  await provider.stop();
  const sent = await desk.invite(`sip:${outside}@${domain}`);
  await desk.sendAsIs(ackTo(sent, await desk.expect("503")));
  await net.restartProvider();
  await callReachesPstn(net);
});

Deno.test("A provider whose first server is dead is registered with and called by the second", async () => {
  await using knot = await startKnot();
  const dead = freePort();
  await using net = await startTrunkNet({
    gateway: { host: "trunk.routr.test", port: undefined },
    spec: { nameServers: [knot.address] },
    beforeStart: ({ port }) => knot.change("routr.test", (text) => withServers(text, "udp", [dead, port])),
  });
  const { routr, provider, desk, pstn } = net;
  assert.match(await routr.logged(registered), new RegExp(`\\(${providerAddress}:`));
  await provider.logged(/location: customer7/);
  const sent = await desk.invite(`sip:${outside}@${domain}`);
  const invite = await pstn.expect("INVITE");
  assert.equal(header(invite, "P-Asserted-Identity"), `<sip:${did}@trunk.routr.test>`);
  await pstn.answer(invite, "603 Decline");
  await pstn.expect("ACK");
  await desk.sendAsIs(ackTo(sent, await desk.expect("603")));

  await desk.register();
  await pstn.send(`INVITE sip:${did}@${providerAddress}:${net.place.port} SIP/2.0
From: <sip:+4940999888@pstn.test>;tag=1
Contact: <${pstn.contact}>`);
  await desk.answer(await desk.expect("INVITE"), "486 Busy Here");
});

Deno.test("A call finds the second server by itself when the first is dead", async () => {
  await using knot = await startKnot();
  const dead = freePort();
  await using net = await startTrunkNet({
    gateway: { host: "trunk.routr.test", port: undefined, transport: "tcp", sendRegister: false },
    spec: { nameServers: [knot.address] },
    beforeStart: ({ port }) => knot.change("routr.test", (text) => withServers(text, "tcp", [dead, port])),
  });
  await callReachesPstn(net);
  assert.ok(!net.provider.lines.some((line) => line.includes("REGISTER")), "no one has registered");
});

Deno.test("A wrong password of the gateway is our fault: 502 for the phone, and a warning without the password", async () => {
  const wrong = "not-the-password-3Xv";
  await using net = await startTrunkNet({
    gateway: { credentials: { username: providerUser, secret: wrong } },
    spec: { logging: { traceLevel: 32 } },
  });
  const { routr, provider, desk, pstn } = net;
  assert.match(await routr.logged(/Gateway GW0001 has not registered us/), /401|403/);
  const sent = await desk.invite(`sip:${outside}@${domain}`);
  await desk.sendAsIs(ackTo(sent, await desk.expect("502")));
  await routr.logged(/by gateway GW0001 failed: 502 40[17] .*wrong username or password/);
  assert.ok(!routr.output.includes(wrong), "the password is in the log");
  assert.ok(!provider.lines.some((line) => line.includes("customer:")), "nothing was accepted");
  await pstn.expectNothing(200);
});

Deno.test("Our password is for the provider's realm: what others ask for behind it is not answered", async () => {
  await using net = await startTrunkNet();
  const { routr, desk, pstn } = net;
  await routr.logged(registered);
  const sent = await desk.invite(`sip:${outside}@${domain}`);
  const invite = await pstn.expect("INVITE");
  await pstn.answer(invite, "407 Proxy Authentication Required", {
    lines: 'Proxy-Authenticate: Digest realm="evil.test", nonce="1", qop="auth"',
  });
  await pstn.expect("ACK");
  await desk.sendAsIs(ackTo(sent, await desk.expect("502")));
  await routr.logged(/by gateway GW0001 failed: 502 407 .*realm "evil\.test" is not one of its own/);
  await pstn.expectNothing(200);
});
