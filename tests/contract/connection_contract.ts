/** What transports of connections have to do beyond the rest, and those of byte streams beyond that. */
import assert from "node:assert/strict";
import type { Flow } from "../../src/transport/transport.ts";
import {
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
import type { Peer, StreamPeer } from "./transport_peers.ts";

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A port at which nobody listens. */
function deserted(peers: Peers<Peer>): number {
  const listener = peers.listen();
  listener.close();
  return listener.port;
}

/** Resolves when the other side has ended the connection. */
async function ended(peer: Peer): Promise<void> {
  while (await within(peer.readMessage(), "the end of the connection") !== undefined);
}

/** Registers the tests that hold for all transports whose flows are connections. */
export function testConnections(harness: TransportHarness): void {
  testLifetime(harness);
  testFailures(harness);
  testLimits(harness);
}

function testLifetime(harness: TransportHarness): void {
  const { name } = harness;

  contractTest(`${name}: a connection is announced when it is made, by either side`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    await peers.connect(served);
    await served.until(() => served.opened.length === 1, "onFlowOpened for the peer's connection");
    const listener = peers.listen();
    const flow = served.transport.flowTo(listener.address, listener.port);
    await served.until(() => served.opened.length === 2, "onFlowOpened for our connection");
    assert.equal(served.opened[1], flow);
    assert.ok(served.opened.every(({ isConnection }) => isConnection));
  });

  contractTest(
    `${name}: what is sent while connecting queues, and goes by one connection in its order`,
    async () => {
      await using served = await ServedTransport.listen(harness);
      using peers = new Peers(harness);
      const listener = peers.listen();
      for (let i = 0; i < 20; i++) {
        served.transport.flowTo(listener.address, listener.port).send(message(i));
      }
      const peer = await peers.accept(listener);
      for (let i = 0; i < 20; i++) assert.equal(await within(peer.readMessage(), "a message"), message(i));
      assert.equal(served.opened.length, 1);
    },
  );

  contractTest(`${name}: the peer answers on the connection that we made`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const listener = peers.listen();
    const flow = served.transport.flowTo(listener.address, listener.port);
    flow.send(message("request"));
    const peer = await peers.accept(listener);
    await peer.write(message("response"));
    assert.equal(await served.firstFlow(), flow);
  });

  contractTest(
    `${name}: when the peer closes, its flow is closed once, and what is sent then fails`,
    async () => {
      await using served = await ServedTransport.listen(harness);
      using peers = new Peers(harness);
      const peer = await peers.connect(served);
      await peer.write(message("in"));
      const flow = await served.firstFlow();
      peer.close();
      await served.until(() => served.closed.length === 1, "onFlowClosed");
      assert.deepEqual(served.closed, [flow]);
      assert.notEqual(await failureOf(flow, message("late")), "");
      assert.deepEqual(served.violations, []);
    },
  );

  contractTest(
    `${name}: a connection that is gone is not used again, not even by who hears of it first`,
    async () => {
      await using served = await ServedTransport.listen(harness);
      using peers = new Peers(harness);
      const listener = peers.listen();
      const { onFlowClosed } = served;
      const flowTo = () => served.transport.flowTo(listener.address, listener.port);
      let next: Flow | undefined;
      served.onFlowClosed = (flow) => {
        onFlowClosed.call(served, flow);
        next ??= flowTo();
      };
      const first = flowTo();
      (await peers.accept(listener)).close();
      await served.until(() => next !== undefined, "onFlowClosed");
      served.onFlowClosed = onFlowClosed;
      assert.notEqual(next, first);
      assert.equal(next!.isOpen, true);
      next!.send(message("again"));
      const peer = await peers.accept(listener);
      assert.equal(await within(peer.readMessage(), "a message on the new connection"), message("again"));
    },
  );

  contractTest(`${name}: close() ends the connections of both sides`, async () => {
    const served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const [inbound, listener] = [await peers.connect(served), peers.listen()];
    const flow = served.transport.flowTo(listener.address, listener.port);
    const outbound = await peers.accept(listener);
    await served.until(() => served.opened.length === 2, "two connections");
    await served.close();
    await Promise.all([ended(inbound), ended(outbound)]);
    await served.until(() => served.closed.length === 2, "onFlowClosed for both");
    assert.equal(flow.isOpen, false);
  });

  contractTest(`${name}: close() while connecting leaves nothing behind`, async () => {
    const served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const listener = peers.listen();
    const flow = served.transport.flowTo(listener.address, listener.port);
    await served.close();
    await served.until(() => served.closed.length === 1, "onFlowClosed");
    assert.equal(flow.isOpen, false);
  });
}

