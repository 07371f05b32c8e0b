/** The transports of connections. */
import { openLibc } from "../../src/runtime/native/libc.ts";
import { ConnectionTransport } from "../../src/transport/connection_transport.ts";
import { StreamCarrier } from "../../src/transport/stream_wire.ts";
import { TcpSockets } from "../../src/transport/tcp_sockets.ts";
import { createConnectionTransport } from "../../src/transport/transport_factory.ts";
import { LIMITS } from "./limits.ts";
import { tcpPeers } from "./peers/tcp_peers.ts";
import { tlsPeers } from "./peers/tls_peers.ts";
import { type WebSocketPeer, webSocketPeers } from "./peers/web_socket_peers.ts";
import type { TransportHarness } from "./served_transport.ts";
import { localIdentity, tlsContexts } from "./test_authority.ts";
import type { StreamPeer } from "./transport_peers.ts";

// Opened once and kept, which is no leak of whichever test comes first.
if (Deno.build.os === "linux") openLibc();

const contexts = tlsContexts();

const common = { maxMessageSize: LIMITS.maxMessageSize, window: 1_000, isOrdered: true } as const;

export const tcp: TransportHarness<StreamPeer> = {
  name: "TCP",
  protocol: "tcp",
  peers: tcpPeers,
  ...common,
  create: (place, limits) =>
    createConnectionTransport({ ...place, protocol: "tcp" }, { ...LIMITS, ...limits }),
};

/** TCP as it is served without FFI. */
export const portableTcp: TransportHarness<StreamPeer> = {
  ...tcp,
  name: "portable TCP",
  create: (place, limits = {}) =>
    new ConnectionTransport({
      ...place,
      protocol: "tcp",
      limits: { ...LIMITS, ...limits },
      sockets: new TcpSockets(),
      carrier: new StreamCarrier({ ...LIMITS, ...limits }),
      isKeyedByDomain: false,
    }),
};

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
