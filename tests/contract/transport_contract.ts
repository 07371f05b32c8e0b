/** The contract of all transports. */
import assert from "node:assert/strict";
import type { Flow } from "../../src/transport/transport.ts";
import {
  bytes,
  contractTest,
  failureOf,
  LOOPBACK,
  message,
  messageOfSize,
  Peers,
  ServedTransport,
  type TransportHarness,
  within,
} from "./served_transport.ts";
import type { Peer } from "./transport_peers.ts";

/** More than any transport takes in one message. */
const TOO_LARGE = 3_000_000;

/** Registers the tests that hold for all transports. */
export function testTransport(harness: TransportHarness): void {
  testBinding(harness);
  testDelivery(harness);
  testFlows(harness);
  testAmounts(harness);
  testClosing(harness);
}

function testBinding(harness: TransportHarness): void {
  const { name } = harness;

  contractTest(`${name}: port 0 becomes a port of its own`, async () => {
    await using one = await ServedTransport.listen(harness);
    await using other = await ServedTransport.listen(harness);
    const ports = [one.transport.port, other.transport.port];
    for (const port of ports) assert.ok(Number.isInteger(port) && port > 0 && port < 65536, String(port));
    assert.notEqual(ports[0], ports[1]);
    assert.deepEqual([one.transport.protocol, one.transport.address], [harness.protocol, "127.0.0.1"]);
  });

  contractTest(`${name}: an address that is taken rejects, and its owner goes on`, async () => {
    await using owner = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const { port } = owner.transport;
    const late = harness.create({ ...LOOPBACK, port });
    await assert.rejects(within(late.listen(owner), "a rejection"));
    await within(late.close(), "close() of what never listened");
    const peer = await peers.connect(owner);
    await peer.write(message(1));
    await owner.firstFlow();
  });

  contractTest(`${name}: what was closed can be bound again`, async () => {
    const first = await ServedTransport.listen(harness);
    const { port } = first.transport;
    await first.close();
    await using second = await ServedTransport.listen(harness, { ...LOOPBACK, port });
    assert.equal(second.transport.port, port);
  });

  for (const address of ["127.0.0.1", "127.0.0.77", "[::1]", "[0:0:0:0:0:0:0:1]"]) {
    contractTest(`${name}: serves ${address}`, () => converse(harness, address, address));
  }
  for (const address of ["127.0.0.1", "[::1]"]) {
    contractTest(
      `${name}: a socket bound to [::] serves ${address}`,
      () => converse(harness, "[::]", address),
    );
  }
}

/** A request and a response in both directions, with addresses in URI form. */
async function converse(harness: TransportHarness, bound: string, remote: string): Promise<void> {
  await using served = await ServedTransport.listen(harness, { address: bound, port: 0 });
  using peers = new Peers(harness);
  served.answer = (_, flow) => flow.send(message("answer"));
  const peer = await peers.connect(served, remote);
  await peer.write(message("question"));
  const flow = await served.firstFlow();
  assert.deepEqual([flow.remoteAddress, flow.remotePort], [peer.address, peer.port]);
  assert.equal(await within(peer.readMessage(), "the answer"), message("answer"));

  const listener = peers.listen(remote);
  served.transport.flowTo(remote, listener.port).send(message("call"));
  const called = await peers.accept(listener);
  assert.equal(await within(called.readMessage(), "the call"), message("call"));
}

