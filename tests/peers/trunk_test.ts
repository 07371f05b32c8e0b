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
import { providerAddress } from "./kamailio/provider.ts";
import { startTrunkNet, type TrunkNet } from "./kamailio/trunk_net.ts";
import { did } from "./kamailio/trunk_routr.ts";

const outside = "4930123456";
const caller = "sip:+4940999888@pstn.test";
const registered = /Gateway GW0001 has registered us/;

/** A call from the desk that was answered; messages as the PSTN got them, unless said otherwise. */
interface CallOut {
  /** The INVITE as the desk sent it. */
  readonly sent: string;
  readonly invite: string;
  /** The 200 as the desk got it. */
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

/** An INVITE for our number; the provider finds us by its location, and leaves the number in `place`. */
function callIn({ pstn, place: { address, port } }: TrunkNet, place: "To" | "Request-URI"): string {
  return `INVITE sip:${did}@${address}:${port} SIP/2.0
From: <${caller}>;tag=${crypto.randomUUID()}
Contact: <${pstn.contact}>
X-Number-In: ${place}`;
}

function cseqOf(message: string): number {
  return parseInt(header(message, "CSeq"));
}

Deno.test("The provider registers us, and un-registers us when the server ends", async () => {
  await using net = await startTrunkNet();
  const { routr, provider } = net;
  await routr.logged(registered);
  const { address, port } = routr.place;
  const contact = `<sip:customer7@${address}:${port}>`;
  assert.equal(
    (await provider.logged(/location: .* for 3600 s$/)).split("location: ")[1],
    `customer7 ${contact} for 3600 s`,
  );
  assert.match(routr.output, /has registered us at 127\.0\.0\.2 /);
  await routr[Symbol.asyncDispose]();
  await provider.logged(/location: customer7 .* for 0 s$/);
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

Deno.test("A provider that challenges with SHA-256 registers us and takes our calls", async () => {
  await using net = await startTrunkNet({ algorithm: "SHA-256" });
  await net.routr.logged(registered);
  await callOut(net);
  for (const method of ["REGISTER", "INVITE"]) {
    await net.provider.logged(new RegExp(`customer: ${method} .* algorithm SHA-256`));
  }
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

Deno.test("A re-INVITE of the phone is challenged, and numbers go on rising on the provider's side", async () => {
  await using net = await startTrunkNet();
  const { desk, pstn } = net;
  const { sent, invite, ok, answer } = await callOut(net);
  const again = await desk.send(`${fromCaller("INVITE", { invite: sent, ok, cseq: cseqOf(sent) + 1 })}
Contact: <${desk.contact}>`);
  await desk.expect("100");
  const repeated = await pstn.expect("INVITE");
  assert.ok(cseqOf(repeated) > cseqOf(invite) + 1, "it was challenged");
  assert.equal(header(repeated, "From"), header(invite, "From"));
  assert.ok(!hasHeader(repeated, "Proxy-Authorization"), repeated);
  await pstn.answer(repeated, "200 OK");
  const okAgain = await desk.expect("200");
  assert.equal(header(okAgain, "CSeq"), header(again, "CSeq"));
  await desk.send(fromCaller("ACK", { invite: again, ok }));
  const ack = await pstn.expect("ACK");
  assert.equal(cseqOf(ack), cseqOf(repeated));

  // The other side asks for something, too, and its numbers are its own.
  const info = await pstn.send(fromCallee("INFO", { invite, ok: answer, cseq: 5 }));
  const received = await desk.expect("INFO");
  assert.equal(header(received, "CSeq"), "5 INFO");
  await desk.answer(received, "200 OK");
  assert.equal(header(await pstn.expect("200"), "CSeq"), header(info, "CSeq"));

  await desk.send(fromCaller("BYE", { invite: sent, ok, cseq: cseqOf(sent) + 2 }));
  const bye = await pstn.expect("BYE");
  assert.ok(cseqOf(bye) > cseqOf(repeated), bye);
  await pstn.answer(bye, "200 OK");
  assert.equal(header(await desk.expect("200"), "CSeq"), `${cseqOf(sent) + 2} BYE`);
});

for (const place of ["To", "Request-URI"] as const) {
  Deno.test(`A call in with the number in ${place} rings the agent of the number, and each side hangs up`, async () => {
    await using net = await startTrunkNet();
    const { routr, provider, desk, pstn } = net;
    await provider.logged(/location: customer7/);
    await routr.logged(registered);
    await desk.register();
    for (const side of ["caller", "callee"] as const) {
      const sent = await pstn.send(callIn(net, place));
      const invite = await desk.expect("INVITE");
      assert.equal(requestUri(invite), desk.contact);
      assert.equal(uriIn(header(invite, "From")), caller);
      await pstn.expect("100");
      await desk.answer(invite, "180 Ringing");
      await pstn.expect("180");
      const answer = await desk.answer(invite, "200 OK");
      const ok = await pstn.expect("200");
      await pstn.send(fromCaller("ACK", { invite: sent, ok }));
      await desk.expect("ACK");
      // The provider challenges the BYE of the phone, which never learns of that.
      const [from, to] = side === "caller" ? [pstn, desk] : [desk, pstn];
      await from.send(
        side === "caller"
          ? fromCaller("BYE", { invite: sent, ok, cseq: cseqOf(sent) + 1 })
          : fromCallee("BYE", { invite, ok: answer, cseq: 1 }),
      );
      await to.answer(await to.expect("BYE"), "200 OK");
      await from.expect("200");
    }
  });
}

Deno.test("A call in that the caller gives up stops ringing", async () => {
  await using net = await startTrunkNet();
  const { provider, desk, pstn } = net;
  await provider.logged(/location: customer7/);
  await desk.register();
  const sent = await pstn.send(callIn(net, "To"));
  const invite = await desk.expect("INVITE");
  await pstn.expect("100");
  await desk.answer(invite, "180 Ringing");
  await pstn.expect("180");
  await pstn.sendAsIs(cancelOf(sent));
  await pstn.expect("200");
  await desk.answer(await desk.expect("CANCEL"), "200 OK");
  await desk.answer(invite, "487 Request Terminated");
  await desk.expect("ACK");
  await pstn.expect("487");
});

Deno.test("A call in for an agent that is not registered is answered 480", async () => {
  await using net = await startTrunkNet();
  const { provider, pstn } = net;
  await provider.logged(/location: customer7/);
  await pstn.send(callIn(net, "To"));
  await pstn.expect("100");
  await pstn.expect("480");
});

Deno.test("A reliable provisional response is acknowledged by the number that the provider knows", async () => {
  await using net = await startTrunkNet();
  const { desk, pstn } = net;
  const sent = await desk.sendAuthenticated(`INVITE sip:${outside}@${domain} SIP/2.0
Contact: <${desk.contact}>
Supported: 100rel`);
  await desk.expect("100");
  const invite = await pstn.expect("INVITE");
  await pstn.answer(invite, "183 Session Progress", {
    lines: `Contact: <${pstn.contact}>\nRequire: 100rel\nRSeq: 7`,
  });
  const progress = await desk.expect("183");
  await desk.send(`${fromCaller("PRACK", { invite: sent, ok: progress, cseq: cseqOf(sent) + 1 })}
RAck: 7 ${cseqOf(sent)} INVITE`);
  const prack = await pstn.expect("PRACK");
  assert.equal(header(prack, "RAck"), `7 ${cseqOf(invite)} INVITE`);
  assert.ok(cseqOf(prack) > cseqOf(invite), prack);
  await pstn.answer(prack, "200 OK");
  assert.equal(header(await desk.expect("200"), "CSeq"), `${cseqOf(sent) + 1} PRACK`);

  // The PRACK was challenged in the meantime; the ACK keeps the number of the INVITE.
  await pstn.answer(invite, "200 OK");
  const ok = await desk.expect("200");
  assert.equal(header(ok, "CSeq"), header(sent, "CSeq"));
  await desk.send(fromCaller("ACK", { invite: sent, ok }));
  assert.equal(cseqOf(await pstn.expect("ACK")), cseqOf(invite));
  await desk.send(fromCaller("BYE", { invite: sent, ok, cseq: cseqOf(sent) + 2 }));
  const bye = await pstn.expect("BYE");
  assert.ok(cseqOf(bye) > cseqOf(prack), bye);
  await pstn.answer(bye, "200 OK");
  await desk.expect("200");
});

Deno.test("A MESSAGE goes out as a call does", async () => {
  await using net = await startTrunkNet();
  const { desk, pstn } = net;
  const sent = await desk.sendAuthenticated(`MESSAGE sip:${outside}@${domain} SIP/2.0
Content-Type: text/plain

Hello`);
  const message = await pstn.expect("MESSAGE");
  assert.ok(message.endsWith("\r\n\r\nHello"), message);
  assert.deepEqual(headers(message, "P-Asserted-Identity"), [`<sip:${did}@${providerAddress}>`]);
  await pstn.answer(message, "200 OK");
  assert.equal(header(await desk.expect("200"), "CSeq"), header(sent, "CSeq"));
});

Deno.test("Over TCP, calls go out and come in", async () => {
  await using net = await startTrunkNet({ gateway: { transport: "tcp" } });
  const { routr, provider, desk, pstn } = net;
  await provider.logged(/location: customer7 <.*;transport=tcp>/);
  await routr.logged(registered);
  await desk.register();
  const { sent, ok } = await callOut(net);
  await desk.send(fromCaller("BYE", { invite: sent, ok, cseq: cseqOf(sent) + 1 }));
  await pstn.answer(await pstn.expect("BYE"), "200 OK");
  await desk.expect("200");

  const incoming = await pstn.send(callIn(net, "To"));
  const invite = await desk.expect("INVITE");
  await pstn.expect("100");
  const answer = await desk.answer(invite, "200 OK");
  const accepted = await pstn.expect("200");
  await pstn.send(fromCaller("ACK", { invite: incoming, ok: accepted }));
  await desk.expect("ACK");
  await desk.send(fromCallee("BYE", { invite, ok: answer }));
  await pstn.answer(await pstn.expect("BYE"), "200 OK");
  await desk.expect("200");
});
