/** What a transport is to the layers above it (§18). */
import type { Rejection } from "../message/sip_message.ts";

/** Transport protocols by the names of URI parameters and configuration. */
export type TransportProtocol = "udp" | "tcp" | "tls" | "sctp" | "ws" | "wss";

/** Whether the protocol delivers or says that it failed, so that nothing need be retransmitted (§17). */
export function isReliable(protocol: TransportProtocol): boolean {
  return protocol !== "udp";
}

/** Whether it is over TLS: what `sips:` wants of every hop (§26.2.2). */
export function isSecure(protocol: TransportProtocol): boolean {
  return protocol === "tls" || protocol === "wss";
}

/** 5061 under TLS, else 5060 (§19.1.2); WebSocket has HTTP's ports (RFC 7118 §5). */
export function defaultPort(protocol: TransportProtocol): number {
  if (protocol === "tls") return 5061;
  if (protocol === "ws") return 80;
  return protocol === "wss" ? 443 : 5060;
}

/** `;transport=tcp`: nothing for UDP, and `ws` for either kind of WebSocket (RFC 7118 §5.2). */
export function transportParameter(protocol: TransportProtocol): string {
  if (protocol === "udp") return "";
  return `;transport=${protocol === "wss" ? "ws" : protocol}`;
}

const SECURED: ReadonlyMap<TransportProtocol, TransportProtocol> = new Map([
  ["tcp", "tls"],
  ["tls", "tls"],
  ["ws", "wss"],
  ["wss", "wss"],
]);

/**
 * What `sips:` makes of a transport parameter: TLS on every hop (RFC 5630 §3.1.1, RFC 7118 §5.2). Undefined for UDP and
 * SCTP, over which there is none.
 */
export function securedProtocol(protocol: TransportProtocol): TransportProtocol | undefined {
  return SECURED.get(protocol);
}

/**
 * A way to one remote address: a connection, or for UDP the pair of local socket and remote address (RFC 5626 §2).
 * Addresses are as in URIs: IPv6 in brackets.
 */
export interface Flow {
  readonly protocol: TransportProtocol;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The transport it belongs to. */
  readonly transport: Transport;
  /** A number no other flow of this process has; it is never used again. */
  readonly id: number;
  /** False once a connection has ended. UDP flows are always open. */
  readonly isOpen: boolean;
  /** Whether it is a connection, which only lives until one side closes it. */
  readonly isConnection: boolean;
  /** Whether the connection was made by the peer: once closed, only the peer can make it again. */
  readonly isInbound: boolean;
  /** What the peer's certificate was checked for when the connection was made by us, and there is one. */
  readonly domain?: string;
  /**
   * Sends one message, one byte a character. Returns at once; `onFailure` is called later, at most once, when it is
   * known that the message did not leave.
   */
  send(text: string, onFailure?: (reason: string) => void): void;
  /** Somebody was served by this flow: it is not closed like a stranger's who only takes up room. */
  markKnown?(): void;
  /**
   * The sender of a request by this flow listens at `port`, and takes requests by this flow as well: so they go, to the
   * names in its certificate (RFC 5923). Without such names nothing happens.
   */
  addAlias?(port: number): void;
}

/** What a transport tells the transport layer. All calls are made outside of `send`. */
export interface TransportEvents {
  /** One message, or what a peer sent in the place of one. */
  onMessage(text: string, flow: Flow): void;
  /** A message is not taken from its connection, of which this is the head: the peer is to be told. */
  onRejected(text: string, rejection: Rejection, flow: Flow): void;
  /** A connection was made, by us or by the peer. UDP flows are not announced. */
  onFlowOpened(flow: Flow): void;
  /** A connection is gone; its `isOpen` is false already. */
  onFlowClosed(flow: Flow): void;
  /**
   * A datagram did not arrive, says a host or router by ICMP; this is its beginning, as far as they know it. Only where the
   * system tells: on Linux.
   */
  onUnreachable?(datagram: string, flow: Flow): void;
  /** Bytes were dropped or a connection was closed because of what the peer sent. */
  onViolation(reason: string, flow: Flow | undefined): void;
}

/** One listening socket and the flows that belong to it. */
export interface Transport {
  readonly protocol: TransportProtocol;
  /** The address it is bound to, IPv6 in brackets; `0.0.0.0` or `[::]` for all. */
  readonly address: string;
  /** The port it is bound to, known after `listen`. */
  readonly port: number;
  /** Binds and begins to receive. Rejects when the address cannot be bound. */
  listen(events: TransportEvents): Promise<void>;
  /**
   * The open flow to this address, or a new one. For connections this starts connecting; messages queue meanwhile.
   * Where peers have certificates, that of this one must be for `domain`, else for the address (RFC 5922).
   */
  flowTo(address: string, port: number, domain?: string): Flow;
  /** Stops receiving, ends connections. Queued messages may be lost. */
  close(): Promise<void>;
}

let lastFlowId = 0;

/** The next flow number. */
export function nextFlowId(): number {
  return ++lastFlowId;
}