function testDelivery(harness: TransportHarness): void {
  const { name } = harness;

  contractTest(`${name}: a message comes with the flow that it came by`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    await peer.write(message("a"));
    const flow = await served.firstFlow();
    assert.deepEqual(served.texts, [message("a")]);
    assert.deepEqual(
      [flow.protocol, flow.transport, flow.isOpen, flow.remotePort],
      [harness.protocol, served.transport, true, peer.port],
    );
  });

  contractTest(`${name}: what is sent by the flow of a message arrives where that came from`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const [one, other] = [await peers.connect(served), await peers.connect(served)];
    served.answer = (text, flow) => flow.send(text.replace("Call-ID: ", "Call-ID: re-"));
    await Promise.all([one.write(message("one")), other.write(message("other"))]);
    assert.equal(await within(one.readMessage(), "an answer"), message("re-one"));
    assert.equal(await within(other.readMessage(), "an answer"), message("re-other"));
  });

  contractTest(
    `${name}: a message that was delivered is not said to have failed, not even at close()`,
    async () => {
      const served = await ServedTransport.listen(harness);
      using peers = new Peers(harness);
      const listener = peers.listen();
      const flow = served.transport.flowTo(listener.address, listener.port);
      const failures: string[] = [];
      for (const callId of [1, 2, 3]) flow.send(message(callId), (reason) => failures.push(reason));
      const peer = await peers.accept(listener);
      const received: (string | undefined)[] = [];
      while (received.length < 3) received.push(await within(peer.readMessage(), "a message"));
      assert.deepEqual(received.sort(), [1, 2, 3].map((callId) => message(callId)));
      await served.close();
      assert.deepEqual(failures, []);
    },
  );

  contractTest(`${name}: all 256 bytes pass unchanged, both ways`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    served.answer = (text, flow) => flow.send(text);
    const peer = await peers.connect(served);
    for (const body of [bytes(256), "\xff".repeat(300), "a\xe9", "\0\r\n\r\n\0"]) {
      await peer.write(message("bytes", body));
      assert.equal(await within(peer.readMessage(), "the echo"), message("bytes", body));
      assert.equal(served.texts.at(-1), message("bytes", body));
    }
  });

  contractTest(`${name}: messages pass up to the largest, both ways`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    served.answer = (text, flow) => flow.send(text);
    const peer = await peers.connect(served);
    const { maxMessageSize } = harness;
    for (const size of [100, 1_024, 1_500, 9_000, 65_000, maxMessageSize - 1, maxMessageSize]) {
      const [, echo] = await Promise.all([peer.write(messageOfSize(size)), peer.readMessage()]);
      assert.ok(echo === messageOfSize(size), `${size} bytes come back as ${echo?.length}`);
      assert.ok(
        served.texts.at(-1) === messageOfSize(size),
        `${size} bytes arrive as ${served.texts.at(-1)?.length}`,
      );
    }
  });

  contractTest(`${name}: too large a message fails by onFailure, and others pass`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const listener = peers.listen();
    const flow = () => served.transport.flowTo(listener.address, listener.port);
    assert.notEqual(await failureOf(flow(), messageOfSize(TOO_LARGE)), "");
    flow().send(messageOfSize(TOO_LARGE));
    flow().send(message("small"));
    for (;;) {
      const peer = await peers.accept(listener);
      const text = await within(peer.readMessage(), "a message");
      if (text === undefined) continue; // A connection may have ended with what was too large.
      assert.equal(text, message("small"));
      break;
    }
  });
}

function testFlows(harness: TransportHarness): void {
  const { name } = harness;

  contractTest(`${name}: flowTo() gives the same flow for the same address while it is open`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const [a, b] = [peers.listen(), peers.listen()];
    const flow = served.transport.flowTo(a.address, a.port);
    assert.equal(served.transport.flowTo(a.address, a.port), flow);
    const other = served.transport.flowTo(b.address, b.port);
    assert.notEqual(other, flow);
    assert.notEqual(other.id, flow.id);
    assert.deepEqual([flow.remoteAddress, flow.remotePort, flow.isOpen], [a.address, a.port, true]);
  });

  if (harness.protocol !== "udp") return;
  contractTest(`${name}: flowTo() where a message came from gives the flow that it came by`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    await peer.write(message("in"));
    const flow = await served.firstFlow();
    assert.equal(served.transport.flowTo(peer.address, peer.port), flow);
    flow.send(message("out"));
    assert.equal(await within(peer.readMessage(), "a request on the peer's own way"), message("out"));
  });

  // Who connects needs no socket of the family beforehand.
  contractTest(`${name}: an address of another family fails by onFailure`, async () => {
    await using served = await ServedTransport.listen(harness);
    assert.notEqual(await failureOf(served.transport.flowTo("[::1]", 5060), message(1)), "");
  });
}

