/** Faulty WebSocket handshakes (RFC 6455 §4, RFC 7118 §4). */
import assert from "node:assert/strict";
import { ended } from "./connection_contract.ts";
import { pause } from "../support/pause.ts";
import { withoutHandshake, ws } from "./harnesses.ts";
import { frameBytes, handshakeRequest, handshakeResponse, OPCODE } from "./peers/web_socket_peers.ts";
import {
  contractTest,
  failureOf,
  LOOPBACK,
  message,
  Peers,
  ServedTransport,
  within,
} from "./served_transport.ts";
import type { StreamPeer } from "./transport_peers.ts";

const raw = withoutHandshake(ws);

/** Sends a text and returns the answer, after which the connection must end. */
async function answerTo(peer: StreamPeer, text: string): Promise<string> {
  await peer.write(text);
  const answer = await within(peer.readMessage(), "an answer");
  await ended(peer);
  return answer ?? "";
}

const REFUSED: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  "without a subprotocol": { "Sec-WebSocket-Protocol": undefined },
  "with another subprotocol": { "Sec-WebSocket-Protocol": "xmpp, sips" },
  "for a plain page": {
    Upgrade: undefined,
    Connection: "keep-alive",
    "Sec-WebSocket-Key": undefined,
    "Sec-WebSocket-Version": undefined,
    "Sec-WebSocket-Protocol": undefined,
  },
  "for another upgrade": { Upgrade: "h2c" },
  "with a key that is none": { "Sec-WebSocket-Key": "not sixteen bytes" },
  "without a key": { "Sec-WebSocket-Key": undefined },
  "with a version that is none": { "Sec-WebSocket-Version": "x" },
};

for (const [what, changes] of Object.entries(REFUSED)) {
  contractTest(`WS: a request ${what} is answered 400 and counted`, async () => {
    await using served = await ServedTransport.listen(ws);
    using peers = new Peers(raw);
    const answer = await answerTo(await peers.connect(served), handshakeRequest(LOOPBACK, changes));
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.deepEqual([served.opened.length, served.violations.length], [0, 1], served.violations.join());
  });
}

contractTest("WS: RFC 6455 §4.4: an older version is told which one is spoken, and counted", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(raw);
  const request = handshakeRequest(LOOPBACK, { "Sec-WebSocket-Version": "7" });
  const answer = await answerTo(await peers.connect(served), request);
  assert.match(answer, /^HTTP\/1\.1 4\d\d /);
  assert.match(answer, /\r\nSec-WebSocket-Version: (?:.*\b)?13\b/);
  assert.deepEqual([served.opened.length, served.violations.length], [0, 1]);
});

for (
  const [what, text] of Object.entries({
    "SIP without WebSocket": message(1),
    "a TLS greeting": "\x16\x03\x01\x02\0\x01\0\r\n\r\n",
    "NUL bytes": "\0".repeat(20_000),
    "HTTP/1.0": handshakeRequest(LOOPBACK).replace("HTTP/1.1", "HTTP/1.0"),
    "a POST": handshakeRequest(LOOPBACK).replace("GET", "POST"),
    "a header line without colon": handshakeRequest(LOOPBACK, { Host: undefined }).replace(": ", " "),
    "a head of 20 KB in one piece": handshakeRequest(LOOPBACK, { Cookie: "x".repeat(20_000) }),
    "a head without end": handshakeRequest(LOOPBACK, { Cookie: "x".repeat(200_000) }).slice(0, -4),
  })
) {
  contractTest(`WS: ${what} ends the connection, answered 400 and counted`, async () => {
    await using served = await ServedTransport.listen(ws);
    using peers = new Peers(raw);
    const peer = await peers.connect(served);
    const [answer] = await Promise.all([
      within(peer.readMessage(), "an answer"),
      peer.write(text).catch(() => {}),
    ]);
    // Who still writes while the connection is closed may lose the answer to a reset.
    if (text.length < 100_000) assert.match(answer ?? "", /^HTTP\/1\.1 400 /);
    await ended(peer);
    await served.until(() => served.violations.length > 0, "onViolation");
    assert.deepEqual([served.opened.length, served.violations.length], [0, 1]);
  });
}

contractTest("WS: who offers several subprotocols gets sip, and names are of any case", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(raw);
  const peer = await peers.connect(served);
  const request = handshakeRequest(LOOPBACK, {
    "Sec-WebSocket-Protocol": undefined,
    Upgrade: undefined,
    Connection: undefined,
    upgrade: "WebSocket",
    CONNECTION: "keep-alive,Upgrade",
    "sec-websocket-protocol": "xmpp,sip",
  });
  await peer.write(request);
  const answer = await within(peer.readMessage(), "an answer") ?? "";
  assert.match(answer, /^HTTP\/1\.1 101 /);
  assert.match(answer, /\r\nSec-WebSocket-Protocol: sip\r\n/);
  const accept = /\r\nSec-WebSocket-Accept: \S+\r\n/;
  assert.equal(accept.exec(answer)?.[0], accept.exec(handshakeResponse(request))?.[0]);
  assert.doesNotMatch(answer, /Sec-WebSocket-Extensions/i);
});

