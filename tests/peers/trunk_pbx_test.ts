// Kamailio as a PBX that is a peer: it is rung by a number, and calls agents and numbers for those it speaks for.

import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { domain } from "../support/routr_process.ts";
import { fromCaller, hasHeader, header, headers, requestUri, uriIn } from "../support/sip_text.ts";
import type { Kamailio } from "./kamailio/kamailio.ts";
import { phoneAt } from "./kamailio/loopback_phone.ts";
import { pbx, pbxAddress, startPbx } from "./kamailio/pbx.ts";
import { providerAddress } from "./kamailio/provider.ts";
import { startTrunkNet, type TrunkNet } from "./kamailio/trunk_net.ts";
import { did } from "./kamailio/trunk_routr.ts";
import type { WirePhone } from "./matrix/wire_phone.ts";

const outside = "4930123456";

/** A net with a PBX that has registered, and the phone behind it. */
interface PbxNet extends AsyncDisposable {
  readonly net: TrunkNet;
  readonly extension: WirePhone;
}

async function startPbxNet(
  peer: Readonly<Record<string, unknown>> = { device: pbx.device },
): Promise<PbxNet> {
  await using resources = new AsyncDisposableStack();
  const credentials = { username: pbx.username, secret: pbx.secret };
  const net = resources.use(
    await startTrunkNet({ aorLink: `sip:${pbx.username}@${pbx.device}`, peers: [{ credentials, ...peer }] }),
  );
  const place = { address: pbxAddress, port: freePort() };
  const extension = resources.use(phoneAt(pbxAddress, place, "900"));
  resources.use<Kamailio>(await startPbx({ place, server: net.routr.place, phone: extension.local }));
  await net.provider.logged(/location: customer7/);
  await net.routr.logged(new RegExp(`sip:ast@${peer.device ?? pbxAddress} registered`));
  await net.desk.register();
  const owned = resources.move();
  return { net, extension, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Rings, is answered and hung up by the caller; returns the INVITE as it was sent, and as it came. */
async function call(
  from: WirePhone,
  to: WirePhone,
  text: string,
): Promise<{ sent: string; invite: string }> {
  const sent = await from.send(text);
  const invite = await to.expect("INVITE");
  await from.expect("100");
  await to.answer(invite, "180 Ringing");
  await from.expect("180");
  await to.answer(invite, "200 OK");
  const ok = await from.expect("200");
  await from.send(fromCaller("ACK", { invite: sent, ok }));
  await to.expect("ACK");
  await from.send(fromCaller("BYE", { invite: sent, ok, cseq: 100 }));
  await to.answer(await to.expect("BYE"), "200 OK");
  await from.expect("200");
  return { sent, invite };
}

Deno.test("A number rings the PBX that is its aorLink, at its device", async () => {
  await using pbxNet = await startPbxNet();
  const { net, extension } = pbxNet;
  const { place, pstn } = net;
  const { invite } = await call(
    pstn,
    extension,
    `INVITE sip:${did}@${place.address}:${place.port} SIP/2.0
From: <sip:+4940999888@pstn.test>;tag=1
Contact: <${pstn.contact}>`,
  );
  assert.equal(uriIn(header(invite, "From")), "sip:+4940999888@pstn.test");
});

Deno.test("A PBX calls an agent on behalf of another, by its own credentials", async () => {
  await using pbxNet = await startPbxNet();
  const { net: { desk }, extension } = pbxNet;
  const { invite } = await call(
    extension,
    desk,
    `INVITE sip:1001@${domain} SIP/2.0
From: <sip:1002@${domain}>;tag=1
Contact: <${extension.contact}>`,
  );
  assert.equal(requestUri(invite), desk.contact);
  assert.equal(uriIn(header(invite, "From")), `sip:1002@${domain}`);
  assert.ok(!hasHeader(invite, "Proxy-Authorization"), invite);
});

Deno.test("A PBX calls out by the policy of the domain that it speaks for", async () => {
  await using pbxNet = await startPbxNet();
  const { net: { pstn }, extension } = pbxNet;
  const { invite } = await call(
    extension,
    pstn,
    `INVITE sip:${outside}@${domain} SIP/2.0
From: <sip:1002@${domain}>;tag=1
Contact: <${extension.contact}>`,
  );
  assert.deepEqual(headers(invite, "P-Asserted-Identity"), [`<sip:${did}@${providerAddress}>`]);
  assert.equal(uriIn(header(invite, "From")), `sip:1002@${providerAddress}`);
  assert.ok(!hasHeader(invite, "Proxy-Authorization"), invite);
});

for (const device of [pbx.device, undefined]) {
  const host = device ?? pbxAddress;
  Deno.test(`An agent calls the PBX by ${device ? "its device" : "its address when it has no device"}`, async () => {
    await using pbxNet = await startPbxNet({ device });
    const { net: { desk }, extension } = pbxNet;
    await desk.invite(`sip:ast@${host}`);
    const invite = await extension.expect("INVITE");
    assert.equal(uriIn(header(invite, "From")), `sip:1001@${domain}`);
    await extension.answer(invite, "486 Busy Here");
    await extension.expect("ACK");
    await desk.expect("486");
  });
}

Deno.test("An agent calls the PBX at its contactAddr", async () => {
  const elsewhere = freePort();
  await using pbxNet = await startPbxNet({ device: pbx.device, contactAddr: `${pbxAddress}:${elsewhere}` });
  const { net: { routr, desk } } = pbxNet;
  const socket = Deno.listenDatagram({ transport: "udp", hostname: pbxAddress, port: elsewhere });
  try {
    await desk.invite(`sip:ast@astserver`);
    const [bytes] = await socket.receive();
    const invite = new TextDecoder("latin1").decode(bytes);
    assert.match(invite, new RegExp(`^INVITE sip:[^@ ]+@127\\.0\\.0\\.4:${elsewhere}[; ]`));
    assert.match(invite, new RegExp(`^Via: SIP/2\\.0/UDP 127\\.0\\.0\\.1:${routr.place.port};`, "m"));
  } finally {
    socket.close();
  }
});
