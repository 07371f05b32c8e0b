/** A connection as a flow, with bounds on silence, on unsent messages and on unfinished ones. */
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

/** Bytes that a queued message counts beyond its own. */
const MESSAGE_OVERHEAD = 256;

/** A connection that is not established after so many message timeouts is ended. */
const MAX_UNESTABLISHED_TIMEOUTS = 4;

/** Time for a connection to send its last bytes. */
const LINGER_MS = 1000;

/** The other end of a connection. */
export interface ConnectionPeer {
  readonly address: string;
  readonly port: number;
  /** The domain that its certificate must be for, if we connect and the transport has certificates (RFC 5922). */
  readonly domain?: string;
  /** True when the peer made the connection. */
  readonly isInbound: boolean;
}

/** The bounds, sums and look-up table that the connections of a transport share. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  readonly events: TransportEvents;
  /** Bytes of unfinished messages. */
  unfinishedBytes: number;
  /** Bytes that wait to be sent. */
  unsentBytes: number;
  /** Makes a connection known by a further port and domain (RFC 5923). */
  addAlias(connection: Connection, port: number, domain: string): void;
  remove(connection: Connection): void;
  /** Ends the connection whose peer has not read for longest; returns false when all peers read. */
  endMostStalled(): boolean;
  /** Ends the connection with most bytes of an unfinished message; returns false when there are none. */
  endMostUnfinished(): boolean;
}

export interface ConnectionParts {
  readonly host: ConnectionHost;
  /** Stops connecting, when the connection ends before it has a wire. */
  readonly giveUp?: () => void;
  readonly onEnd?: () => void;
  /** The peer was served, so the connection no longer makes room for others. */
  readonly onEstablished?: () => void;
}

type OnFailure = (reason: string) => void;

/** A connection that is being made, open or closed. Messages wait until it is made. */
export class Connection implements Flow, WireEvents {
  readonly protocol: TransportProtocol;
  readonly id = nextFlowId();
  readonly isConnection = true;
  readonly isInbound: boolean;
  readonly transport: Transport;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly domain: string | undefined;
  /** Further keys of this connection in the table. */
  readonly aliases: string[] = [];
  readonly #parts: ConnectionParts;
  readonly #host: ConnectionHost;
  #wire: Wire | undefined;
  /** Messages sent before the connection is made. */
  #waiting: string[] | undefined;
  /** Callbacks and sizes of messages that have not left, oldest first. */
  readonly #unsent: (OnFailure | undefined)[] = [];
  readonly #unsentSizes: number[] = [];
  #unsentBytes = 0;
  /** When the peer last read, or had nothing to read. */
  #lastProgress = 0;
  /** Bytes of an unfinished message. */
  #held = 0;
  #peerNames: readonly string[] = [];
  #hasSpoken = false;
  /** True when we made the connection, or the peer was served. */
  #isEstablished: boolean;
  readonly #since: number;
  #isPinged = false;
  #isOpen = true;
  #lastTraffic: number;
  /** Time limit for the connection, its first message, or the rest of a message; Infinity for none. */
  #deadline: number;
  #linger: unknown;

  constructor(transport: Transport, peer: ConnectionPeer, parts: ConnectionParts) {
    this.transport = transport;
    this.protocol = transport.protocol;
    this.remoteAddress = peer.address;
    this.remotePort = peer.port;
    this.domain = peer.domain;
    this.isInbound = peer.isInbound;
    this.#isEstablished = !peer.isInbound;
    this.#parts = parts;
    this.#host = parts.host;
    this.#since = this.#lastTraffic = parts.host.clock.now();
    this.#deadline = this.#lastTraffic + parts.host.limits.messageTimeout;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isEstablished(): boolean {
    return this.#isEstablished;
  }

  markEstablished(): void {
    if (this.#isEstablished) return;
    this.#isEstablished = true;
    this.#parts.onEstablished?.();
  }

  addAlias(port: number): void {
    for (const name of this.#peerNames) this.#host.addAlias(this, port, name);
  }

  /** The connection is made. `peerNames` come from the valid certificate of the peer. */
  attach(wire: Wire, peerNames: readonly string[] = []): void {
    if (!this.#isOpen) return wire.destroy();
    this.#wire = wire;
    this.#peerNames = peerNames;
    this.onTraffic();
    if (this.isInbound) return;
    // A peer that we called need not speak first.
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
    // The connection with most unfinished bytes is ended, not the one that brought the last.
    const { limits } = this.#host;
    while (this.#host.unfinishedBytes > limits.maxUnfinishedBytes && this.#host.endMostUnfinished());
  }

  /** Answers with a pong when nothing else waits to be read; pings that come meanwhile share it. */
  onPing(): void {
    if (this.#unsent.length === 0) this.send("\r\n");
    else this.#isPinged = true;
  }

  onWritten(count: number): void {
    if (!this.#isOpen) return;
    if (count >= this.#unsent.length) {
      this.#unsent.length = this.#unsentSizes.length = 0;
      this.#addUnsent(-this.#unsentBytes);
    } else {
      this.#lastProgress = this.#host.clock.now();
      this.#unsent.splice(0, count);
      for (const size of this.#unsentSizes.splice(0, count)) this.#addUnsent(-size);
    }
    if (!this.#isPinged || this.#unsent.length > 0) return;
    this.#isPinged = false;
    this.send("\r\n");
  }

  onViolation(reason: string): void {
    if (!this.#isOpen) return;
    this.#host.events.onViolation(reason, this);
    this.end(reason);
  }

  onEnd(reason: string): void {
    this.end(reason);
  }

  onClosed(reason: string): void {
    this.end(reason);
    this.#host.clock.clearAlarm(this.#linger);
  }

  /** Bytes of the unfinished message. */
  get unfinishedBytes(): number {
    return this.#held;
  }

  /** The time since which the peer does not read; Infinity when nothing waits. */
  get stalledSince(): number {
    return this.#unsentBytes > 0 ? this.#lastProgress : Infinity;
  }

  /** Ends the connection when it is idle, or misses a time limit. */
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
    else if (!this.#isEstablished && now - this.#since > MAX_UNESTABLISHED_TIMEOUTS * messageTimeout) {
      this.end("Connection was of no use");
    } else if (now - this.#lastTraffic > idleTimeout) this.end("Connection was idle");
  }

  /** Pings a WebSocket, which keeps proxies from closing it and detects a peer that is gone. */
  ping(): void {
    this.#wire?.ping?.();
  }

  /** Ends the connection. Unsent messages fail. */
  end(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#hold(0);
    this.#addUnsent(-this.#unsentBytes);
    this.#waiting = undefined;
    this.#host.remove(this);
    this.#close();
    this.#parts.onEnd?.();
    const failed = this.#unsent.splice(0);
    for (const onFailure of failed) if (onFailure) queueMicrotask(() => onFailure(reason));
    queueMicrotask(() => this.#host.events.onFlowClosed(this));
  }

  #close(): void {
    const wire = this.#wire;
    if (!wire) return this.#parts.giveUp?.();
    wire.end();
    this.#linger = this.#host.clock.setAlarm(() => wire.destroy(), LINGER_MS);
  }

  /** Reports whether a message may wait, after ending connections whose peers do not read if necessary. */
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
