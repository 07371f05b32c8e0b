// Calls to `sips:` stay on TLS (RFC 3261 §26.2.2, RFC 5630).

import { domain } from "../../support/routr_process.ts";
import { ackTo, fromCaller, requestUri } from "../../support/sip_text.ts";
import { establish, hangUp } from "./calls.ts";
import { startTransportRoutr } from "./transport_routr.ts";
import type { Protocol, Way } from "./way.ts";
import { WirePhone } from "./wire_phone.ts";

const by = (protocol: Protocol): Way => ({ protocol, address: "127.0.0.1" });
const bobSecure = `sips:bob@${domain}`;
const agents = ["alice", "bob"];
const bindAddresses = ["127.0.0.1"];

Deno.test("sips: reaches the bindings over TLS and secure WebSocket, and none of the others", async () => {
  await using routr = await startTransportRoutr({ agents, bindAddresses });
  await using phones = new AsyncDisposableStack();
  const connect = async (user: string, protocol: Protocol, isSecure: boolean) =>
    phones.use(await WirePhone.connect(routr, { user, way: by(protocol), isSecure }));
  const secure = [await connect("bob", "tls", true), await connect("bob", "wss", true)];
  const open = [
    await connect("bob", "udp", false),
    await connect("bob", "tcp", false),
    await connect("bob", "ws", false),
  ];
  for (const phone of [...secure, ...open]) await phone.register();
  const alice = await connect("alice", "tls", true);

  const sent = await alice.invite(bobSecure);
  const [onTls, onWss] = secure;
  const invite = await onTls.expect("INVITE");
  const forked = await onWss.expect("INVITE");
  await onWss.answer(forked, "180 Ringing");
  await alice.expect("180");
  await onTls.answer(invite, "603 Decline");
  await onTls.expect("ACK");
  await onWss.answer(await onWss.expect("CANCEL"), "200 OK");
  await onWss.answer(forked, "487 Request Terminated");
  await onWss.expect("ACK");
  await alice.sendAsIs(ackTo(sent, await alice.expect("603")));
  for (const phone of open) await phone.expectNothing(100);
});

for (const protocol of ["tls", "wss"] as const) {
  for (const other of ["tls", "wss"] as const) {
    Deno.test(`sips: from ${protocol} to ${other}, ended by either`, async () => {
      await using routr = await startTransportRoutr({ agents, bindAddresses });
      await using bob = await WirePhone.connect(routr, { user: "bob", way: by(other), isSecure: true });
      await using alice = await WirePhone.connect(routr, {
        user: "alice",
        way: by(protocol),
        isSecure: true,
      });
      await bob.register();
      await hangUp(await establish(alice, bob, bobSecure), "caller");
      await hangUp(await establish(alice, bob, bobSecure), "callee");
    });
  }
}

Deno.test("sips: a user with registrations by unsecured transports only is 480", async () => {
  await using routr = await startTransportRoutr({ agents, bindAddresses });
  await using phones = new AsyncDisposableStack();
  const open: WirePhone[] = [];
  for (const protocol of ["udp", "tcp", "ws"] as const) {
    const phone = phones.use(await WirePhone.connect(routr, { user: "bob", way: by(protocol) }));
    await phone.register();
    open.push(phone);
  }
  const alice = phones.use(
    await WirePhone.connect(routr, { user: "alice", way: by("tls"), isSecure: true }),
  );
  const sent = await alice.sendAuthenticated(`INVITE ${bobSecure} SIP/2.0\nContact: <${alice.contact}>`);
  await alice.sendAsIs(ackTo(sent, await alice.expect("480")));
  for (const phone of open) await phone.expectNothing(100);
});

Deno.test("sips: a user with a sip: Contact is 480, over TLS too (RFC 5630 §5.3)", async () => {
  await using routr = await startTransportRoutr({ agents, bindAddresses });
  await using bob = await WirePhone.connect(routr, { user: "bob", way: by("tls") });
  await using alice = await WirePhone.connect(routr, { user: "alice", way: by("tls"), isSecure: true });
  await bob.register();
  const sent = await alice.sendAuthenticated(`INVITE ${bobSecure} SIP/2.0\nContact: <${alice.contact}>`);
  await alice.sendAsIs(ackTo(sent, await alice.expect("480")));
  await bob.expectNothing(100);
});

for (const protocol of ["udp", "tcp", "ws"] as const) {
  Deno.test(`sips: a caller over ${protocol} is refused`, async () => {
    await using routr = await startTransportRoutr({ agents, bindAddresses });
    await using bob = await WirePhone.connect(routr, { user: "bob", way: by("tls"), isSecure: true });
    await using alice = await WirePhone.connect(routr, { user: "alice", way: by(protocol) });
    await bob.register();
    await alice.send(`INVITE ${bobSecure} SIP/2.0\nContact: <${alice.contact}>`);
    await alice.expect("403");
    await bob.expectNothing(100);
  });

  Deno.test(`sip: a caller over ${protocol} calls somebody who registered a sips: Contact`, async () => {
    await using routr = await startTransportRoutr({ agents, bindAddresses });
    await using bob = await WirePhone.connect(routr, { user: "bob", way: by("tls"), isSecure: true });
    await using alice = await WirePhone.connect(routr, { user: "alice", way: by(protocol) });
    await bob.register();
    const sent = await alice.invite(`sip:bob@${domain}`);
    const invite = await bob.expect("INVITE");
    // It has bound the corresponding sip: Contact, too (RFC 5630 §5.1.1.1), and answers with the scheme it is called by.
    const scheme = requestUri(invite).split(":")[0];
    const contact = bob.contact.replace(/^sips/, scheme);
    await bob.answer(invite, "200 OK", { lines: `Contact: <${contact}>` });
    const ok = await alice.expect("200");
    await alice.send(fromCaller("ACK", { invite: sent, ok }));
    await bob.expect("ACK");
    await alice.send(fromCaller("BYE", { invite: sent, ok, cseq: 9 }));
    await bob.answer(await bob.expect("BYE"), "200 OK");
    await alice.expect("200");
  });
}
