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
}

/** What a `StreamFlow` is made of. */
export interface StreamFlowParts {
  readonly socket: net.Socket;
  readonly address: string;
  readonly port: number;
  readonly isConnected: boolean;
  readonly limits: StreamLimits;
  readonly events: TransportEvents;
}

/** A connection as a flow. The transport feeds it and closes it when the socket is gone. */
export class StreamFlow implements Flow {
  readonly protocol: TransportProtocol;
  readonly id = nextFlowId();
  readonly isConnection = true;
  readonly transport: Transport;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #socket: net.Socket;
  readonly #limits: StreamLimits;
  readonly #events: TransportEvents;
  readonly #framer: StreamFramer;
  readonly #pending = new Set<(reason: string) => void>();
  #isConnected: boolean;
  #isOpen = true;
  /** Runs while connecting or in the middle of a message. */
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
    this.#isConnected = parts.isConnected;
    this.#framer = new StreamFramer({
      onMessage: (text) => {
        this.#stopDeadline();
        this.#events.onMessage(text, this);
      },
      onPing: () => this.send("\r\n"),
      onFailure: (reason) => this.#violate(reason),
    }, parts.limits.maxMessageSize);
    this.#socket.setTimeout(parts.limits.idleTimeout, () => this.end("Connection was idle"));
    if (!parts.isConnected) this.#startDeadline("Connection could not be made in time");
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(text: string, onFailure?: (reason: string) => void): void {
    if (!this.#isOpen) {
      if (onFailure) queueMicrotask(() => onFailure("Connection is closed"));
      return;
    }
    if (this.#socket.writableLength + text.length > this.#limits.maxUnsentBytes) {
      this.#violate("Peer does not read");
      if (onFailure) queueMicrotask(() => onFailure("Peer does not read"));
      return;
    }
    if (!onFailure) return void this.#socket.write(text, "latin1");
    this.#pending.add(onFailure);
    this.#socket.write(text, "latin1", (error) => {
      if (!error) this.#pending.delete(onFailure);
    });
  }

  /** Bytes have come. */
  receive(text: string): void {
    if (!this.#isOpen) return;
    this.#framer.push(text);
    if (!this.#framer.isMidMessage) return this.#stopDeadline();
    if (this.#deadline === undefined) this.#startDeadline("Message was not finished in time");
  }

  /** The connection is made. */
  connected(): void {
    if (this.#isConnected) return;
    this.#isConnected = true;
    this.#stopDeadline();
  }

  /** Ends the connection; what is not sent by now fails. */
  end(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stopDeadline();
    this.#socket.destroySoon();
    this.#linger = setTimeout(() => this.#socket.destroy(), LINGER);
    const pending = [...this.#pending];
    this.#pending.clear();
    queueMicrotask(() => {
      for (const onFailure of pending) onFailure(reason);
      this.#events.onFlowClosed(this);
    });
  }

  /** The socket is gone. */
  closed(): void {
    this.end("Connection closed");
    clearTimeout(this.#linger);
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
