/** One connection as a flow: what waits to be sent, how long silence may last, how much the peer can make us keep. */
import type { Rejection } from "../message/sip_message.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import {
  type Flow,
  nextFlowId,
  type Transport,
  type TransportEvents,
  type TransportProtocol,
} from "./transport.ts";
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

/** What the connections of one transport share: bounds, sums, and the table where they are found. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  readonly events: TransportEvents;
  /** Bytes of messages that peers began and did not finish. */
  unfinishedBytes: number;
  /** Bytes that wait to be sent. */
  unsentBytes: number;
  /** Has a connection found by a further port and domain, too (RFC 5923). */
  addAlias(connection: Connection, port: number, domain: string): void;
  remove(connection: Connection): void;
  /** Ends the connection whose peer has not read for the longest time; false when all of them read. */
  endMostStalled(): boolean;
  /** Ends the connection that holds most bytes of an unfinished message; false when none holds any. */
  endMostUnfinished(): boolean;
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly host: ConnectionHost;
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
  readonly #host: ConnectionHost;
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
  readonly #since: number;
  #isPinged = false;
  #isOpen = true;
  #lastTraffic: number;
  /** When the connection, its first message or the rest of a message has to be there; Infinity when none is awaited. */
  #deadline: number;
  #giveUp: (() => void) | undefined;
  readonly #onEnd: (() => void) | undefined;
  readonly #onKnown: (() => void) | undefined;
  #linger: unknown;

  constructor(transport: Transport, peer: ConnectionPeer, parts: ConnectionParts) {
    this.transport = transport;
    this.protocol = transport.protocol;
    this.remoteAddress = peer.address;
    this.remotePort = peer.port;
    this.domain = peer.domain;
    this.isInbound = peer.isInbound;
    this.#isKnown = !peer.isInbound;
    this.#host = parts.host;
    this.#since = this.#lastTraffic = parts.host.clock.now();
    this.#giveUp = parts.giveUp;
    this.#onEnd = parts.onEnd;
    this.#onKnown = parts.onKnown;
    this.#deadline = this.#lastTraffic + parts.host.limits.messageTimeout;
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
    for (const name of this.#peerNames) this.#host.addAlias(this, port, name);
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
    if (this.#unsentBytes === 0) this.#lastProgress = this.#host.clock.now();
    this.#unsent.push(onFailure);
    this.#unsentSizes.push(size);
    this.#addUnsent(size);
    if (this.#wire) this.#wire.write(text);
    else (this.#waiting ??= []).push(text);
  }

  onTraffic(): void {
    this.#lastTraffic = this.#host.clock.now();
  }

  onMessage(text: string): void {
    if (!this.#isOpen) return;
    this.#hasSpoken = true;
    this.#deadline = Infinity;
    this.#host.events.onMessage(text, this);
  }

  onRejected(text: string, rejection: Rejection): void {
    if (this.#isOpen) this.#host.events.onRejected(text, rejection, this);
  }

  onUnfinished(bytes: number): void {
    if (!this.#isOpen) return;
    this.#hold(bytes);
    if (bytes === 0) {
      if (this.#hasSpoken) this.#deadline = Infinity;
    } else if (this.#deadline === Infinity) {
      this.#deadline = this.#host.clock.now() + this.#host.limits.messageTimeout;
    }
    // Who holds most of it has to go, not who brought the last byte.
    const { limits } = this.#host;
    while (this.#host.unfinishedBytes > limits.maxUnfinishedBytes && this.#host.endMostUnfinished());
  }

  /** Answered when nothing else waits to be read; however many come meanwhile, with one pong. */
  onPing(): void {
    if (this.#unsent.length === 0) this.send("\r\n");
    else this.#isPinged = true;
  }

  onWritten(count: number): void {
    if (!this.#isOpen) return;
    this.#lastProgress = this.#host.clock.now();
    this.#unsent.splice(0, count);
    for (const size of this.#unsentSizes.splice(0, count)) this.#addUnsent(-size);
    if (!this.#isPinged || this.#unsent.length > 0) return;
    this.#isPinged = false;
    this.send("\r\n");
  }

  onViolation(reason: string): void {
    if (!this.#isOpen) return;
    this.#host.events.onViolation(reason, this);
    this.end(reason);
  }

  onClosed(reason: string): void {
    this.end(reason);
    this.#host.clock.clearAlarm(this.#linger);
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
    const { messageTimeout, idleTimeout } = this.#host.limits;
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
    this.#host.remove(this);
    this.#close();
    this.#onEnd?.();
    const failed = this.#unsent.splice(0);
    for (const onFailure of failed) if (onFailure) queueMicrotask(() => onFailure(reason));
    queueMicrotask(() => this.#host.events.onFlowClosed(this));
  }

  #close(): void {
    const wire = this.#wire;
    if (!wire) return this.#giveUp?.();
    wire.end();
    this.#linger = this.#host.clock.setAlarm(() => wire.destroy(), LINGER);
  }

  /** Whether a message of this size may wait, if need be because others have to go whose peers do not read. */
  #makeRoom(size: number): boolean {
    const { limits } = this.#host;
    if (this.#unsentBytes + size > limits.maxUnsentBytes) return false;
    while (this.#isOpen && this.#host.unsentBytes + size > limits.maxTotalUnsentBytes) {
      if (!this.#host.endMostStalled()) return false;
    }
    return this.#isOpen;
  }

  #addUnsent(bytes: number): void {
    this.#unsentBytes += bytes;
    this.#host.unsentBytes += bytes;
  }

  #hold(bytes: number): void {
    this.#host.unfinishedBytes += bytes - this.#held;
    this.#held = bytes;
  }
}
