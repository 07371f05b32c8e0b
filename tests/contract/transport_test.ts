import { DenoUdpTransport } from "../../src/transport/deno_udp_transport.ts";
import { openLibc } from "../../src/transport/linux/libc.ts";
import { LinuxUdpTransport } from "../../src/transport/linux/udp_transport.ts";
import type { ConnectionLimits } from "../../src/transport/connection_limits.ts";
import { createTcpTransport } from "../../src/transport/tcp_transport.ts";
import { testConnections } from "./connection_contract.ts";
import type { TransportHarness } from "./served_transport.ts";
import { testStreams } from "./stream_contract.ts";
import { testTransport } from "./transport_contract.ts";
import { type StreamPeer, tcpPeers, udpPeers } from "./transport_peers.ts";

/** Bytes of the largest datagram that IPv4 carries. */
const MAX_DATAGRAM = 65_507;

const LIMITS: ConnectionLimits = {
  maxMessageSize: 262_144,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 1_000,
  idleTimeout: 60_000,
  messageTimeout: 60_000,
  maxUnsentBytes: 1_048_576,
  maxUnfinishedBytes: 16_777_216,
};

const datagrams = {
  protocol: "udp",
  peers: udpPeers,
  maxMessageSize: MAX_DATAGRAM,
  window: 100,
  isOrdered: false,
} as const;

const denoUdp: TransportHarness = {
  name: "Deno UDP",
  ...datagrams,
  create: ({ address, port }) => new DenoUdpTransport(address, port),
};

const linuxUdp: TransportHarness = {
  name: "Linux UDP",
  ...datagrams,
  create: ({ address, port }) => new LinuxUdpTransport(address, port),
};

const tcp: TransportHarness<StreamPeer> = {
  name: "TCP",
  protocol: "tcp",
  peers: tcpPeers,
  maxMessageSize: LIMITS.maxMessageSize,
  window: 1_000,
  isOrdered: true,
  create: (place, limits) => createTcpTransport(place, { ...LIMITS, ...limits }),
};

testTransport(denoUdp);
if (Deno.build.os === "linux") {
  // Opened once and kept, which is no leak of whichever test comes first.
  openLibc();
  testTransport(linuxUdp);
}
testTransport(tcp);
testConnections(tcp);
testStreams(tcp);
