/** The contract of transports of byte streams, beyond `connection_contract.ts`. */
import assert from "node:assert/strict";
import { ended } from "./connection_contract.ts";
import { pause } from "../support/pause.ts";
import {
  contractTest,
  LOOPBACK,
  message,
  messageOfSize,
  Peers,
  ServedTransport,
  type TransportHarness,
  within,
} from "./served_transport.ts";
import type { StreamPeer } from "./transport_peers.ts";

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

  contractTest(
    `${name}: RFC 5626 §4.4.1: a ping in one piece with a message has its pong, in either order`,
    async () => {
      await using served = await ServedTransport.listen(harness);
      using peers = new Peers(harness);
      served.answer = (text, flow) => flow.send(text);
      for (const stream of [`${message(1)}\r\n\r\n`, `\r\n\r\n${message(1)}`]) {
        const peer = await peers.connect(served);
        await peer.write(stream);
        const expected = message(1).length + 2;
        const came = await within(peer.readBytes(expected), "answer and pong");
        assert.ok([`${message(1)}\r\n`, `\r\n${message(1)}`].includes(came));
      }
    },
  );

  contractTest(`${name}: a flood of pings from a peer that reads no pong does no harm`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    await peer.write("\r\n\r\n".repeat(500_000) + message(1));
    await served.firstFlow();
    assert.deepEqual(served.violations, []);
  });

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
      message(2).replace("Content-Length", "l: 1\r\nContent-Length"),
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
    `${name}: RFC 4475 §3.3.9: who sends no usable Content-Length is told so before the connection ends`,
    async () => {
      await using served = await ServedTransport.listen(harness);
      using peers = new Peers(harness);
      const wrong = [
        message(1).replace(/Content-Length: \d+\r\n/, ""),
        message(1).replace(/Content-Length: \d+/, "Content-Length: x"),
        message(1).replace("Content-Length", "l: 1\r\nContent-Length"),
        message(1).replace(/Content-Length: \d+/, "Content-Length: 99999999"),
        message(1).replace("\r\n", `\r\nSubject: ${"x".repeat(100_000)}\r\n`),
      ];
      for (const text of wrong) {
        const peer = await peers.connect(served);
        await peer.write(`${text}what follows`);
        assert.match(await within(peer.readBytes(3), "a refusal"), /^(?:400|513)$/);
        await ended(peer);
      }
      assert.deepEqual(served.refusals.map(({ status }) => status), [400, 400, 400, 513, 513]);
      assert.equal(served.messages.length, 0);
    },
  );

  contractTest(`${name}: Content-Lengths that agree are one`, async () => {
    await using served = await ServedTransport.listen(harness);
    using peers = new Peers(harness);
    const peer = await peers.connect(served);
    const text = message(1, "body").replace("Content-Length", "l: 4\r\nContent-Length");
    await peer.write(text + message(2));
    await served.until(() => served.messages.length === 2, "both messages");
    assert.deepEqual([served.texts, served.violations], [[text, message(2)], []]);
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

  contractTest(
    `${name}: a connection that ends while its message is handled is not punished again`,
    async () => {
      const limits = { messageTimeout: 100, maxUnsentBytes: 10_000 };
      await using served = await ServedTransport.listen(harness, LOOPBACK, limits);
      using peers = new Peers(harness);
      served.answer = (_, flow) => flow.send(messageOfSize(20_000));
      const peer = await peers.connect(served);
      await peer.write(message(1) + message(2).slice(0, 20));
      await ended(peer);
      await pause(250);
      assert.deepEqual([served.closed.length, served.violations.length], [1, 1]);
    },
  );

  contractTest(`${name}: unfinished messages of all peers together are bounded`, async () => {
    await using served = await ServedTransport.listen(harness, LOOPBACK, { maxUnfinishedBytes: 100_000 });
    using peers = new Peers(harness);
    const unfinished = messageOfSize(30_000).slice(0, -1);
    const last = messageOfSize(30_000).slice(-1);
    const connections = await Promise.all(Array.from({ length: 10 }, () => peers.connect(served)));
    await Promise.all(connections.map((peer) => peer.write(unfinished).catch(() => {})));
    await served.until(() => served.closed.length === 7, "the end of what is too much");
    // Those that are left may finish, and make room.
    await Promise.all(connections.map((peer) => peer.write(last).catch(() => {})));
    await served.until(() => served.messages.length === 3, "three messages");
    const next = await peers.connect(served);
    await next.write(messageOfSize(90_000));
    await served.until(() => served.messages.length === 4, "a message that has room now");
    assert.equal(served.violations.length, 7);
  });
}