contractTest("WS: a handshake and what follows it may come in pieces of any size", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(raw);
  const text = handshakeRequest(LOOPBACK) + frameBytes({ opcode: OPCODE.text, payload: message(1) }, true);
  for (
    const cut of [
      text.length,
      1,
      text.length - 200,
      text.indexOf("\r\n\r\n") + 2,
      text.indexOf("\r\n\r\n") + 5,
    ]
  ) {
    served.messages.length = 0;
    const peer = await peers.connect(served);
    await peer.write(text.slice(0, cut));
    await pause(5);
    await peer.write(text.slice(cut));
    await served.until(() => served.messages.length === 1, `a message, cut at ${cut}`);
    assert.deepEqual(served.texts, [message(1)]);
  }
});

contractTest("WS: a handshake that is never finished is cut off, even if bytes trickle in", async () => {
  await using served = await ServedTransport.listen(ws, LOOPBACK, { messageTimeout: 200 });
  using peers = new Peers(raw);
  const [silent, slow] = [await peers.connect(served), await peers.connect(served)];
  let isEnded = false;
  const end = ended(slow).then(() => isEnded = true);
  for (const byte of handshakeRequest(LOOPBACK)) {
    if (isEnded) break;
    await slow.write(byte).catch(() => {});
    await pause(10);
  }
  await Promise.all([end, ended(silent)]);
  assert.deepEqual([served.opened.length, served.violations.length], [0, 2]);
});

contractTest("WS: unfinished handshakes count against the connections of an address", async () => {
  await using served = await ServedTransport.listen(ws, LOOPBACK, { maxConnectionsPerAddress: 2 });
  using peers = new Peers(raw);
  const unfinished = [await peers.connect(served), await peers.connect(served)];
  await Promise.all(unfinished.map((peer) => peer.write("GET / HTTP/1.1\r\n")));
  await ended(await peers.connect(served));
  assert.equal(served.violations.length, 1);
  unfinished[0].close();
  await pause(50);
  using clients = new Peers(ws);
  await (await clients.connect(served)).write(message(1));
  await served.firstFlow();
});

contractTest("WS: who was refused and stays is put out, and counted once", async () => {
  await using served = await ServedTransport.listen(ws, LOOPBACK, { messageTimeout: 100 });
  using peers = new Peers(raw);
  const peer = await peers.connect(served);
  await peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await pause(300);
  await ended(peer);
  assert.equal(served.violations.length, 1);
});

const ANSWERS: Readonly<Record<string, (request: string) => string>> = {
  "404": () => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
  "a redirection": () => "HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
  "no subprotocol": (request) => handshakeResponse(request, null),
  "another subprotocol": (request) => handshakeResponse(request, "xmpp"),
  "the key of another": () => handshakeResponse("\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"),
  "no HTTP": () => "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
};

for (const [what, answer] of Object.entries(ANSWERS)) {
  contractTest(`WS: a server that answers ${what} is no way to send`, async () => {
    await using served = await ServedTransport.listen(ws);
    using peers = new Peers(raw);
    const listener = peers.listen();
    const flow = served.transport.flowTo(listener.address, listener.port);
    const failure = failureOf(flow, message(1));
    const server = await peers.accept(listener);
    const request = await within(server.readMessage(), "the request") ?? "";
    assert.match(request, /\r\nSec-WebSocket-Protocol: sip\r\n/i);
    await server.write(answer(request));
    assert.notEqual(await failure, "");
    assert.doesNotMatch(await within(server.readBytes(100_000), "the end"), /MESSAGE/);
    await served.until(() => served.closed.length === 1, "onFlowClosed");
  });
}

contractTest("WS: a server that never answers the handshake is given up", async () => {
  await using served = await ServedTransport.listen(ws, LOOPBACK, { messageTimeout: 150 });
  using peers = new Peers(raw);
  const listener = peers.listen();
  const failure = failureOf(served.transport.flowTo(listener.address, listener.port), message(1));
  const server = await peers.accept(listener);
  assert.notEqual(await failure, "");
  await within(server.readBytes(100_000), "the end");
  assert.equal(served.closed.length, 1);
});

contractTest("WS: what a server sends together with its answer is not lost", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(raw);
  const listener = peers.listen();
  const flow = served.transport.flowTo(listener.address, listener.port);
  const server = await peers.accept(listener);
  const request = await within(server.readMessage(), "the request") ?? "";
  await server.write(
    handshakeResponse(request) + frameBytes({ opcode: OPCODE.text, payload: message(1) }, false),
  );
  assert.equal(await served.firstFlow(), flow);
});

contractTest("WS: a server whose answer has no end is given up before it fills the memory", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(raw);
  const listener = peers.listen();
  const flow = served.transport.flowTo(listener.address, listener.port);
  const server = await peers.accept(listener);
  await within(server.readMessage(), "the request");
  await server.write("HTTP/1.1 101 Switching Protocols\r\n");
  for (let i = 0; i < 200 && flow.isOpen; i++) {
    await server.write(`X-${i}: ${"x".repeat(50_000)}\r\n`).catch(() => {});
    await pause(0);
  }
  await served.until(() => !flow.isOpen, "the end of the connection");
});

contractTest("WS: a server that masks its frames breaks the rules", async () => {
  await using served = await ServedTransport.listen(ws);
  using peers = new Peers(ws);
  const listener = peers.listen();
  const flow = served.transport.flowTo(listener.address, listener.port);
  const server = await peers.accept(listener);
  await server.writeFrame({ opcode: OPCODE.text, payload: message(1), isMasked: true });
  await served.until(() => served.closed.length === 1, "onFlowClosed");
  assert.deepEqual([flow.isOpen, served.messages.length, served.violations.length], [false, 0, 1]);
});
