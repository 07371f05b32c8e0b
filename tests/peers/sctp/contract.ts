// The contract of transports, kept by the SCTP transport on real SCTP. Run in the guest, by sctp_test.ts.

import assert from "node:assert/strict";
import { createSctpTransport } from "../../../src/transport/linux/sctp_transport.ts";
import { openLibc } from "../../../src/runtime/native/libc.ts";
import { testConnections } from "../../contract/connection_contract.ts";
import { LIMITS } from "../../contract/limits.ts";
import {
  contractTest,
  failureOf,
  LOOPBACK,
  message,
  ServedTransport,
  type TransportHarness,
} from "../../contract/served_transport.ts";
import { testStreams } from "../../contract/stream_contract.ts";
import { testTransport } from "../../contract/transport_contract.ts";
import type { StreamPeer } from "../../contract/transport_peers.ts";
import { sctpPeers } from "./sctp_peers.ts";
import { SctpSocket } from "./sctp_socket.ts";

const sctp: TransportHarness<StreamPeer> = {
  name: "SCTP",
  protocol: "sctp",
  peers: sctpPeers,
  maxMessageSize: LIMITS.maxMessageSize,
  window: 1_000,
  isOrdered: true,
  create: (place, limits) => createSctpTransport(place, { ...LIMITS, ...limits }),
};

// Opened once and kept, which is no leak of whichever test comes first.
openLibc();
testTransport(sctp);
testConnections(sctp);
testStreams(sctp);

for (const when of ["before it said anything", "after a message"]) {
  contractTest(`SCTP: an association that the peer aborts ${when} is closed at once`, async () => {
    await using served = await ServedTransport.listen(sctp);
    const { port } = served.transport;
    const peer = await SctpSocket.connect({ address: LOOPBACK.address, port });
    await served.until(() => served.opened.length === 1, "onFlowOpened");
    if (when === "after a message") {
      await peer.send(new TextEncoder().encode(message("in")));
      await served.firstFlow();
    }
    peer.abort();
    await served.until(() => served.closed.length === 1, "onFlowClosed");
    assert.notEqual(await failureOf(served.closed[0], message("late")), "");
    assert.deepEqual(served.violations, []);
  });
}

contractTest("SCTP: an association of ours that the peer aborts is closed at once", async () => {
  await using served = await ServedTransport.listen(sctp);
  const listener = SctpSocket.listen(LOOPBACK.address);
  const flow = served.transport.flowTo(LOOPBACK.address, listener.local.port);
  flow.send(message("request"));
  const peer = await listener.accept();
  await peer.receive(new Uint8Array(1_000));
  peer.abort();
  await served.until(() => served.closed.length === 1, "onFlowClosed");
  assert.deepEqual([served.closed[0], flow.isOpen], [flow, false]);
  listener.close();
});

contractTest(
  "SCTP: RFC 4168 §5.1: each message is a message of SCTP, however many are sent at once",
  async () => {
    await using served = await ServedTransport.listen(sctp);
    const listener = SctpSocket.listen(LOOPBACK.address);
    const flow = served.transport.flowTo(LOOPBACK.address, listener.local.port);
    const texts = Array.from({ length: 50 }, (_, index) => message(index, "x".repeat(100 * index)));
    for (const text of texts) flow.send(text);
    const peer = await listener.accept();
    const buffer = new Uint8Array(10_000);
    for (const text of texts) {
      assert.equal(new TextDecoder("latin1").decode(await peer.receive(buffer)), text);
    }
    peer.close();
    listener.close();
  },
);
