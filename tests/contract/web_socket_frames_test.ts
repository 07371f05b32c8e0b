/** WebSocket frames (RFC 6455 §5) and the SIP in them (RFC 7118 §5), well-formed and not. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { pause } from "../support/pause.ts";
import { ws } from "./harnesses.ts";
import { type Frame, frameBytes, OPCODE, type WebSocketPeer } from "./peers/web_socket_peers.ts";
import {
  contractTest,
  failureOf,
  LOOPBACK,
  message,
  messageOfSize,
  Peers,
  ServedTransport,
  within,
} from "./served_transport.ts";

/** The status of the close frame that has to come next, or 0 when there is none. */
async function closeStatus(peer: WebSocketPeer): Promise<number> {
  const frame = await within(peer.readFrame(), "a close frame");
  if (!frame) return 0;
  assert.equal(frame.opcode, OPCODE.close);
  return Buffer.from(frame.payload, "latin1").readUInt16BE();
}

contractTest("WS: text and binary frames are both taken, byte for byte", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  const texts = [message(1), message(2, "\xe2\x82\xac"), message(3, "\xff\0")];
  for (const payload of texts) {
    await peer.writeFrame({ opcode: OPCODE.text, payload });
    await peer.writeFrame({ opcode: OPCODE.binary, payload });
  }
  await served.until(() => served.messages.length === 6, "six messages");
  assert.deepEqual(served.texts, texts.flatMap((text) => [text, text]));
});

contractTest("WS: what is sent goes as text where it is UTF-8, else as binary", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(ws);
  served.answer = (text, flow) => flow.send(text);
  const peer = await peers.connect(served);
  for (
    const [body, opcode] of [
      ["ascii", OPCODE.text],
      ["\xe2\x82\xac", OPCODE.text],
      ["\0", OPCODE.text],
      ["\xff", OPCODE.binary],
    ] as const
  ) {
    await peer.write(message(1, body));
    const frame = await within(peer.readFrame(), "the echo");
    assert.deepEqual(frame, { opcode, isFinal: true, payload: message(1, body) });
  }
});

contractTest("WS: frames are found wherever the stream is cut", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  const texts = [message(1, "x".repeat(200)), message(2)];
  for (let at = 0; at < 300; at += 3) {
    served.messages.length = 0;
    const stream = texts.map((payload) => frameBytes({ opcode: OPCODE.text, payload }, true)).join("");
    await peer.stream.write(stream.slice(0, at));
    await pause(0);
    await peer.stream.write(stream.slice(at));
    await served.until(() => served.messages.length === 2, `both messages when cut at ${at}`);
    assert.deepEqual(served.texts, texts);
  }
});

contractTest("WS: messages that come in one piece are all answered, in order", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(ws);
  served.answer = (text, flow) => flow.send(text);
  const peer = await peers.connect(served);
  const many = Array.from({ length: 200 }, (_, i) => message(i, "x".repeat(i)));
  await peer.stream.write(many.map((payload) => frameBytes({ opcode: OPCODE.text, payload }, true)).join(""));
  for (const text of many) assert.equal(await within(peer.readMessage(), "an answer"), text);
  assert.deepEqual(served.texts, many);
});

contractTest("WS: §5.4: fragments make one message, with control frames among them", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  const text = message(1, "x".repeat(1_000));
  await peer.writeFrame({ opcode: OPCODE.text, payload: text.slice(0, 100), isFinal: false });
  await peer.writeFrame({ opcode: OPCODE.ping, payload: "still here?" });
  for (let at = 100; at < 900; at += 100) {
    await peer.writeFrame({ opcode: OPCODE.continuation, payload: text.slice(at, at + 100), isFinal: false });
  }
  await peer.writeFrame({ opcode: OPCODE.continuation, payload: text.slice(900) });
  await served.firstFlow();
  assert.deepEqual(served.texts, [text]);
  assert.deepEqual(await within(peer.readFrame(), "a pong"), {
    opcode: OPCODE.pong,
    isFinal: true,
    payload: "still here?",
  });
});

contractTest("WS: §5.5.1: a closing handshake is answered with its status, and is no violation", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  await peer.writeFrame({ opcode: OPCODE.close, payload: "\x03\xe9going away" });
  assert.equal(await closeStatus(peer), 1001);
  assert.equal(await within(peer.readFrame(), "the end"), undefined);
  peer.close();
  await served.until(() => served.closed.length === 1, "onFlowClosed");
  assert.deepEqual(served.violations, []);
});

contractTest("WS: what is sent to a peer that has said it closes fails at once", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  await peer.write(message(1));
  const flow = await served.firstFlow();
  await peer.writeFrame({ opcode: OPCODE.close, payload: "\x03\xe9" });
  assert.equal(await closeStatus(peer), 1001);
  assert.notEqual(await failureOf(flow, message(2)), "");
  await served.until(() => served.closed.length === 1, "onFlowClosed");
});

