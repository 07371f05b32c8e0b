// Kamailio as the provider behind a gateway: it registers us, challenges all we do, and carries calls both ways.

import assert from "node:assert/strict";
import { domain } from "../support/routr_process.ts";
import {
  cancelOf,
  fromCallee,
  fromCaller,
  hasHeader,
  header,
  headers,
  requestUri,
  uriIn,
} from "../support/sip_text.ts";
import { providerAddress, startTrunkNet, type TrunkNet } from "./kamailio/trunk_net.ts";
import { did } from "./kamailio/trunk_routr.ts";
import type { WirePhone } from "./matrix/wire_phone.ts";

const outside = "4930123456";
const registered = /Gateway GW0001 has registered us/;

/** A call from the desk that was answered; messages as the PSTN got them, unless said otherwise. */
interface CallOut {
  /** As the desk sent it. */
  readonly sent: string;
  readonly invite: string;
  /** As the desk got it. */
  readonly ok: string;
  readonly answer: string;
  readonly ack: string;
}

async function ringOut({ desk, pstn }: TrunkNet): Promise<{ sent: string; invite: string }> {
  const sent = await desk.invite(`sip:${outside}@${domain}`);
  const invite = await pstn.expect("INVITE");
  await pstn.answer(invite, "180 Ringing");
  await desk.expect("180");
  return { sent, invite };
}

async function callOut(net: TrunkNet): Promise<CallOut> {
  const { desk, pstn } = net;
  const { sent, invite } = await ringOut(net);
  const answer = await pstn.answer(invite, "200 OK");
  const ok = await desk.expect("200");
  await desk.send(fromCaller("ACK", { invite: sent, ok }));
  return { sent, invite, ok, answer, ack: await pstn.expect("ACK") };
}

function cseqOf(message: string): number {
  return parseInt(header(message, "CSeq"));
}

Deno.test("The provider registers us, and un-registers us when the server ends", async () => {
  await using net = await startTrunkNet();
  await net.routr.logged(registered);
  await net.provider.logged(/location: customer7 .*for 3600 s/);
  assert.match(net.routr.output, /127\.0\.0\.2/);
});

Deno.test("A call out is authenticated by us, carries the number, and is hung up by the phone", async () => {
  await using net = await startTrunkNet();
  const { routr, provider, desk, pstn } = net;
  await routr.logged(registered);
  const { sent, invite, ok, ack } = await callOut(net);

  assert.equal(requestUri(invite), `sip:${outside}@${pstn.sentBy}`);
  assert.deepEqual(headers(invite, "P-Asserted-Identity"), [`<sip:${did}@${providerAddress}>`]);
  assert.match(header(invite, "Remote-Party-ID"), new RegExp(`^<sip:${did}@127\\.0\\.0\\.2>`));
  assert.equal(uriIn(header(invite, "From")), `sip:1001@${providerAddress}`);
  for (const name of ["Proxy-Authorization", "Authorization", "X-Gateway-Ref"]) {
    assert.ok(!hasHeader(invite, name), `${name} in:\n${invite}`);
  }
  assert.equal(cseqOf(ack), cseqOf(invite));
  assert.equal(header(ok, "CSeq"), header(sent, "CSeq"));
  assert.equal(header(ok, "From"), header(sent, "From"));

  await desk.send(fromCaller("BYE", { invite: sent, ok, cseq: cseqOf(sent) + 1 }));
  const bye = await pstn.expect("BYE");
  assert.ok(cseqOf(bye) > cseqOf(invite), bye);
  await pstn.answer(bye, "200 OK");
  assert.equal(header(await desk.expect("200"), "CSeq"), `${cseqOf(sent) + 1} BYE`);

  const nonces = provider.lines.flatMap((line) => /customer: .* nonce (\S+)/.exec(line)?.[1] ?? []);
  assert.equal(nonces.length, 3, "REGISTER, INVITE and BYE with credentials");
  assert.equal(new Set(nonces).size, nonces.length, "every request has a nonce of its own");
});

Deno.test("The telephone network hangs up a call out", async () => {
  await using net = await startTrunkNet();
  const { desk, pstn } = net;
  const { sent, invite, answer } = await callOut(net);
  await pstn.send(fromCallee("BYE", { invite, ok: answer }));
  const bye = await desk.expect("BYE");
  assert.equal(requestUri(bye), desk.contact);
  assert.equal(header(bye, "Call-ID"), header(sent, "Call-ID"));
  await desk.answer(bye, "200 OK");
  await pstn.expect("200");
});

Deno.test("A call out that is cancelled while it rings is cancelled at the telephone network", async () => {
  await using net = await startTrunkNet();
  const { desk, pstn } = net;
  const { sent, invite } = await ringOut(net);
  await desk.sendAsIs(cancelOf(sent));
  await desk.expect("200");
  const cancel = await pstn.expect("CANCEL");
  assert.equal(cseqOf(cancel), cseqOf(invite));
  await pstn.answer(cancel, "200 OK");
  await pstn.answer(invite, "487 Request Terminated");
  await pstn.expect("ACK");
  assert.equal(header(await desk.expect("487"), "CSeq"), header(sent, "CSeq"));
});
