import { DenoUdpTransport } from "../../src/transport/deno_udp_transport.ts";
import { openLibc } from "../../src/runtime/native/libc.ts";
import { LinuxUdpTransport } from "../../src/transport/linux/udp_transport.ts";
import { testConnections } from "./connection_contract.ts";
import { portableTcp, tcp } from "./harnesses.ts";
import type { TransportHarness } from "./served_transport.ts";
import { testStreams } from "./stream_contract.ts";
import { testTransport } from "./transport_contract.ts";
import { udpPeers } from "./peers/udp_peers.ts";

/** Bytes of the largest datagram that IPv4 carries. */
const MAX_DATAGRAM = 65_507;

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

testTransport(denoUdp);
if (Deno.build.os === "linux") {
  // Opened once and kept, which is no leak of whichever test comes first.
  openLibc();
  testTransport(linuxUdp);
}
for (const harness of Deno.build.os === "linux" ? [tcp, portableTcp] : [tcp]) {
  testTransport(harness);
  testConnections(harness);
  testStreams(harness);
}
