/** The contract of transports of connections, beyond `transport_contract.ts`. */
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
import type { Peer } from "./transport_peers.ts";
import { pause } from "../support/pause.ts";

/** Returns a port without a listener. */
function deserted(peers: Peers<Peer>): number {
  const listener = peers.listen();
  listener.close();
  return listener.port;
}

/** Resolves when the other side has ended the connection. */
export async function ended(peer: Peer): Promise<void> {
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
    assert.deepEqual(served.opened.map(({ isConnection }) => isConnection), [true, true]);
    assert.deepEqual(served.opened.map(({ isInbound }) => isInbound), [true, false]);
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
    `${name}: a connection that the peer made is not taken for one to where the peer listens`,
    async () => {
      await using served = await ServedTransport.listen(harness);
      using peers = new Peers(harness);
      const peer = await peers.connect(served);
      await peer.write(message("in"));
      const flow = await served.firstFlow();
      assert.notEqual(served.transport.flowTo(peer.address, peer.port), flow);
      flow.send(message("out"));
      assert.equal(await within(peer.readMessage(), "what goes by the connection itself"), message("out"));
    },
  );

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

  contractTest(`${name}: a connection that the peer resets is closed once`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    await peer.write(message("in"));
    const flow = await served.firstFlow();
    flow.send(messageOfSize(20_000));
    await pause(20);
    // The system resets a connection that is closed with unread bytes.
    peer.close();
    await served.until(() => served.closed.length === 1, "onFlowClosed");
    flow.send(message("late"));
    await pause(20);
    assert.deepEqual([flow.isOpen, served.closed, served.violations], [false, [flow], []]);
  });

  contractTest(
    `${name}: a connection that is gone is not used again, not even by who hears of it first`,
    async () => {
      await using served = await ServedTransport.listen(harness);
      using peers = new Peers(harness);
      const listener = peers.listen();
      const flowTo = () => served.transport.flowTo(listener.address, listener.port);
      const first = flowTo();
      const retried = new Promise<Flow>((resolve) => {
        const { onFlowClosed } = served;
        served.onFlowClosed = (flow) => {
          onFlowClosed.call(served, flow);
          if (flow === first) resolve(flowTo());
        };
      });
      (await peers.accept(listener)).close();
      const next = await within(retried, "onFlowClosed");
      assert.notEqual(next, first);
      assert.equal(next.isOpen, true);
      next.send(message("again"));
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

  for (const who of ["peer", "transport"]) {
    contractTest(`${name}: close() waits for no reader of a connection that the ${who} made`, async () => {
      const served = await ServedTransport.listen(harness, LOOPBACK, { maxUnsentBytes: 64_000_000 });
      using peers = new Peers(harness);
      if (who === "peer") await (await peers.connect(served)).write(message("in"));
      const listener = peers.listen();
      const flow = who === "peer"
        ? await served.firstFlow()
        : served.transport.flowTo(listener.address, listener.port);
      if (who === "transport") await peers.accept(listener);
      // More than the buffers of two sockets hold.
      for (let size = 0; size < 16_000_000; size += 200_000) flow.send(messageOfSize(200_000));
      await pause(10);
      await served.close();
      assert.deepEqual(served.closed, [flow]);
    });
  }

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

  contractTest(`${name}: an address that no connection can be made to fails promptly`, async () => {
    await using served = await ServedTransport.listen(harness);
    const flow = served.transport.flowTo("255.255.255.255", 5060);
    assert.notEqual(await failureOf(flow, message(1)), "");
    await served.until(() => served.closed.length === 1, "onFlowClosed");
    assert.deepEqual([flow.isOpen, served.violations], [false, []]);
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
    // It may take a moment from onFlowClosed until the connection counts no more.
    await pause(20);
    const next = await peers.connect(served);
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

  contractTest(`${name}: beyond these limits our own connections fail by onFailure`, async () => {
    await using served = await ServedTransport.listen(harness, LOOPBACK, { maxConnections: 1 });
    using peers = new Peers(harness);
    const [a, b] = [peers.listen(), peers.listen()];
    const flow = served.transport.flowTo(a.address, a.port);
    assert.notEqual(await failureOf(served.transport.flowTo(b.address, b.port), message(1)), "");
    assert.equal(served.transport.flowTo(a.address, a.port), flow);
    flow.send(message(2));
    const peer = await peers.accept(a);
    assert.equal(await within(peer.readMessage(), "a message"), message(2));
    assert.deepEqual([served.opened.length, served.closed.length], [1, 0]);
  });

  contractTest(`${name}: a peer that connects and never says anything is cut off`, async () => {
    await using served = await ServedTransport.listen(harness, LOOPBACK, { messageTimeout: 1000 });
    using peers = new Peers(harness);
    const silent = await Promise.all(Array.from({ length: 50 }, () => peers.connect(served)));
    const listener = peers.listen();
    const called = served.transport.flowTo(listener.address, listener.port);
    await peers.accept(listener);
    await Promise.all(silent.map(ended));
    await served.until(() => served.closed.length === 50, "onFlowClosed for each");
    assert.equal(called.isOpen, true, "who was called need not speak first");
  });
}
