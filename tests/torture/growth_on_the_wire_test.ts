/** Long messages over real sockets: whatever their bytes, the next request is answered as after a long Subject. */
import assert from "node:assert/strict";
import process from "node:process";
import net from "node:net";
import { startTestServer, type TestServer } from "../support/server.ts";

/** Milliseconds of CPU, those of the sender included; what costs more than its length took seconds. */
const UNREMARKABLE = 250;
const ATTEMPTS = 4;

/** Sends texts as messages, and reads responses. */
interface Wire {
  send(text: string): void;
  /** The next text that comes. */
  receive(): Promise<string>;
  close(): Promise<void> | void;
}

interface Way {
  readonly protocol: "udp" | "tcp" | "ws";
  /** Bytes of the longest message. */
  readonly longest: number;
  connect(port: number): Promise<Wire> | Wire;
}

const WAYS: readonly Way[] = [
  { protocol: "udp", longest: 65_000, connect: connectUdp },
  { protocol: "tcp", longest: 65_000, connect: connectTcp },
  { protocol: "ws", longest: 1_040_000, connect: connectWebSocket },
];

/** Makes header lines of about `size` bytes. */
const SHAPES: Readonly<Record<string, (bytes: number) => string>> = {
  "a long Subject": (bytes) => `Subject: ${"x".repeat(bytes)}\r\n`,
  "a long Call-ID and many signed Routes": (bytes) =>
    `Call-ID: ${"c".repeat(bytes / 2)}\r\nRoute: ${
      "<sip:0123456789abcdef.a.b@127.0.0.1:5060;lr>,".repeat(bytes / 90)
    }<sip:127.0.0.1;lr>\r\n`,
  "a long Call-ID and as many Routes as allowed": (bytes) =>
    `Call-ID: ${"c".repeat(Math.max(1, bytes - 5_000))}\r\nRoute: ${
      "<sip:0123456789abcdef.a.b@127.0.0.1:5060;lr>,".repeat(99)
    }<sip:127.0.0.1;lr>\r\n`,
  "many Routes": (bytes) => `Route: ${"<sip:127.0.0.1;lr>,".repeat(bytes / 19)}<sip:127.0.0.1;lr>\r\n`,
  "rows that end in LF": (bytes) => `Subject: x\r\n${"a:\n".repeat(bytes / 3)}`,
  "rows of Max-Breadth": (bytes) => "Max-Breadth: 60\r\n".repeat(bytes / 17),
};

let count = 0;

function request(method: string, protocol: string, lines: string): string {
  count++;
  const callId = lines.includes("Call-ID") ? "" : `Call-ID: wire-${count}\r\n`;
  return `${method} sip:sip.local SIP/2.0\r\n` +
    `Via: SIP/2.0/${protocol.toUpperCase()} 127.0.0.1:5060;branch=z9hG4bK-wire-${count};rport\r\n` +
    `From: <sip:x@y.invalid>;tag=1\r\nTo: <sip:sip.local>;tag=2\r\n${callId}CSeq: ${count} ${method}\r\n` +
    `Max-Forwards: 70\r\n${lines}Content-Length: 0\r\n\r\n`;
}

for (const way of WAYS) {
  for (const [name, grown] of Object.entries(SHAPES)) {
    Deno.test(`${way.protocol}: ${name} in up to ${way.longest} bytes keeps nobody waiting`, async () => {
      const server = await startTestServer({
        domains: ["sip.local"],
        agents: [],
        spec: { transport: [{ protocol: way.protocol, port: 0 }], access: { preset: "off" } },
      });
      for (let bytes = 1_000; bytes < 2 * way.longest; bytes *= 4) {
        const lines = grown(Math.min(bytes, way.longest) - 600);
        let least = Infinity;
        for (let i = 0; i < ATTEMPTS && least > UNREMARKABLE; i++) {
          least = Math.min(least, await cost(server, way, lines));
        }
        assert.ok(least <= UNREMARKABLE, `${bytes} bytes took ${least} ms`);
      }
      await server.stop();
    });
  }
}

/** Milliseconds of CPU until a request is answered that comes right behind a long message. */
async function cost({ server }: TestServer, { protocol, connect }: Way, lines: string): Promise<number> {
  const wire = await connect(server.transports[0].port);
  const before = process.cpuUsage();
  wire.send(request("INFO", protocol, lines));
  const ping = request("OPTIONS", protocol, "");
  wire.send(ping);
  const cseq = /CSeq: \d+ OPTIONS/.exec(ping)![0];
  // Where the long message ended the stream, there is an end in the place of an answer.
  for (let text = await wire.receive(); text !== "" && !text.includes(cseq); text = await wire.receive());
  const { user, system } = process.cpuUsage(before);
  await wire.close();
  return (user + system) / 1000;
}

function connectUdp(port: number): Wire {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  return {
    send: (text) =>
      void socket.send(new TextEncoder().encode(text), { transport: "udp", hostname: "127.0.0.1", port }),
    receive: async () => new TextDecoder().decode((await socket.receive())[0]),
    close: () => socket.close(),
  };
}

async function connectTcp(port: number): Promise<Wire> {
  const socket = net.connect(port, "127.0.0.1");
  const inbox = new Inbox();
  socket.on("error", () => {});
  socket.on("data", (bytes) => inbox.put(String(bytes)));
  socket.on("close", () => inbox.put(""));
  await new Promise((resolve) => socket.once("connect", resolve));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return {
    send: (text) => void socket.write(text),
    receive: () => inbox.take(),
    close: () => {
      socket.destroy();
      return closed;
    },
  };
}

async function connectWebSocket(port: number): Promise<Wire> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, "sip");
  const inbox = new Inbox();
  socket.onmessage = ({ data }) => inbox.put(String(data));
  await new Promise((resolve) => socket.onopen = resolve);
  const closed = new Promise<void>((resolve) =>
    socket.onclose = () => {
      inbox.put("");
      resolve();
    }
  );
  return {
    send: (text) => socket.send(text),
    receive: () => inbox.take(),
    close: () => {
      socket.close();
      return closed;
    },
  };
}

/** Received messages that were not taken yet. */
class Inbox {
  readonly #texts: string[] = [];
  #wake = () => {};

  put(text: string): void {
    this.#texts.push(text);
    this.#wake();
  }

  async take(): Promise<string> {
    while (this.#texts.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    return this.#texts.shift()!;
  }
}
