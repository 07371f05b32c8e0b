// Bad input: bounded memory, no stack traces, and other users are served meanwhile. On real sockets.

import assert from "node:assert/strict";
import net from "node:net";
import { once } from "node:events";
import { startTestServer, type TestServer } from "../support/server.ts";

const agents = [{ username: "1001", secret: "1234", domain: "sip.local" }];

/** Asks the server for OPTIONS over UDP and returns its answer. */
async function ping({ udpPort }: TestServer): Promise<string> {
  return await exchange(
    udpPort,
    (port) =>
      `OPTIONS sip:sip.local SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKping\r\n` +
      `From: <sip:ping@ping.invalid>;tag=1\r\nTo: <sip:sip.local>\r\nCall-ID: ping\r\nCSeq: 1 OPTIONS\r\n` +
      `Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n`,
  );
}

/** Sends one datagram and returns the first answer. */
async function exchange(to: number, message: (port: number) => string): Promise<string> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  try {
    await socket.send(new TextEncoder().encode(message(port)), {
      transport: "udp",
      hostname: "127.0.0.1",
      port: to,
    });
    return new TextDecoder().decode((await socket.receive())[0]);
  } finally {
    socket.close();
  }
}

async function connect(port: number, localAddress = "127.0.0.1"): Promise<net.Socket> {
  const socket = net.connect({ port, host: "127.0.0.1", localAddress });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

async function destroyAll(sockets: readonly net.Socket[]): Promise<void> {
  await Promise.all(sockets.map((socket) => {
    if (socket.closed) return;
    const closed = once(socket, "close");
    socket.destroy();
    return closed;
  }));
}

function assertAnswer(answer: string, status: number): void {
  assert.match(answer, new RegExp(`^SIP/2.0 ${status} `));
  assert.doesNotMatch(answer, /\bat .*\.ts|Error:/);
}

Deno.test("A thousand connections that say nothing leave others served, and each is closed in time", async () => {
  const server = await startTestServer({
    domains: ["sip.local"],
    agents,
    spec: { limits: { messageTimeoutMillis: 300 } },
  });
  const sockets: net.Socket[] = [];
  for (let i = 0; i < 1000; i++) sockets.push(await connect(server.tcpPort));
  assertAnswer(await ping(server), 200);
  await Promise.all(sockets.map((socket) => socket.closed ? undefined : once(socket.resume(), "close")));
  assertAnswer(await ping(server), 200);
  await destroyAll(sockets);
  await server.stop();
});

Deno.test("Addresses that open all the connections there may be keep nobody else out", async () => {
  const server = await startTestServer({
    domains: ["sip.local"],
    agents,
    spec: { limits: { maxConnections: 64, maxConnectionsPerAddress: 8 } },
  });
  const sockets: net.Socket[] = [];
  for (let i = 0; i < 80; i++) {
    const socket = await connect(server.tcpPort, `127.9.0.${1 + i % 10}`);
    socket.write(options("Content-Length: 0"));
    sockets.push(socket);
  }
  for (let i = 0; i < 5; i++) {
    const socket = await connect(server.tcpPort);
    sockets.push(socket);
    socket.write(options("Content-Length: 0"));
    assertAnswer(String((await once(socket, "data"))[0]), 200);
  }
  assert.ok(sockets.slice(-5).every((socket) => !socket.closed), "who has few is not closed");
  await destroyAll(sockets);
  await server.stop();
});

Deno.test("A sender that never finishes its message is cut off, and others are served", async () => {
  const server = await startTestServer({
    domains: ["sip.local"],
    agents,
    spec: { limits: { messageTimeoutMillis: 300 } },
  });
  const socket = await connect(server.tcpPort);
  socket.write("REGISTER sip:sip.local SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\n");
  const drip = setInterval(() => socket.writable && socket.write("X"), 20);
  assertAnswer(await ping(server), 200);
  await once(socket.resume(), "close");
  clearInterval(drip);
  assertAnswer(await ping(server), 200);
  await server.stop();
});

Deno.test("A stream that is no SIP is closed at once", async () => {
  const server = await startTestServer({ domains: ["sip.local"], agents });
  const socket = await connect(server.tcpPort);
  socket.write(new Uint8Array([0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]));
  await once(socket.resume(), "close");
  assertAnswer(await ping(server), 200);
  await server.stop();
});

Deno.test("A message over the limit closes its connection; over UDP it is answered 513", async () => {
  const limits = { maxStreamMessageSize: 4096, maxDatagramSize: 4096 };
  const server = await startTestServer({ domains: ["sip.local"], agents, spec: { limits } });
  const socket = await connect(server.tcpPort);
  socket.write(oversized(5060).replace("Content-Length: 0", "Content-Length: 1000000"));
  assertAnswer(String((await once(socket, "data"))[0]), 513);
  await once(socket.resume(), "close");
  assertAnswer(await exchange(server.udpPort, (port) => oversized(port)), 513);
  assertAnswer(await ping(server), 200);
  await server.stop();
});

function oversized(port: number): string {
  return `OPTIONS sip:sip.local SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKbig\r\n` +
    `From: <sip:x@y.invalid>;tag=1\r\nTo: <sip:sip.local>\r\nCall-ID: big\r\nCSeq: 1 OPTIONS\r\n` +
    `Subject: ${"x".repeat(8000)}\r\nContent-Length: 0\r\n\r\n`;
}

Deno.test("A thousand Vias are refused, with a thousand Vias in the answer", async () => {
  const server = await startTestServer({ domains: ["sip.local"], agents });
  const vias = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n".repeat(999);
  const answer = await exchange(
    server.udpPort,
    (port) =>
      `OPTIONS sip:sip.local SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKvias\r\n${vias}` +
      `From: <sip:x@y.invalid>;tag=1\r\nTo: <sip:sip.local>\r\nCall-ID: vias\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
  );
  assertAnswer(answer, 400);
  assert.equal(answer.match(/^Via:/gm)?.length, 1000);
  await server.stop();
});

Deno.test("A REGISTER with ten thousand contacts over TCP is refused, and keeps nothing", async () => {
  const server = await startTestServer({ domains: ["sip.local"], agents });
  const socket = await connect(server.tcpPort);
  const contacts = Array.from({ length: 10_000 }, (_, i) => `<sip:1001@192.0.2.1:${i + 1}>`).join(",");
  socket.write(
    `REGISTER sip:sip.local SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKmany\r\n` +
      `From: <sip:1001@sip.local>;tag=1\r\nTo: <sip:1001@sip.local>\r\nCall-ID: many\r\nCSeq: 1 REGISTER\r\n` +
      // Beyond the largest head that a stream may bring, the connection ends instead.
      `Contact: ${contacts.slice(0, 60_000).replace(/,[^,]*$/, "")}\r\nContent-Length: 0\r\n\r\n`,
  );
  const [answer] = await once(socket, "data");
  assertAnswer(String(answer), 400);
  assert.equal(server.server.location.size, 0);
  await destroyAll([socket]);
  await server.stop();
});

Deno.test("RFC 4475 §3.3.9: on TCP a Content-Length that is no good is answered 400, then the connection ends", async () => {
  const server = await startTestServer({ domains: ["sip.local"], agents });
  for (const lengths of ["Content-Length: 0\r\nContent-Length: 5", "Content-Length: x", "l: -1", ""]) {
    const socket = await connect(server.tcpPort);
    socket.write(options(lengths));
    assertAnswer(String((await once(socket, "data"))[0]), 400);
    await once(socket.resume(), "close");
  }
  const socket = await connect(server.tcpPort);
  socket.write(options("Content-Length: 0\r\nContent-Length: 0"));
  assertAnswer(String((await once(socket, "data"))[0]), 200);
  await destroyAll([socket]);
  await server.stop();
});

function options(lengths: string): string {
  const lines = lengths === "" ? "" : `${lengths}\r\n`;
  return `OPTIONS sip:sip.local SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKlength\r\n` +
    `From: <sip:x@y.invalid>;tag=1\r\nTo: <sip:sip.local>\r\nCall-ID: length\r\nCSeq: 1 OPTIONS\r\n${lines}\r\n`;
}

Deno.test("A malformed request is answered 400 when it can be, and counted", async () => {
  const server = await startTestServer({ domains: ["sip.local"], agents });
  const answer = await exchange(
    server.udpPort,
    (port) =>
      `OPTIONS sip:sip.local SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKbad\r\n` +
      `From: <sip:x@y.invalid>;tag=1\r\nTo: <sip:sip.local>\r\nCall-ID: bad\r\nCSeq: one OPTIONS\r\n\r\n`,
  );
  assertAnswer(answer, 400);
  assert.equal(server.server.metrics.snapshot()["routr_malformed_messages_total"], 1);
  await server.stop();
});