function testFailures(harness: TransportHarness): void {
  const { name } = harness;

  contractTest(`${name}: a refused connection fails every message that waited for it, promptly`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const flow = served.transport.flowTo(LOOPBACK.address, deserted(peers));
    const started = performance.now();
    const reasons = await Promise.all([1, 2, 3].map((callId) => failureOf(flow, message(callId))));
    assert.ok(performance.now() - started < 1_000);
    assert.equal(reasons.length, 3);
    await served.until(() => served.closed.length === 1, "onFlowClosed");
    assert.deepEqual([served.closed[0], flow.isOpen], [flow, false]);
  });

  contractTest(`${name}: one callback for several messages is called for each that failed`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const flow = served.transport.flowTo(LOOPBACK.address, deserted(peers));
    const reasons: string[] = [];
    const onFailure = (reason: string) => void reasons.push(reason);
    for (const callId of [1, 2, 3]) flow.send(message(callId), onFailure);
    await failureOf(flow, message(4));
    assert.equal(reasons.length, 3);
  });

  contractTest(`${name}: after a refusal the address is tried again`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const port = deserted(peers);
    const first = served.transport.flowTo(LOOPBACK.address, port);
    await failureOf(first, message(1));
    const second = served.transport.flowTo(LOOPBACK.address, port);
    assert.notEqual(second, first);
    await failureOf(second, message(2));
    await served.until(() => served.closed.length === 2, "onFlowClosed for both");
  });

  contractTest(`${name}: a peer that does not read is cut off, and memory stays bounded`, async () => {
    const maxUnsentBytes = 256 * 1024;
    await using served = await ServedTransport.listen(harness, LOOPBACK, { maxUnsentBytes });
    using peers = new Peers(harness);
    const listener = peers.listen();
    const flow = served.transport.flowTo(listener.address, listener.port);
    await peers.accept(listener);
    let failures = 0;
    let sent = 0;
    const text = messageOfSize(16_384);
    // Some megabytes wait in the buffers of the two sockets; what is beyond would wait in our memory.
    for (; flow.isOpen && sent < 4_000; sent++) {
      flow.send(text, () => failures++);
      if (sent % 8 === 0) await pause(0);
    }
    assert.ok(sent < 2_000, `${sent * text.length} bytes were taken for a peer that reads none`);
    await served.until(() => served.closed.length === 1, "onFlowClosed");
    assert.deepEqual(served.violations.length, 1);
    assert.ok(failures > 0);
    assert.ok(failures * text.length < maxUnsentBytes + 2 * text.length, `${failures} messages waited`);
  });
}

