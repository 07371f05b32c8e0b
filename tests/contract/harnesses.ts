/** The transports of connections that need more than a socket: TLS and WebSocket. */
import { createConnectionTransport } from "../../src/transport/transport_factory.ts";
import { LIMITS } from "./limits.ts";
import { tcpPeers } from "./peers/tcp_peers.ts";
import { tlsPeers } from "./peers/tls_peers.ts";
import { type WebSocketPeer, webSocketPeers } from "./peers/web_socket_peers.ts";
import type { TransportHarness } from "./served_transport.ts";
import { localIdentity, tlsContexts } from "./test_authority.ts";
import type { StreamPeer } from "./transport_peers.ts";

const contexts = tlsContexts();

const common = { maxMessageSize: LIMITS.maxMessageSize, window: 1_000, isOrdered: true } as const;

export const tls: TransportHarness<StreamPeer> = {
  name: "TLS",
  protocol: "tls",
  peers: tlsPeers(localIdentity),
  ...common,
  create: (place, limits) =>
    createConnectionTransport({ ...place, protocol: "tls" }, { ...LIMITS, ...limits }, contexts),
};

export const ws: TransportHarness<WebSocketPeer> = {
  name: "WS",
  protocol: "ws",
  peers: webSocketPeers(tcpPeers),
  ...common,
  create: (place, limits) =>
    createConnectionTransport({ ...place, protocol: "ws" }, { ...LIMITS, ...limits }),
};

export const wss: TransportHarness<WebSocketPeer> = {
  name: "WSS",
  protocol: "wss",
  peers: webSocketPeers(tlsPeers(localIdentity)),
  ...common,
  create: (place, limits) =>
    createConnectionTransport({ ...place, protocol: "wss" }, { ...LIMITS, ...limits }, contexts),
};

/** Returns a harness whose peers do no handshake by themselves. */
export function withoutHandshake(harness: TransportHarness): TransportHarness<StreamPeer> {
  return { ...harness, peers: tcpPeers };
}
