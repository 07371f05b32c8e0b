/** One connection of a stream transport: framing, keep-alive, idle and back-pressure limits. */
import type net from "node:net";
import { StreamFramer } from "../message/stream_framer.ts";
import {
  type Flow,
  nextFlowId,
  type Transport,
  type TransportEvents,
  type TransportProtocol,
} from "./transport.ts";

/** What a queued write costs beyond its bytes. */
const WRITE_OVERHEAD = 256;

/** Milliseconds that a connection may take to send its last bytes. */
const LINGER = 1000;

/** Bounds on what peers can make us keep (`spec.limits`). */
export interface StreamLimits {
  /** Bytes of one message. */
  readonly maxMessageSize: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Milliseconds without traffic after which a connection is closed. */
  readonly idleTimeout: number;
  /** Milliseconds a peer has to finish a message it began, and to connect. */
  readonly messageTimeout: number;
  /** Bytes that may wait for a peer that does not read. */
  readonly maxUnsentBytes: number;
  /** Bytes of unfinished messages, all connections of the transport together. */
  readonly maxUnfinishedBytes: number;
}

/** What the unfinished messages of a transport occupy. */
export interface UnfinishedBytes {
  total: number;
}

/** What a `StreamFlow` is made of. */
export interface StreamFlowParts {
  readonly socket: net.Socket;
  readonly address: string;
  readonly port: number;
  /** Whether the peer made the connection, or we are still making it. */
  readonly isInbound: boolean;
  readonly unfinished: UnfinishedBytes;
  readonly limits: StreamLimits;
  readonly events: TransportEvents;
}

/** A connection as a flow. The transport feeds it and closes it when the socket is gone. */
export class StreamFlow implements Flow {
  readonly protocol: TransportProtocol;
  readonly id = nextFlowId();
  readonly isConnection = true;
  readonly isInbound: boolean;
  readonly transport: Transport;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #socket: net.Socket;
  readonly #limits: StreamLimits;
  readonly #events: TransportEvents;
  readonly #framer: StreamFramer;
  readonly #pending = new Set<{ onFailure: (reason: string) => void }>();
  readonly #unfinished: UnfinishedBytes;
  /** What this connection has in `unfinished`. */
  #held = 0;
  /** Writes that the socket has not taken yet. */
  #queued = 0;
  #hasSpoken = false;
  #isPinged = false;
  #isOpen = true;
  /** Runs while connecting, until the first message, and in the middle of each. */
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;

  constructor(transport: Transport, parts: StreamFlowParts) {
    this.transport = transport;
    this.protocol = transport.protocol;
    this.remoteAddress = parts.address;
    this.remotePort = parts.port;
    this.#socket = parts.socket;
    this.#limits = parts.limits;
    this.#events = parts.events;
    this.isInbound = parts.isInbound;
    this.#unfinished = parts.unfinished;
    this.#framer = new StreamFramer({
      onMessage: (text) => {
        this.#hasSpoken = true;
        this.#stopDeadline();
        this.#events.onMessage(text, this);
      },
      onPing: () => this.#isPinged = true,
      onFailure: (reason) => this.#violate(reason),
    }, parts.limits.maxMessageSize);
    this.#socket.setTimeout(parts.limits.idleTimeout, () => this.end("Connection was idle"));
    this.#startDeadline(parts.isInbound ? "No message came in time" : "Connection could not be made in time");
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(text: string, onFailure?: (reason: string) => void): void {
    if (!this.#isOpen) {
      if (onFailure) queueMicrotask(() => onFailure("Connection is closed"));
      return;
    }
    const unsent = this.#socket.writableLength + this.#queued * WRITE_OVERHEAD + text.length;
    if (unsent > this.#limits.maxUnsentBytes) {
      this.#violate("Peer does not read");
      if (onFailure) queueMicrotask(() => onFailure("Peer does not read"));
      return;
    }
    const message = onFailure && { onFailure };
    if (message) this.#pending.add(message);
    this.#queued++;
    this.#socket.write(text, "latin1", (error) => {
      this.#queued--;
      if (!error && message) this.#pending.delete(message);
    });
  }

  /** Bytes have come. */
  receive(text: string): void {
    if (!this.#isOpen) return;
    this.#framer.push(text);
    this.#account(this.#framer.buffered);
    if (!this.#isOpen) return;
    // One pong for however many pings, and none while the last one still waits to be read (RFC 5626 §3.5.1).
    if (this.#isPinged && this.#queued === 0) this.send("\r\n");
    this.#isPinged = false;
    if (this.#framer.buffered === 0) return this.#hasSpoken ? this.#stopDeadline() : undefined;
    if (this.#deadline === undefined) this.#startDeadline("Message was not finished in time");
  }

  /** A connection of ours is made. */
  connected(): void {
    if (this.isInbound) return;
    this.#hasSpoken = true;
    this.#stopDeadline();
  }

  /** Ends the connection; what is not sent by now fails. */
  end(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stopDeadline();
    this.#account(0);
    this.#socket.destroySoon();
    this.#linger = setTimeout(() => this.#socket.destroy(), LINGER);
    const pending = [...this.#pending];
    this.#pending.clear();
    queueMicrotask(() => {
      for (const { onFailure } of pending) onFailure(reason);
      this.#events.onFlowClosed(this);
    });
  }

  /** The socket is gone. */
  closed(): void {
    this.end("Connection closed");
    clearTimeout(this.#linger);
  }

  /** Notes how many bytes of an unfinished message this connection holds. */
  #account(bytes: number): void {
    if (!this.#isOpen && bytes > 0) return;
    this.#unfinished.total += bytes - this.#held;
    this.#held = bytes;
    if (bytes > 0 && this.#unfinished.total > this.#limits.maxUnfinishedBytes) {
      this.#violate("Too many unfinished messages");
    }
  }

  #violate(reason: string): void {
    this.#events.onViolation(reason, this);
    this.end(reason);
  }

  #startDeadline(reason: string): void {
    this.#deadline = setTimeout(() => this.#violate(reason), this.#limits.messageTimeout);
  }

  #stopDeadline(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }
}
