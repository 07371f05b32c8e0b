// Kamailio as a trunk over TLS that is known by its client certificate: registers, calls and is called.

import assert from "node:assert/strict";
import type { Endpoint } from "../contract/transport_peers.ts";
import { freePort } from "../support/ports.ts";
import { domain } from "../support/routr_process.ts";
import { fromCallee, fromCaller, headers } from "../support/sip_text.ts";
import { type KamailioTrunk, startKamailioTrunk } from "./kamailio/kamailio_trunk.ts";
import { startTransportRoutr, type TransportRoutr } from "./matrix/transport_routr.ts";
import type { Protocol, Way } from "./matrix/way.ts";
import { WirePhone } from "./matrix/wire_phone.ts";

const by = (protocol: Protocol): Way => ({ protocol, address: "127.0.0.1" });
const trunkUser = "trunk";

/** A server that asks clients for certificates, a trunk, a phone of the server and one behind the trunk. */
interface TrunkNet extends AsyncDisposable {
  readonly routr: TransportRoutr;
  readonly trunk: KamailioTrunk;
  readonly desk: WirePhone;
  readonly far: WirePhone;
}

async function trunkNet(isKnownByCertificate: boolean): Promise<TrunkNet> {
  await using resources = new AsyncDisposableStack();
  const routr = resources.use(
    await startTransportRoutr({
      agents: ["1001", trunkUser],
      bindAddresses: ["127.0.0.1"],
      securityContext: { client: { authType: "Enabled" }, debugging: true },
      spec: "  recordRoute: true\n",
    }),
  );
  const { certificates, identity } = routr;
  const udp: Endpoint = { address: "127.0.0.1", port: freePort() };
  const desk = resources.use(await WirePhone.connect(routr, { user: "1001", way: by("udp") }));
  // It sends From of the trunk: that is who the trunk speaks for at the server.
  const far = resources.use(
    await WirePhone.connect({ identity, endpointOf: () => udp }, { user: trunkUser, way: by("udp") }),
  );
  const trunk = resources.use(
    await startKamailioTrunk({
      server: routr.endpointOf(by("tls")),
      user: trunkUser,
      authority: certificates.root,
      certificate: certificates.issue({
        name: "trunk.test",
        dnsNames: ["trunk.test"],
        ipAddresses: ["127.0.0.1"],
        clientAuth: true,
      }),
      isKnownByCertificate,
      phone: far.local,
      udpPort: udp.port,
    }),
  );
  const owned = resources.move();
  return { routr, trunk, desk, far, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

Deno.test("Kamailio as TLS trunk with a client certificate registers, calls and is called by one connection", async () => {
  await using net = await trunkNet(true);
  const { routr, desk, far } = net;
  await desk.register();
  await routr.logged(/sip:trunk@sip\.local registered/);

  await callAndHangUp(desk, far, trunkUser);
  await callAndHangUp(far, desk, "1001");
  const handshakes = routr.output.split("\n").filter((line) => /tls: (Accepted|Connected)/.test(line));
  assert.equal(handshakes.length, 1, handshakes.join("\n"));
  assert.match(handshakes[0], /certificate CN=trunk\.test/);
});

Deno.test("Kamailio as TLS trunk without client certificate is refused", async () => {
  await using net = await trunkNet(false);
  assert.match(await net.routr.logged(/tls: Refused/), /it shows no certificate/);
  assert.doesNotMatch(net.routr.output, /sip:trunk@sip\.local registered/);
});

/** Rings, is answered, and first the callee, in a second call the caller hangs up. */
async function callAndHangUp(caller: WirePhone, callee: WirePhone, user: string): Promise<void> {
  for (const side of ["callee", "caller"] as const) {
    const uri = `sip:${user}@${domain}`;
    const isTrunk = caller.username === trunkUser;
    // The trunk answers challenges in place of its phone.
    const text = `INVITE ${uri} SIP/2.0\nContact: <${caller.contact}>`;
    const sent = isTrunk ? await caller.send(text) : await caller.sendAuthenticated(text);
    await caller.expect("100");
    const invite = await callee.expect("INVITE");
    await callee.answer(invite, "180 Ringing");
    await caller.expect("180");
    await callee.answer(invite, "200 OK");
    const ok = await caller.expect("200");
    assert.equal(headers(ok, "Record-Route").length, 4, ok);
    const call = { invite, ok };
    await caller.send(fromCaller("ACK", { invite: sent, ok }));
    await callee.expect("ACK");
    const [from, to] = side === "caller" ? [caller, callee] : [callee, caller];
    await from.send(side === "caller" ? fromCaller("BYE", { ...call, cseq: 100 }) : fromCallee("BYE", call));
    await to.answer(await to.expect("BYE"), "200 OK");
    await from.expect("200");
  }
}
