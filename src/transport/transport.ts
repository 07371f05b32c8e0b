/** Transports and flows as the layers above see them (§18). */
import type { Rejection } from "../message/sip_message.ts";

/** Transport protocols by the names of URI parameters and configuration. */
export type TransportProtocol = "udp" | "tcp" | "tls" | "sctp" | "ws" | "wss";

/** Reports whether a protocol delivers or reports failure, so that nothing is retransmitted (§17). */
export function isReliable(protocol: TransportProtocol): boolean {
  return protocol !== "udp";
}

/** Reports whether a protocol uses TLS, which `sips:` demands of every hop (§26.2.2). */
export function isSecure(protocol: TransportProtocol): boolean {
  return protocol === "tls" || protocol === "wss";
}

/** Returns 5061 for TLS, else 5060 (§19.1.2); WebSocket has the ports of HTTP (RFC 7118 §5). */
export function defaultPort(protocol: TransportProtocol): number {
  if (protocol === "tls") return 5061;
  if (protocol === "ws") return 80;
  return protocol === "wss" ? 443 : 5060;
}

/** Returns `;transport=tcp` and the like: "" for UDP, and `ws` for both kinds of WebSocket (RFC 7118 §5.2). */
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
 * Returns the protocol with TLS that a transport parameter means in a `sips:` URI (RFC 5630 §3.1.1, RFC 7118 §5.2);
 * undefined for UDP and SCTP.
 */
export function securedProtocol(protocol: TransportProtocol): TransportProtocol | undefined {
  return SECURED.get(protocol);
}

/**
 * A flow (RFC 5626 §2): a connection, or for UDP a local socket with a remote address. Addresses are in URI form, with
 * IPv6 in brackets.
 */
export interface Flow {
  readonly protocol: TransportProtocol;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly transport: Transport;
  /** A number that no other flow of this process ever has. */
  readonly id: number;
  /** False after the end of a connection. UDP flows are always open. */
  readonly isOpen: boolean;
  /** True for a connection, which lasts until one side closes it. */
  readonly isConnection: boolean;
  /** True for a connection made by the peer, which only the peer can make again. */
  readonly isInbound: boolean;
  /** The domain that the certificate of the peer was checked for, on a connection made by us. */
  readonly domain?: string;
  /**
   * Sends one message, one byte a character. Returns at once; `onFailure` is called later, and once at most, when the
   * message did not leave.
   */
  send(text: string, onFailure?: (reason: string) => void): void;
  /**
   * True where the peer was served, or we have called it: such flows are not limited and do not make room for others. By
   * UDP it is forgotten after two hours without a service.
   */
  readonly isEstablished?: boolean;
  /** The peer was served. */
  markEstablished?(): void;
  /**
   * Requests to `port` and a name in the certificate of the peer may use this connection (RFC 5923). Without such names
   * nothing changes.
   */
  addAlias?(port: number): void;
}

/** Events of a transport for the transport layer. None is called within `send`. */
export interface TransportEvents {
  /** One message, or a datagram that should be one. */
  onMessage(text: string, flow: Flow): void;
  /** A message of a connection is rejected, of which `text` is the head. The peer is to be told. */
  onRejected(text: string, rejection: Rejection, flow: Flow): void;
  /** A connection was made, by us or by the peer. UDP flows are not announced. */
  onFlowOpened(flow: Flow): void;
  /** A connection is gone; its `isOpen` is false already. */
  onFlowClosed(flow: Flow): void;
  /**
   * ICMP reports that a datagram did not arrive, of which `datagram` is the beginning. Linux only.
   */
  onUnreachable?(datagram: string, flow: Flow): void;
  /** Reports whether nothing from a source is heard at this moment; see `SourceGuard`. */
  isMuted?(high: number, low: number): boolean;
  /** Bytes were dropped or a connection was closed because of what the peer sent. */
  onViolation(reason: string, flow: Flow | undefined): void;
}

/** A listening socket and its flows. */
export interface Transport {
  readonly protocol: TransportProtocol;
  /** The bound address, IPv6 in brackets; `0.0.0.0` or `[::]` for all. */
  readonly address: string;
  /** The bound port, known after `listen`. */
  readonly port: number;
  /** Binds and begins to receive. Rejects when the address cannot be bound. */
  listen(events: TransportEvents): Promise<void>;
  /**
   * Returns the open flow to an address, or a new one. A new connection queues messages until it is made. The certificate
   * of the peer must be for `domain`, else for the address (RFC 5922).
   */
  flowTo(address: string, port: number, domain?: string): Flow;
  /** Stops receiving, ends connections. Queued messages may be lost. */
  close(): Promise<void>;
}

/** How long a UDP flow is established after a service: longer than the longest registration. */
export const ESTABLISHED_MS = 7_260_000;

let lastFlowId = 0;

/** Returns the id of a new flow. */
export function nextFlowId(): number {
  return ++lastFlowId;
}
