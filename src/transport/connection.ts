/** One connection as a flow: what waits to be sent, how long silence may last, how much the peer can make us keep. */
import type { Refusal } from "../message/stream_framer.ts";
import type { ConnectionTable } from "./connection_table.ts";
import { type Flow, nextFlowId, type Transport, type TransportProtocol } from "./transport.ts";
import type { Wire, WireEvents } from "./wire.ts";

/** What a queued message costs beyond its bytes. */
const MESSAGE_OVERHEAD = 256;

/** How many times the time for a message a connection may take to be of any use. */
const PATIENCE_WITH_STRANGERS = 4;

/** Milliseconds that a connection may take to send its last bytes. */
const LINGER = 1000;

/** The other end of a connection. */
export interface ConnectionPeer {
  readonly address: string;
  readonly port: number;
  /** The domain that its certificate has to be for; only where we connect and there are certificates (RFC 5922). */
  readonly domain?: string;
  /** Whether the peer made the connection. */
  readonly isInbound: boolean;
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly table: ConnectionTable;
  /** Stops connecting: the connection is ended before it has a wire. */
  readonly giveUp?: () => void;
  readonly onEnd?: () => void;
  /** The peer was served: the connection need not make room for others any more. */
  readonly onKnown?: () => void;
}

type OnFailure = (reason: string) => void;

/** A connection that is being made, is open, or is over. Messages sent before it is made wait for it. */
export class Connection implements Flow, WireEvents {
  readonly protocol: TransportProtocol;
  readonly id = nextFlowId();
  readonly isConnection = true;
  readonly isInbound: boolean;
  readonly transport: Transport;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly domain: string | undefined;
  /** Further keys of the table that lead here. */
  readonly aliases: string[] = [];
  readonly #table: ConnectionTable;
  #wire: Wire | undefined;
  /** Messages that wait for the connection to be made. */
  #waiting: string[] | undefined;
  /** Messages that have not left, oldest first: whom to tell when they do not, and what they cost. */
  readonly #unsent: (OnFailure | undefined)[] = [];
  readonly #unsentSizes: number[] = [];
  #unsentBytes = 0;
  /** When the peer was last seen to read, or there was nothing to read. */
  #lastProgress = 0;
  /** Bytes of an unfinished message. */
  #held = 0;
  #peerNames: readonly string[] = [];
  #hasSpoken = false;
  /** Whether it was of use: until then it is a stranger's, and does not stay for long. */
  #isKnown: boolean;
  readonly #since = performance.now();
  #isPinged = false;
  #isOpen = true;
  #lastTraffic = performance.now();
  /** When the connection, its first message or the rest of a message has to be there; Infinity when none is awaited. */
  #deadline: number;
  #giveUp: (() => void) | undefined;
  readonly #onEnd: (() => void) | undefined;
  readonly #onKnown: (() => void) | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;