function testLimits(harness: TransportHarness): void {
  const { name } = harness;

  contractTest(`${name}: a connection without traffic is closed, one with traffic is not`, async () => {
    await using served = await ServedTransport.listen(harness, LOOPBACK, { idleTimeout: 400 });
    using peers = new Peers(harness);
    const [idle, busy] = [await peers.connect(served), await peers.connect(served)];
    const idleEnds = ended(idle);
    for (let i = 0; i < 8; i++) {
      await busy.write(message(i));
      await pause(75);
    }
    await idleEnds;
    const flow = await served.firstFlow();
    await served.until(() => served.closed.length === 1, "onFlowClosed");
    assert.equal(flow.isOpen, true);
    assert.deepEqual([served.messages.length, served.closed.includes(flow)], [8, false]);
  });

  contractTest(`${name}: no more connections than allowed, until one leaves`, async () => {
    await using served = await ServedTransport.listen(harness, LOOPBACK, { maxConnections: 3 });
    using peers = new Peers(harness);
    const kept = [await peers.connect(served), await peers.connect(served), await peers.connect(served)];
    await served.until(() => served.opened.length === 3, "three connections");
    await ended(await peers.connect(served));
    assert.deepEqual([served.opened.length, served.violations.length], [3, 1]);
    kept[0].close();
    await served.until(() => served.closed.length === 1, "room for another");
    await served.until(() => true, "");
    const next = await connectWhenThereIsRoom(served, peers);
    await next.write(message("in"));
    await served.firstFlow();
  });

  contractTest(
    `${name}: no more connections from one address than allowed; others are not concerned`,
    async () => {
      await using served = await ServedTransport.listen(harness, { address: "[::]", port: 0 }, {
        maxConnectionsPerAddress: 2,
      });
      using peers = new Peers(harness);
      await peers.connect(served, "127.0.0.1");
      await peers.connect(served, "127.0.0.1");
      await served.until(() => served.opened.length === 2, "two connections");
      await ended(await peers.connect(served, "127.0.0.1"));
      assert.deepEqual([served.opened.length, served.violations.length], [2, 1]);
      const other = await peers.connect(served, "[::1]");
      await other.write(message("in"));
      assert.equal((await served.firstFlow()).remoteAddress, "[::1]");
    },
  );
}

/** The transport may take a moment from onFlowClosed until it counts the connection no more. */
async function connectWhenThereIsRoom<Kind extends Peer>(
  served: ServedTransport,
  peers: Peers<Kind>,
): Promise<Kind> {
  await pause(20);
  return peers.connect(served);
}

/** Registers the tests that hold for all transports of byte streams. */
export function testStreams(harness: TransportHarness<StreamPeer>): void {
  testFraming(harness);
  testUnfinished(harness);
}

function testFraming(harness: TransportHarness<StreamPeer>): void {
  const { name } = harness;

  contractTest(`${name}: §18.3: messages are found wherever the stream is cut`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    const pair = [message(1, "\r\n\r\n"), message(2)];
    const stream = pair.join("\r\n");
    for (let at = 0; at <= stream.length; at++) {
      served.messages.length = 0;
      await peer.write(stream.slice(0, at));
      await pause(0);
      await peer.write(stream.slice(at));
      await served.until(() => served.messages.length === 2, `both messages when cut at ${at}`);
      assert.deepEqual(served.texts, pair);
    }
  });

  contractTest(`${name}: §18.3: messages are found in a stream of single bytes`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    const pair = [message(1, "12345"), message(2, "\xff")];
    for (const byte of pair.join("")) await peer.write(byte);
    await served.until(() => served.messages.length === 2, "both messages");
    assert.deepEqual(served.texts, pair);
  });

  contractTest(`${name}: messages that come in one piece are all found, in order`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    served.answer = (text, flow) => flow.send(text);
    const many = Array.from({ length: 200 }, (_, i) => message(i, "x".repeat(i)));
    await peer.write(many.join(""));
    for (const text of many) assert.equal(await within(peer.readMessage(), "an answer"), text);
    assert.deepEqual(served.texts, many);
  });

  contractTest(
    `${name}: RFC 5626 §3.5.1: a double CRLF is answered with a single one, which is no message`,
    async () => {
      await using served = await ServedTransport.listen(harness);
      using peers = new Peers(harness);
      const peer = await peers.connect(served);
      await peer.write("\r\n\r\n");
      assert.equal(await within(peer.readBytes(2), "a pong"), "\r\n");
      await peer.write(`${message(1)}\r\n\r\n${message(2)}`);
      assert.equal(await within(peer.readBytes(2), "a pong"), "\r\n");
      await served.until(() => served.messages.length === 2, "both messages");
      assert.deepEqual(served.violations, []);
    },
  );

  contractTest(`${name}: a peer that sends nothing more still gets its answer`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    served.answer = (_, flow) => flow.send(message("answer"));
    const peer = await peers.connect(served);
    await peer.write(message("question"));
    await peer.closeWrite();
    assert.equal(await within(peer.readMessage(), "the answer"), message("answer"));
  });

  contractTest(`${name}: what is no SIP ends its connection, and no other`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const good = await peers.connect(served);
    await good.write(message(1));
    await served.firstFlow();
    const garbage = [
      "\x16\x03\x01\x02\0\x01\0",
      "\0\0\0\0",
      "\xff\xfb\x01",
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      message(2).replace(/Content-Length: \d+\r\n/, ""),
      message(2).replace(/Content-Length: \d+/, "Content-Length: x"),
      message(2).replace("Content-Length", "l: 0\r\nContent-Length"),
    ];
    for (const text of garbage) {
      const peer = await peers.connect(served);
      await peer.write(text);
      await ended(peer);
    }
    await served.until(() => served.closed.length === garbage.length, "onFlowClosed for each");
    assert.equal(served.violations.length, garbage.length);
    await good.write(message(3));
    await served.until(() => served.messages.length === 2, "a message of the peer that did no wrong");
  });

  contractTest(
    `${name}: a message larger than allowed ends the connection; the largest does not`,
    async () => {
      await using served = await ServedTransport.listen(harness, LOOPBACK, { maxMessageSize: 2_000 });
      using peers = new Peers(harness);
      const good = await peers.connect(served);
      await good.write(messageOfSize(2_000));
      await served.firstFlow();
      for (const tooLarge of [messageOfSize(2_001), messageOfSize(2_000_000).slice(0, 500)]) {
        const bad = await peers.connect(served);
        await bad.write(tooLarge);
        await ended(bad);
      }
      assert.deepEqual([served.messages.length, served.violations.length], [1, 2]);
    },
  );

  contractTest(`${name}: a head without end ends the connection`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    const endless = `INVITE sip:a@b SIP/2.0\r\nSubject: ${"x".repeat(200_000)}`;
    await Promise.all([ended(peer), peer.write(endless).catch(() => {})]);
    await served.until(() => served.closed.length === 1, "onFlowClosed");
    assert.equal(served.violations.length, 1);
  });
}

