/** WebSocket messages that are begun and not finished, and peers that are silent. */
import assert from "node:assert/strict";
import { ended } from "./connection_contract.ts";
import { pause } from "../support/pause.ts";
import { ws } from "./harnesses.ts";
import { ShiftedClock } from "../support/fake_clock.ts";
import { frameBytes, OPCODE, type WebSocketPeer } from "./peers/web_socket_peers.ts";
import { contractTest, LOOPBACK, message, Peers, ServedTransport, within } from "./served_transport.ts";

/** Milliseconds between two pings of the server. */
const PING_INTERVAL = 25_000;

/** Writes until the server ends the connection. */
async function writeAllTheTime(peer: WebSocketPeer, write: () => Promise<void>): Promise<void> {
  let isEnded = false;
  const end = ended(peer).then(() => isEnded = true);
  for (let i = 0; i < 100 && !isEnded; i++) {
    await write().catch(() => {});
    await pause(10);
  }
  await end;
}

contractTest("WS: a frame that is never finished ends the connection, even if bytes trickle in", async () => {
  await using served = await ServedTransport.listen(ws, LOOPBACK, { messageTimeout: 200 });
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  const bytes = frameBytes({ opcode: OPCODE.text, payload: message(1, "x".repeat(1_000)) }, true);
  let at = 0;
  await writeAllTheTime(peer, () => peer.stream.write(bytes[at++]));
  assert.deepEqual([served.messages.length, served.violations.length], [0, 1]);
});

contractTest("WS: a frame that begins together with the end of another has its time, too", async () => {
  await using served = await ServedTransport.listen(ws, LOOPBACK, { messageTimeout: 200 });
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  const [whole, begun] = [1, 2].map((id) => frameBytes({ opcode: OPCODE.text, payload: message(id) }, true));
  await peer.stream.write(whole + begun.slice(0, 20));
  await ended(peer);
  assert.deepEqual([served.messages.length, served.violations.length], [1, 1]);
});

contractTest("WS: each message has its own time to be finished", async () => {
  await using served = await ServedTransport.listen(ws, LOOPBACK, { messageTimeout: 400 });
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  const bytes = frameBytes({ opcode: OPCODE.text, payload: message(1, "body") }, true);
  await peer.stream.write(bytes.slice(0, 10));
  for (let i = 0; i < 6; i++) {
    await pause(100);
    await peer.stream.write(bytes.slice(10) + bytes.slice(0, 10));
  }
  await served.until(() => served.messages.length === 6, "six messages");
  assert.deepEqual(served.violations, []);
});

contractTest("WS: control frames give no more time to a message of many fragments", async () => {
  await using served = await ServedTransport.listen(ws, LOOPBACK, { messageTimeout: 200 });
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  await peer.write(message(1));
  await peer.writeFrame({ opcode: OPCODE.text, payload: "MESSAGE", isFinal: false });
  await writeAllTheTime(peer, async () => {
    await peer.writeFrame({ opcode: OPCODE.continuation, payload: "x", isFinal: false });
    await peer.writeFrame({ opcode: OPCODE.pong, payload: "" });
  });
  assert.deepEqual([served.messages.length, served.violations.length], [1, 1]);
});

contractTest("WS: unfinished messages of all peers together are bounded, with pings among them", async () => {
  await using served = await ServedTransport.listen(ws, LOOPBACK, { maxUnfinishedBytes: 100_000 });
  using peers = new Peers(ws);
  const connections = await Promise.all(Array.from({ length: 10 }, () => peers.connect(served)));
  for (const peer of connections) {
    await peer.writeFrame({ opcode: OPCODE.text, payload: "x".repeat(30_000), isFinal: false });
    await peer.writeFrame({ opcode: OPCODE.pong, payload: "" });
    await pause(5);
  }
  await served.until(() => served.violations.length === 7, "the end of what is too much");
  assert.equal(served.closed.length, 7);
});

contractTest("WS: unfinished messages of all peers together are bounded", async () => {
  await using served = await ServedTransport.listen(ws, LOOPBACK, { maxUnfinishedBytes: 100_000 });
  using peers = new Peers(ws);
  const connections = await Promise.all(Array.from({ length: 10 }, () => peers.connect(served)));
  const bytes = frameBytes({ opcode: OPCODE.text, payload: "x".repeat(30_000) }, true);
  await Promise.all(connections.map((peer) => peer.stream.write(bytes.slice(0, -1))));
  await served.until(() => served.violations.length === 7, "the end of what is too much");
  await Promise.all(connections.map((peer) => peer.stream.write(bytes.slice(-1)).catch(() => {})));
  await served.until(() => served.messages.length === 3, "those that are left");
});

contractTest("WS: a silent peer is pinged, and who answers stays", async () => {
  const clock = new ShiftedClock();
  await using served = await ServedTransport.listen(ws, LOOPBACK, { clock, messageTimeout: 160 });
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  await peer.write(message(1));
  const flow = await served.firstFlow();
  flow.markEstablished?.();
  for (let i = 0; i < 3; i++) {
    clock.shift(PING_INTERVAL);
    const ping = await within(peer.readFrame(), "a ping");
    assert.equal(ping?.opcode, OPCODE.ping);
    await peer.writeFrame({ opcode: OPCODE.pong, payload: ping.payload });
    await pause(20);
  }
  assert.deepEqual([flow.isOpen, served.violations], [true, []]);
});

contractTest("WS: a peer that does not answer a ping by the next one is gone", async () => {
  const clock = new ShiftedClock();
  await using served = await ServedTransport.listen(ws, LOOPBACK, { clock, messageTimeout: 160 });
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  await peer.write(message(1));
  (await served.firstFlow()).markEstablished?.();
  clock.shift(PING_INTERVAL);
  assert.equal((await within(peer.readFrame(), "a ping"))?.opcode, OPCODE.ping);
  clock.shift(PING_INTERVAL);
  await served.until(() => served.closed.length === 1, "onFlowClosed");
  assert.equal(served.violations.length, 1);
});

contractTest("WS: pings of its own do not keep a connection that is idle", async () => {
  const clock = new ShiftedClock();
  await using served = await ServedTransport.listen(ws, LOOPBACK, {
    clock,
    messageTimeout: 160,
    idleTimeout: 40_000,
  });
  using peers = new Peers(ws);
  const peer = await peers.connect(served);
  await peer.write(message(1));
  (await served.firstFlow()).markEstablished?.();
  clock.shift(PING_INTERVAL);
  await within(peer.readFrame(), "a ping");
  clock.shift(16_000);
  await served.until(() => served.closed.length === 1, "onFlowClosed");
  assert.deepEqual(served.violations, []);
});