const FAULTY: Readonly<Record<string, { frames: readonly Frame[]; status: number }>> = {
  "an unmasked frame": {
    frames: [{ opcode: OPCODE.text, payload: message(1), isMasked: false }],
    status: 1002,
  },
  "a reserved bit": { frames: [{ opcode: OPCODE.text, payload: message(1), reserved: 4 }], status: 1002 },
  "an opcode that is none": { frames: [{ opcode: 3, payload: message(1) }], status: 1002 },
  "a fragment of nothing": {
    frames: [{ opcode: OPCODE.continuation, payload: message(1) }],
    status: 1002,
  },
  "a message inside another": {
    frames: [
      { opcode: OPCODE.text, payload: "MESSAGE", isFinal: false },
      { opcode: OPCODE.text, payload: message(1) },
    ],
    status: 1002,
  },
  "a fragmented ping": { frames: [{ opcode: OPCODE.ping, payload: "", isFinal: false }], status: 1002 },
  "a long ping": { frames: [{ opcode: OPCODE.ping, payload: "x".repeat(126) }], status: 1002 },
  "a frame of 70 MB": {
    frames: [{ opcode: OPCODE.text, payload: "MESSAGE", announced: 70_000_000 }],
    status: 1009,
  },
  "a frame of 16 exabytes": {
    frames: [{ opcode: OPCODE.binary, payload: "MESSAGE", announced: 2 ** 63 }],
    status: 1009,
  },
  "fragments of too large a message": {
    frames: [
      { opcode: OPCODE.text, payload: "x".repeat(200_000), isFinal: false },
      { opcode: OPCODE.continuation, payload: "x".repeat(200_000), isFinal: false },
    ],
    status: 1009,
  },
};

for (const [what, { frames, status }] of Object.entries(FAULTY)) {
  contractTest(`WS: ${what} ends its connection with ${status}, and no other`, async () => {
    await using served = await ServedTransport.listen(ws);
    using peers = new Peers(ws);
    const [good, bad] = [await peers.connect(served), await peers.connect(served)];
    const closed = closeStatus(bad);
    for (const frame of frames) await bad.writeFrame(frame).catch(() => {});
    assert.equal(await closed, status);
    await served.until(() => served.closed.length === 1, "onFlowClosed");
    assert.deepEqual([served.messages.length, served.violations.length], [0, 1]);
    await good.write(message("good"));
    await served.firstFlow();
  });
}

contractTest("WS: the largest message passes, and a byte more does not", async () => {
  await using served = await ServedTransport.listen(ws, LOOPBACK, { maxMessageSize: 2_000 });
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  await peer.write(messageOfSize(2_000));
  await served.firstFlow();
  await peer.write(messageOfSize(2_001));
  assert.equal(await closeStatus(peer), 1009);
  assert.deepEqual([served.messages.length, served.violations.length], [1, 1]);
});

contractTest("WS: many frames of 70 MB are announced, and no memory is kept for them", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(ws);
  const before = Deno.memoryUsage().rss;
  for (let i = 0; i < 100; i++) {
    const peer = await peers.connect(served);
    await peer.writeFrame({ opcode: OPCODE.text, payload: "x", announced: 70_000_000 });
    assert.equal(await closeStatus(peer), 1009);
    peer.close();
  }
  assert.ok(Deno.memoryUsage().rss - before < 70_000_000);
  await served.until(() => served.violations.length === 100, "onViolation for each");
});

contractTest("WS: RFC 5626 §3.5.1: a double CRLF in a frame is answered with a single one", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  for (const opcode of [OPCODE.text, OPCODE.binary]) {
    await peer.writeFrame({ opcode, payload: "\r\n\r\n" });
    assert.equal(await within(peer.readMessage(), "a pong"), "\r\n");
  }
  assert.deepEqual([served.messages.length, served.violations.length], [0, 0]);
});

contractTest("WS: a flood of pings from a peer that reads no pong is bounded", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  const ping = frameBytes({ opcode: OPCODE.text, payload: "\r\n\r\n" }, true);
  await peer.stream.write(
    ping.repeat(200_000) + frameBytes({ opcode: OPCODE.text, payload: message(1) }, true),
  );
  await served.firstFlow();
  assert.deepEqual(served.violations, []);
});

contractTest(
  "WS: a flood of WebSocket pings from a peer that reads no pong ends its connection",
  async () => {
    await using served = await ServedTransport.listen(ws);
    using peers = new Peers(ws);
    const peer = await peers.connect(served);
    const pings = frameBytes({ opcode: OPCODE.ping, payload: "x".repeat(125) }, true).repeat(1_000);
    for (let i = 0; i < 200 && served.closed.length === 0; i++) {
      await peer.stream.write(pings).catch(
        () => {},
      );
    }
    await served.until(() => served.closed.length === 1, "onFlowClosed");
  },
);

contractTest("WS: two messages in one frame, and half of one, are handed up as they are", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  const payloads = [message(1) + message(2), message(3, "body").slice(0, 30), "\0\0\0\0", "", "\r\n"];
  for (const payload of payloads) await peer.writeFrame({ opcode: OPCODE.text, payload });
  await peer.write(message(4));
  await served.until(() => served.texts.includes(message(4)), "the last message");
  assert.deepEqual(served.texts.filter((text) => text.length > 4), [payloads[0], payloads[1], message(4)]);
  assert.deepEqual(served.violations, []);
});
