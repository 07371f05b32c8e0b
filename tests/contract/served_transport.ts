/** A transport under test with its events and its peers. */
import assert from "node:assert/strict";
import type { Rejection } from "../../src/message/sip_message.ts";
import type { ConnectionLimits } from "../../src/transport/connection_limits.ts";
import type { Flow, Transport, TransportEvents, TransportProtocol } from "../../src/transport/transport.ts";
import type { Endpoint, Peer, PeerListener, PeerProtocol } from "./transport_peers.ts";

/** One implementation and the raw sockets that talk to it. */
export interface TransportHarness<Kind extends Peer = Peer> {
  readonly name: string;
  readonly protocol: TransportProtocol;
  readonly peers: PeerProtocol<Kind>;
  /** Bytes of the largest message that must pass in either direction. */
  readonly maxMessageSize: number;
  /** Messages at once without loss. */
  readonly window: number;
  /** True when messages arrive in order. */
  readonly isOrdered: boolean;
  /** A transport that is not listening yet. `limits` concern connections only. */
  create(endpoint: Endpoint, limits?: Partial<ConnectionLimits>): Transport;
}

export const LOOPBACK: Endpoint = { address: "127.0.0.1", port: 0 };

/** Time limit for all waits; only a fault takes so long. */
const TIMEOUT_MS = 3_000;

const ALL_BYTES = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");

/** The first `length` characters of all 256 bytes over and over. */
export function bytes(length: number): string {
  return ALL_BYTES.repeat(Math.ceil(length / 256)).slice(0, length);
}

/** A message that is recognised by its Call-ID. */
export function message(callId: string | number, body = ""): string {
  const length = String(body.length).padStart(8, "0");
  return `MESSAGE sip:bob@biloxi.com SIP/2.0\r\nCall-ID: ${callId}\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

/** A message of `size` bytes, all 256 among them when there is room. */
export function messageOfSize(size: number): string {
  return message("large", bytes(size - message("large").length));
}

/** Awaits a promise, and fails with `what` when it is late. */
export async function within<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `Not in time: ${what}` })),
      TIMEOUT_MS,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Registers a test with the sanitizers on: it fails if an operation, a timer or a socket is left behind. */
export function contractTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true });
}

/** A listening transport whose events are recorded, and checked for their order. */
export class ServedTransport implements TransportEvents, AsyncDisposable {
  readonly transport: Transport;
  readonly messages: { text: string; flow: Flow }[] = [];
  /** Rejected messages; the peer is sent a line. */
  readonly refusals: { text: string; status: number }[] = [];
  readonly opened: Flow[] = [];
  readonly closed: Flow[] = [];
  readonly violations: string[] = [];
  /** The reaction of the layer above to a message. */
  answer: (text: string, flow: Flow) => void = () => {};
  #isClosed = false;
  #wake = () => {};

  private constructor(transport: Transport) {
    this.transport = transport;
  }

  static async listen(
    harness: TransportHarness,
    endpoint = LOOPBACK,
    limits?: Partial<ConnectionLimits>,
  ): Promise<ServedTransport> {
    const served = new ServedTransport(harness.create(endpoint, limits));
    await served.transport.listen(served);
    return served;
  }

  get texts(): string[] {
    return this.messages.map(({ text }) => text);
  }

  onMessage(text: string, flow: Flow): void {
    assert.equal(this.#isClosed, false, "no message comes after close()");
    this.messages.push({ text, flow });
    this.answer(text, flow);
    this.#wake();
  }

  onRejected(text: string, { status, reason }: Rejection, flow: Flow): void {
    this.refusals.push({ text, status });
    flow.send(`${status} ${reason}`);
    this.#wake();
  }

  onFlowOpened(flow: Flow): void {
    assert.equal(flow.isOpen, true);
    this.opened.push(flow);
    this.#wake();
  }

  onFlowClosed(flow: Flow): void {
    assert.equal(flow.isOpen, false, "isOpen is false when onFlowClosed is called");
    assert.ok(this.opened.includes(flow), "a flow is opened before it is closed");
    assert.ok(!this.closed.includes(flow), "a flow is closed once");
    this.closed.push(flow);
    this.#wake();
  }

  onViolation(reason: string): void {
    this.violations.push(reason);
    this.#wake();
  }

  /** Resolves when a condition holds, which is checked after each event. */
  until(condition: () => boolean, what: string): Promise<void> {
    const met = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (condition()) resolve();
      };
      this.#wake();
    });
    return within(met, what);
  }

  /** The flow that the first message came by. */
  async firstFlow(): Promise<Flow> {
    await this.until(() => this.messages.length > 0, "a first message");
    return this.messages[0].flow;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    await within(this.transport.close(), "close()");
    this.#isClosed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Sends a message and resolves with the reason of its failure. */
export function failureOf(flow: Flow, text: string): Promise<string> {
  let isSending = true;
  const failure = new Promise<string>((resolve) =>
    flow.send(text, (reason) => {
      assert.equal(isSending, false, "onFailure is not called inside send()");
      resolve(reason);
    })
  );
  isSending = false;
  return within(failure, "onFailure");
}

/** Far ends that are closed when the test ends. */
export class Peers<Kind extends Peer> implements Disposable {
  readonly #protocol: PeerProtocol<Kind>;
  readonly #all: { close(): void }[] = [];

  constructor(harness: TransportHarness<Kind>) {
    this.#protocol = harness.peers;
  }

  /** Connects a peer to the transport, at one of its addresses. */
  async connect({ transport }: ServedTransport, address = transport.address): Promise<Kind> {
    return this.#keep(
      await within(this.#protocol.connect({ address, port: transport.port }), "a connection"),
    );
  }

  listen(address = LOOPBACK.address): PeerListener<Kind> {
    return this.#keep(this.#protocol.listen(address));
  }

  /** The peer that the transport speaks to at this listener. */
  async accept(listener: PeerListener<Kind>): Promise<Kind> {
    return this.#keep(await within(listener.accept(), "the transport to call"));
  }

  [Symbol.dispose](): void {
    for (const one of this.#all) one.close();
  }

  #keep<One extends { close(): void }>(one: One): One {
    this.#all.push(one);
    return one;
  }
}
