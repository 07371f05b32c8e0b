/** The ways between a phone and the server: a transport, on one of the loopback addresses. */
import { tcpPeers } from "../../contract/peers/tcp_peers.ts";
import { type TlsIdentity, tlsPeers } from "../../contract/peers/tls_peers.ts";
import { udpPeers } from "../../contract/peers/udp_peers.ts";
import { webSocketPeers } from "../../contract/peers/web_socket_peers.ts";
import type { PeerProtocol } from "../../contract/transport_peers.ts";
import { sctpPeers } from "../sctp/sctp_peers.ts";

export type Protocol = "udp" | "tcp" | "tls" | "sctp" | "ws" | "wss";

/** Addresses as URIs write them. */
export const loopbacks = ["127.0.0.1", "[::1]"] as const;

/** SCTP is among them where the kernel has it, which `ROUTR_TEST_SCTP=1` tells. */
export const protocols: readonly Protocol[] = Deno.env.get("ROUTR_TEST_SCTP") === "1"
  ? ["udp", "tcp", "tls", "sctp", "ws", "wss"]
  : ["udp", "tcp", "tls", "ws", "wss"];

export interface Way {
  readonly protocol: Protocol;
  readonly address: typeof loopbacks[number];
}

export const ways: readonly Way[] = loopbacks.flatMap((address) =>
  protocols.map((protocol) => ({ protocol, address }))
);

export function nameOf({ protocol, address }: Way): string {
  return `${protocol} ${address}`;
}

/** Reports whether the phone is a browser, which neither listens nor knows its own address (RFC 7118 §5). */
export function isWebSocket(protocol: Protocol): boolean {
  return protocol === "ws" || protocol === "wss";
}

/** Returns the `transport` of a URI (RFC 7118 §5.2 for WebSocket). */
export function transportParameter(protocol: Protocol): string {
  return protocol === "wss" ? "ws" : protocol;
}

/** Sockets of a protocol that share no code with the server's. */
export function socketsOf(protocol: Protocol, identity: TlsIdentity): PeerProtocol {
  switch (protocol) {
    case "udp":
      return udpPeers;
    case "tcp":
      return tcpPeers;
    case "tls":
      return tlsPeers(identity);
    case "sctp":
      return sctpPeers;
    case "ws":
      return webSocketPeers(tcpPeers);
    case "wss":
      return webSocketPeers(tlsPeers(identity));
  }
}
