// Calls after one of their connections is lost.

import assert from "node:assert/strict";
import type { Peer, PeerListener } from "../../contract/transport_peers.ts";
import { domain } from "../../support/routr_process.ts";
import { ackTo, cancelOf, fromCallee, fromCaller, headers } from "../../support/sip_text.ts";
import { establish } from "./calls.ts";
import { SilentNameServer } from "./silent_name_server.ts";
import { startTransportRoutr, type TransportRoutr } from "./transport_routr.ts";
import { isWebSocket, type Protocol, protocols, socketsOf, type Way } from "./way.ts";
import { WirePhone } from "./wire_phone.ts";

/** Milliseconds that "at once" may take; transactions give up after 32,000. */
const atOnce = 1_500;
const connections = protocols.filter((protocol) => protocol !== "udp");
/** One for each step, whom no earlier step has left a binding. */
const callees = Array.from({ length: 50 }, (_, index) => `bob-${index}`);
const by = (protocol: Protocol): Way => ({ protocol, address: "127.0.0.1" });

Deno.test("A connection that is lost", async (t) => {
  await using nameServer = new SilentNameServer();
  await using routr = await startTransportRoutr({
    agents: ["alice", ...callees],
    bindAddresses: ["127.0.0.1"],
    spec: `  recordRoute: true\n  nameServers: ['127.0.0.1:${nameServer.port}']\n`,
  });
  const unused = [...callees];
  const phone = (user: string, protocol: Protocol, sentBy?: string) =>
    WirePhone.connect(routr, { user, way: by(protocol), sentBy });
  const alicePhone = (protocol: Protocol, sentBy?: string) => phone("alice", protocol, sentBy);
  const bobPhone = (protocol: Protocol) => phone(unused.shift()!, protocol);

  for (const protocol of connections) {
    await t.step(`${protocol}: the callee's, before the call: 480`, async () => {
      await using alice = await alicePhone("udp");
      await using bob = await bobPhone(protocol);
      await bob.register();
      bob.close();
      await settled();
      const invite = await alice.sendAuthenticated(`INVITE ${addressOf(bob)} SIP/2.0`);
      await alice.sendAsIs(ackTo(invite, await alice.expect("480", atOnce)));
    });

    await t.step(`${protocol}: the callee's, while it rings: a final answer at once`, async () => {
      await using alice = await alicePhone("udp");
      await using bob = await bobPhone(protocol);
      await bob.register();
      const invite = await alice.invite(addressOf(bob));
      await bob.answer(await bob.expect("INVITE"), "180 Ringing");
      await alice.expect("180");
      bob.close();
      await alice.sendAsIs(ackTo(invite, await expectFailure(alice)));
    });

    await t.step(
      `${protocol}: the callee's, before it answers anything: a final answer at once`,
      async () => {
        await using alice = await alicePhone("udp");
        await using bob = await bobPhone(protocol);
        await bob.register();
        const invite = await alice.invite(addressOf(bob));
        await bob.expect("INVITE");
        bob.close();
        await alice.sendAsIs(ackTo(invite, await expectFailure(alice)));
      },
    );

    await t.step(
      `${protocol}: the callee's, while another device rings: that one can still answer`,
      async () => {
        await using alice = await alicePhone("udp");
        await using desk = await bobPhone("udp");
        await using bob = await phone(desk.username, protocol);
        await desk.register();
        await bob.register();
        await alice.invite(addressOf(bob));
        const invite = await desk.expect("INVITE");
        await bob.answer(await bob.expect("INVITE"), "180 Ringing");
        await alice.expect("180");
        bob.close();
        await settled();
        await desk.answer(invite, "200 OK");
        await alice.expect("200", atOnce);
      },
    );

    await t.step(`${protocol}: the callee's, after the CANCEL: 487 at once`, async () => {
      await using alice = await alicePhone("udp");
      await using bob = await bobPhone(protocol);
      await bob.register();
      const invite = await alice.invite(addressOf(bob));
      await bob.answer(await bob.expect("INVITE"), "180 Ringing");
      await alice.expect("180");
      await alice.sendAsIs(cancelOf(invite));
      await alice.expect("200");
      await bob.expect("CANCEL");
      bob.close();
      await alice.sendAsIs(ackTo(invite, await alice.expect("487", atOnce)));
    });

    await t.step(`${protocol}: the caller's, within the call: the callee's BYE fails at once`, async () => {
      await using alice = await alicePhone(protocol);
      await using bob = await bobPhone("udp");
      await bob.register();
      const call = await establish(alice, bob);
      alice.close();
      await settled();
      await bob.send(fromCallee("BYE", call));
      await expectFailure(bob);
    });
  }

  for (const protocol of connections) {
    await t.step(`${protocol}: either end's, within the call: it goes on by a new one`, async () => {
      await using alice = await alicePhone(protocol);
      await using bob = await bobPhone(protocol);
      await bob.register();
      const call = await establish(alice, bob);
      alice.close();
      await using aliceAgain = await alicePhone(protocol);
      await aliceAgain.send(fromCaller("INFO", { ...call, cseq: 100 }));
      await bob.answer(await bob.expect("INFO"), "200 OK");
      await aliceAgain.expect("200");
      bob.close();
      await using bobAgain = await phone(bob.username, protocol);
      await bobAgain.send(fromCallee("INFO", call));
      await aliceAgain.answer(await aliceAgain.expect("INFO"), "200 OK");
      await bobAgain.expect("200");
      await aliceAgain.send(fromCaller("BYE", { ...call, cseq: 101 }));
      await bobAgain.answer(await bobAgain.expect("BYE"), "200 OK");
      await aliceAgain.expect("200");
    });
  }

  for (const protocol of connections.filter((protocol) => !isWebSocket(protocol))) {
    await t.step(`${protocol}: the caller's, while it rings: the answer goes to its sent-by`, async () => {
      using listeners = new DisposableStack();
      const listener = listen(listeners, protocol, routr);
      const sentBy = `127.0.0.1:${listener.port}`;
      await using alice = await alicePhone(protocol, sentBy);
      await using bob = await bobPhone("udp");
      await bob.register();
      const invite = await alice.invite(addressOf(bob));
      const ringing = await bob.expect("INVITE");
      await bob.answer(ringing, "180 Ringing");
      await alice.expect("180");
      alice.close();
      await settled();
      await bob.answer(ringing, "486 Busy Here");
      const peer = await accepted(listener);
      await using again = WirePhone.accepted(peer, alice.server, {
        user: "alice",
        way: alice.way,
        sentBy,
      });
      const busy = await again.expect("486", atOnce);
      assert.equal(headers(busy, "Via").length, 1);
      await again.sendAsIs(ackTo(invite, busy));
      await bob.expect("ACK");
    });
  }

  for (const protocol of connections.filter(isWebSocket)) {
    await t.step(`${protocol}: the caller's, while it rings: the answer goes nowhere`, async () => {
      using listeners = new DisposableStack();
      const listener = listen(listeners, "tcp", routr);
      await using alice = await alicePhone(protocol, `127.0.0.1:${listener.port}`);
      await using bob = await bobPhone("udp");
      await bob.register();
      await alice.invite(addressOf(bob));
      const ringing = await bob.expect("INVITE");
      alice.close();
      await settled();
      await bob.answer(ringing, "486 Busy Here");
      await bob.expect("ACK");
      const isConnected = listener.accept().then(() => true, () => false);
      await settled();
      listener.close();
      assert.equal(await isConnected, false);
    });
  }

  assert.deepEqual(nameServer.questions, []);
});

function addressOf({ username }: WirePhone): string {
  return `sip:${username}@${domain}`;
}

/** A final response that is none of success, before any transaction can have given up. */
async function expectFailure(phone: WirePhone): Promise<string> {
  const response = await phone.expect("", atOnce);
  assert.match(response, /^SIP\/2\.0 [456]\d\d /);
  return response;
}

function listen(listeners: DisposableStack, protocol: Protocol, { identity }: TransportRoutr): PeerListener {
  return listeners.adopt(socketsOf(protocol, identity).listen("127.0.0.1"), (listener) => listener.close());
}

/** Time enough for the server to see the end of a connection on loopback. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 100));
}

/** The connection that the server makes, before any transaction can have given up. */
async function accepted(listener: PeerListener): Promise<Peer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<void>((resolve) => timer = setTimeout(resolve, atOnce));
  const peer = await Promise.race([listener.accept(), tooLate]);
  clearTimeout(timer);
  return peer ?? assert.fail("The server made no connection to the sent-by");
}