function testUnfinished(harness: TransportHarness<StreamPeer>): void {
  const { name } = harness;

  contractTest(
    `${name}: a message that is never finished ends the connection, even if bytes trickle in`,
    async () => {
      await using served = await ServedTransport.listen(harness, LOOPBACK, { messageTimeout: 200 });
      using peers = new Peers(harness);
      const peer = await peers.connect(served);
      const started = performance.now();
      const text = message(1, "x".repeat(1_000));
      let isEnded = false;
      const end = ended(peer).then(() => isEnded = true);
      for (let at = 0; !isEnded && at < text.length - 1; at++) {
        await peer.write(text[at]).catch(() => {});
        await pause(10);
      }
      await end;
      assert.ok(performance.now() - started >= 190);
      await served.until(() => served.closed.length === 1, "onFlowClosed");
      assert.deepEqual([served.messages.length, served.violations.length], [0, 1]);
    },
  );

  contractTest(`${name}: each message has its own time to be finished`, async () => {
    await using served = await ServedTransport.listen(harness, LOOPBACK, { messageTimeout: 400 });
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    // The end of one message and the beginning of the next come together: the stream is never at rest.
    const text = message(1, "body");
    await peer.write(text.slice(0, 10));
    for (let i = 0; i < 6; i++) {
      await pause(100);
      await peer.write(text.slice(10) + text.slice(0, 10));
    }
    await served.until(() => served.messages.length === 6, "six messages");
    assert.deepEqual(served.violations, []);
    await peer.write(text.slice(10));
    await served.until(() => served.messages.length === 7, "the last message");
  });

  contractTest(`${name}: §7.5: a single CRLF is not the beginning of a message`, async () => {
    await using served = await ServedTransport.listen(harness, LOOPBACK, { messageTimeout: 100 });
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    await peer.write(`${message(1)}\r\n`);
    const flow = await served.firstFlow();
    await pause(300);
    assert.deepEqual([flow.isOpen, served.violations], [true, []]);
  });
}
