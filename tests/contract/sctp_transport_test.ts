/** The code of SCTP's sockets on kernels that have no SCTP: the same calls, with TCP's protocol number. */
import { createSctpTransport } from "../../src/transport/linux/sctp_transport.ts";
import { openLibc } from "../../src/runtime/native/libc.ts";
import { testConnections } from "./connection_contract.ts";
import { LIMITS } from "./limits.ts";
import { tcpPeers } from "./peers/tcp_peers.ts";
import type { TransportHarness } from "./served_transport.ts";
import { testStreams } from "./stream_contract.ts";
import { testTransport } from "./transport_contract.ts";
import type { StreamPeer } from "./transport_peers.ts";

const IPPROTO_TCP = 6;

const sctp: TransportHarness<StreamPeer> = {
  name: "SCTP as protocol 6",
  protocol: "sctp",
  peers: tcpPeers,
  maxMessageSize: LIMITS.maxMessageSize,
  window: 1_000,
  isOrdered: true,
  create: (place, limits) => createSctpTransport(place, { ...LIMITS, ...limits }, IPPROTO_TCP),
};

if (Deno.build.os === "linux") {
  // Opened once and kept, which is no leak of whichever test comes first.
  openLibc();
  testTransport(sctp);
  testConnections(sctp);
  testStreams(sctp);
}