function testAmounts(harness: TransportHarness): void {
  const { name, window, isOrdered } = harness;
  const total = 1_000;
  const inAnyOrder = (texts: readonly string[]) => isOrdered ? texts : [...texts].sort();
  const expected = inAnyOrder(Array.from({ length: total }, (_, i) => message(i)));

  contractTest(`${name}: a thousand messages come in`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    for (let sent = 0; sent < total;) {
      const burst = Math.min(sent + window, total);
      for (; sent < burst; sent++) await peer.write(message(sent));
      await served.until(() => served.messages.length === sent, `${sent} messages`);
    }
    assert.deepEqual(inAnyOrder(served.texts), expected);
  });

  contractTest(`${name}: a thousand messages go out, each burst in one turn`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const listener = peers.listen();
    const failures: string[] = [];
    const received: string[] = [];
    let peer: Peer | undefined;
    for (let sent = 0; sent < total;) {
      const burst = Math.min(sent + window, total);
      const flow = served.transport.flowTo(listener.address, listener.port);
      for (; sent < burst; sent++) flow.send(message(sent), (reason) => failures.push(reason));
      peer ??= await peers.accept(listener);
      while (received.length < sent) {
        received.push((await within(peer.readMessage(), `message ${received.length}`))!);
      }
    }
    assert.deepEqual(inAnyOrder(received), expected);
    assert.deepEqual(failures, []);
  });

  contractTest(`${name}: every message of a burst from many peers is answered`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    served.answer = (text, flow) => flow.send(text);
    const many = await Promise.all(Array.from({ length: 40 }, () => peers.connect(served)));
    await Promise.all(many.map(async (peer, number) => {
      for (let i = 0; i < 20; i++) {
        await peer.write(message(`${number}-${i}`));
        assert.equal(await within(peer.readMessage(), "an answer"), message(`${number}-${i}`));
      }
    }));
    assert.equal(served.messages.length, 800);
    assert.equal(new Set(served.messages.map(({ flow }) => flow)).size, 40);
  });
}

function testClosing(harness: TransportHarness): void {
  const { name } = harness;

  contractTest(`${name}: close() ends everything, in the middle of traffic`, async () => {
    const served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    served.answer = (text, flow) => flow.send(text);
    const [peer, listener] = [await peers.connect(served), peers.listen()];
    const flow = served.transport.flowTo(listener.address, listener.port);
    flow.send(message("out"));
    await peers.accept(listener);
    for (let i = 0; i < 50; i++) await peer.write(message(i));
    await served.firstFlow();
    await served.close();
    await peer.write(message("late")).catch(() => {});
  });

  contractTest(`${name}: sending after close() fails by onFailure`, async () => {
    const served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    await peer.write(message("in"));
    const flow = await served.firstFlow();
    await served.close();
    assert.notEqual(await failureOf(flow, message("late")), "");
    flow.send(message("nobody asks"));
  });

  contractTest(`${name}: flowTo() after close() gives a flow that sends nothing`, async () => {
    const served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const listener = peers.listen();
    await served.close();
    const flow: Flow = served.transport.flowTo(listener.address, listener.port);
    assert.notEqual(await failureOf(flow, message("late")), "");
  });

  contractTest(`${name}: close() before listen(), and a second time, does nothing`, async () => {
    await within(harness.create(LOOPBACK).close(), "close() before listen()");
    const served = await ServedTransport.listen(harness);
    await served.close();
    await within(served.transport.close(), "a second close()");
  });
}