  constructor(transport: Transport, peer: ConnectionPeer, parts: ConnectionParts) {
    this.transport = transport;
    this.protocol = transport.protocol;
    this.remoteAddress = peer.address;
    this.remotePort = peer.port;
    this.domain = peer.domain;
    this.isInbound = peer.isInbound;
    this.#isKnown = !peer.isInbound;
    this.#table = parts.table;
    this.#giveUp = parts.giveUp;
    this.#onEnd = parts.onEnd;
    this.#onKnown = parts.onKnown;
    this.#deadline = this.#lastTraffic + parts.table.limits.messageTimeout;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  markKnown(): void {
    if (this.#isKnown) return;
    this.#isKnown = true;
    this.#onKnown?.();
  }

  addAlias(port: number): void {
    for (const name of this.#peerNames) this.#table.addAlias(this, port, name);
  }

  /** The connection is made; `peerNames` are those in the peer's certificate, when it was checked and found good. */
  attach(wire: Wire, peerNames: readonly string[] = []): void {
    if (!this.#isOpen) return wire.destroy();
    this.#wire = wire;
    this.#peerNames = peerNames;
    this.#giveUp = undefined;
    this.onTraffic();
    if (this.isInbound) return;
    // Who was called need not speak first.
    this.#hasSpoken = true;
    this.#deadline = Infinity;
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const text of waiting) wire.write(text);
  }

  send(text: string, onFailure?: OnFailure): void {
    if (!this.#isOpen) {
      if (onFailure) queueMicrotask(() => onFailure("Connection is closed"));
      return;
    }
    const size = text.length + MESSAGE_OVERHEAD;
    if (!this.#makeRoom(size)) {
      this.onViolation("Peer does not read");
      if (onFailure) queueMicrotask(() => onFailure("Peer does not read"));
      return;
    }
    if (this.#unsentBytes === 0) this.#lastProgress = performance.now();
    this.#unsent.push(onFailure);
    this.#unsentSizes.push(size);
    this.#addUnsent(size);
    if (this.#wire) this.#wire.write(text);
    else (this.#waiting ??= []).push(text);
  }

  onTraffic(): void {
    this.#lastTraffic = performance.now();
  }

  onMessage(text: string): void {
    if (!this.#isOpen) return;
    this.#hasSpoken = true;
    this.#deadline = Infinity;
    this.#table.events.onMessage(text, this);
  }

  onRefusal(text: string, refusal: Refusal): void {
    if (this.#isOpen) this.#table.events.onRefusal(text, refusal, this);
  }

  onUnfinished(bytes: number): void {
    if (!this.#isOpen) return;
    this.#hold(bytes);
    if (bytes === 0) {
      if (this.#hasSpoken) this.#deadline = Infinity;
    } else if (this.#deadline === Infinity) {
      this.#deadline = performance.now() + this.#table.limits.messageTimeout;
    }
    // Who holds most of it has to go, not who brought the last byte.
    const { limits } = this.#table;
    while (this.#table.unfinishedBytes > limits.maxUnfinishedBytes && this.#table.endMostUnfinished());
  }

  /** Answered when nothing else waits to be read; however many come meanwhile, with one pong. */
  onPing(): void {
    if (this.#unsent.length === 0) this.send("\r\n");
    else this.#isPinged = true;
  }

  onWritten(count: number): void {
    if (!this.#isOpen) return;
    this.#lastProgress = performance.now();
    this.#unsent.splice(0, count);
    for (const size of this.#unsentSizes.splice(0, count)) this.#addUnsent(-size);
    if (!this.#isPinged || this.#unsent.length > 0) return;
    this.#isPinged = false;
    this.send("\r\n");
  }

  onViolation(reason: string): void {
    if (!this.#isOpen) return;
    this.#table.events.onViolation(reason, this);
    this.end(reason);
  }

  onClosed(reason: string): void {
    this.end(reason);
    clearTimeout(this.#linger);
  }

  /** Bytes of a message that the peer began and did not finish. */
  get unfinishedBytes(): number {
    return this.#held;
  }

  /** Since when nothing of what waits has left; Infinity when nothing waits. */
  get stalledSince(): number {
    return this.#unsentBytes > 0 ? this.#lastProgress : Infinity;
  }

  /** Ends the connection when it was silent for too long, or did not do in time what was awaited. */
  checkTime(now: number): void {
    const { messageTimeout, idleTimeout } = this.#table.limits;
    if (now > this.#deadline) {
      this.onViolation(
        this.#held > 0
          ? "Message was not finished in time"
          : this.#wire
          ? "No message came in time"
          : "Connection could not be made in time",
      );
    } else if (now - this.stalledSince > messageTimeout) this.onViolation("Peer does not read");
    else if (!this.#isKnown && now - this.#since > PATIENCE_WITH_STRANGERS * messageTimeout) {
      this.end("Connection was of no use");
    } else if (now - this.#lastTraffic > idleTimeout) this.end("Connection was idle");
  }

  /** Keeps the ways of a WebSocket through proxies open, and shows when the peer is gone. */
  ping(): void {
    this.#wire?.ping?.();
  }

  /** Ends the connection; what is not sent by now fails. */
  end(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#hold(0);
    this.#addUnsent(-this.#unsentBytes);
    this.#waiting = undefined;
    this.#table.remove(this);
    this.#close();
    this.#onEnd?.();
    const failed = this.#unsent.splice(0);
    for (const onFailure of failed) if (onFailure) queueMicrotask(() => onFailure(reason));
    queueMicrotask(() => this.#table.events.onFlowClosed(this));
  }

  #close(): void {
    const wire = this.#wire;
    if (!wire) return this.#giveUp?.();
    wire.end();
    this.#linger = setTimeout(() => wire.destroy(), LINGER);
  }

  /** Whether a message of this size may wait, if need be because others have to go whose peers do not read. */
  #makeRoom(size: number): boolean {
    const { limits } = this.#table;
    if (this.#unsentBytes + size > limits.maxUnsentBytes) return false;
    while (this.#isOpen && this.#table.unsentBytes + size > limits.maxTotalUnsentBytes) {
      if (!this.#table.endMostStalled()) return false;
    }
    return this.#isOpen;
  }

  #addUnsent(bytes: number): void {
    this.#unsentBytes += bytes;
    this.#table.unsentBytes += bytes;
  }

  #hold(bytes: number): void {
    this.#table.unfinishedBytes += bytes - this.#held;
    this.#held = bytes;
  }
}
