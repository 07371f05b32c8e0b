/** A connection from a phone of the bench to a server: whole messages out and in, over TCP, TLS or WebSocket. */
import type { Buffer } from "node:buffer";
import net from "node:net";
import tls from "node:tls";
// @ts-types="./ws.d.ts"
import { WebSocket } from "ws";
import { MessageSplitter } from "./message_splitter.ts";
import { DOMAIN } from "./subscribers.ts";

export const CONNECTION_PROTOCOLS = ["tcp", "tls", "ws"] as const;
export type ConnectionProtocol = typeof CONNECTION_PROTOCOLS[number];

export interface PhoneConnection {
  readonly protocol: ConnectionProtocol | "udp";
  /** The phone's own end. */
  readonly address: string;
  readonly port: number;
  readonly isOpen: boolean;
  /** Bytes given to `send` that the server has not taken. */
  readonly unsentBytes: number;
  /** Called with each message of the server; text is latin1. */
  onMessage: (text: string) => void;
  send(text: string): void;
  /** From now on nothing that the server sends is taken from the kernel. */
  stopReading(): void;
  close(): void;
  /** Ends it by a reset (RST), as a router does that has forgotten it. */
  reset(): void;
}

export interface ConnectOptions {
  readonly protocol: ConnectionProtocol;
  /** Of the server on 127.0.0.1. */
  readonly port: number;
  /** Where to connect from: an address in 127.0.0.0/8. */
  readonly localAddress: string;
}

/** Resolves when the connection is established, handshakes included; rejects when that fails or takes 30 s. */
export function connect(options: ConnectOptions): Promise<PhoneConnection> {
  const signal = AbortSignal.timeout(30_000);
  return options.protocol === "ws" ? connectWebSocket(options, signal) : connectStream(options, signal);
}

async function connectStream(options: ConnectOptions, signal: AbortSignal): Promise<PhoneConnection> {
  const { protocol, port } = options;
  const socket = openSocket(options);
  await established(socket, "connect", { signal, port });
  if (protocol === "tcp") return new StreamConnection(protocol, socket, socket);
  // The certificate was made for this run; who presents it is not what is measured.
  const secured = tls.connect({ socket, servername: DOMAIN, rejectUnauthorized: false });
  await established(secured, "secureConnect", { signal, port });
  return new StreamConnection("tls", secured, socket);
}

async function connectWebSocket(options: ConnectOptions, signal: AbortSignal): Promise<PhoneConnection> {
  const { port } = options;
  const socket = openSocket(options);
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}`, "sip", {
    perMessageDeflate: false,
    createConnection: () => socket,
  });
  await established(webSocket, "open", { signal, port });
  return new WebSocketConnection(webSocket, socket);
}

function openSocket({ port, localAddress }: ConnectOptions): net.Socket {
  return net.connect({ host: "127.0.0.1", port, localAddress, noDelay: true });
}

interface Emitter {
  once(event: string, listener: (error: Error) => void): unknown;
  off(event: string, listener: (error: Error) => void): unknown;
}

function established(
  emitter: Emitter,
  event: string,
  { signal, port }: { signal: AbortSignal; port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new Error(`Cannot connect to 127.0.0.1:${port}: ${error.message}`));
    const expire = () => fail(new Error("it took too long"));
    signal.addEventListener("abort", expire);
    emitter.once("error", fail);
    emitter.once(event, () => {
      signal.removeEventListener("abort", expire);
      emitter.off("error", fail);
      resolve();
    });
  });
}

class StreamConnection implements PhoneConnection {
  readonly protocol: ConnectionProtocol;
  readonly address: string;
  readonly port: number;
  isOpen = true;
  onMessage: (text: string) => void = ignore;
  readonly #socket: net.Socket;
  readonly #raw: net.Socket;

  /** @param socket what messages go over; `raw` is the same, or the TCP connection below TLS */
  constructor(protocol: ConnectionProtocol, socket: net.Socket, raw: net.Socket) {
    this.protocol = protocol;
    this.address = raw.localAddress!;
    this.port = raw.localPort!;
    this.#socket = socket;
    this.#raw = raw;
    const splitter = new MessageSplitter((text) => this.onMessage(text));
    socket.on("data", (chunk: Buffer) => splitter.push(chunk.toString("latin1")));
    socket.on("close", () => this.isOpen = false);
    socket.on("error", () => this.isOpen = false);
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  send(text: string): void {
    if (this.isOpen) this.#socket.write(text, "latin1");
  }

  stopReading(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }

  reset(): void {
    this.isOpen = false;
    this.#raw.resetAndDestroy();
  }
}

class WebSocketConnection implements PhoneConnection {
  readonly protocol = "ws";
  readonly address: string;
  readonly port: number;
  isOpen = true;
  onMessage: (text: string) => void = ignore;
  readonly #socket: WebSocket;
  readonly #raw: net.Socket;

  constructor(socket: WebSocket, raw: net.Socket) {
    this.address = raw.localAddress!;
    this.port = raw.localPort!;
    this.#socket = socket;
    this.#raw = raw;
    socket.on("message", (data: Buffer) => this.onMessage(data.toString("latin1")));
    socket.on("close", () => this.isOpen = false);
    socket.on("error", () => this.isOpen = false);
  }

  get unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: string): void {
    if (this.isOpen) this.#socket.send(text);
  }

  stopReading(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.terminate();
  }

  reset(): void {
    this.isOpen = false;
    this.#raw.resetAndDestroy();
  }
}

function ignore(): void {}
