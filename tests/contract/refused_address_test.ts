/** Addresses that were told of their denial: no transport accepts them again. */
import assert from "node:assert/strict";
import { createSctpTransport } from "../../src/transport/linux/sctp_transport.ts";
import { openLibc } from "../../src/runtime/native/libc.ts";
import { createConnectionTransport } from "../../src/transport/transport_factory.ts";
import { ended } from "./connection_contract.ts";
import { tls, withoutHandshake, ws, wss } from "./harnesses.ts";
import { LIMITS } from "./limits.ts";
import { tcpPeers } from "./peers/tcp_peers.ts";
import {
  contractTest,
  LOOPBACK,
  message,
  Peers,
  ServedTransport,
  type TransportHarness,
} from "./served_transport.ts";

const streams = {
  peers: tcpPeers,
  maxMessageSize: LIMITS.maxMessageSize,
  window: 1_000,
  isOrdered: true,
} as const;

const tcp: TransportHarness = {
  name: "TCP",
  protocol: "tcp",
  ...streams,
  create: (place, limits) =>
    createConnectionTransport({ ...place, protocol: "tcp" }, { ...LIMITS, ...limits }),
};

/** SCTP's sockets with TCP's protocol number. */
const sctp: TransportHarness = {
  name: "SCTP as protocol 6",
  protocol: "sctp",
  ...streams,
  create: (place, limits) => createSctpTransport(place, { ...LIMITS, ...limits }, 6),
};

/** Denies 127.0.0.1 while it is set to. */
function doorkeeper(isShut: boolean) {
  const door = { isShut };
  return { door, limits: { isRefused: (address: string) => door.isShut && address === "127.0.0.1" } };
}

function testRefusals(harness: TransportHarness): void {
  const { name } = harness;

  contractTest(`${name}: a refused address is closed at once, before it has said anything`, async () => {
    const { door, limits } = doorkeeper(true);
    await using served = await ServedTransport.listen(harness, { address: "[::]", port: 0 }, limits);
    // What it would have to shake hands with is gone sooner.
    using raw = new Peers(withoutHandshake(harness));
    await ended(await raw.connect(served, "127.0.0.1"));
    await served.until(() => served.violations.length === 1, "a violation");
    assert.deepEqual([served.violations, served.opened], [["Access is denied"], []]);
    using peers = new Peers(harness);
    await (await peers.connect(served, "[::1]")).write(message("other"));
    assert.equal((await served.firstFlow()).remoteAddress, "[::1]");
    door.isShut = false;
    await (await peers.connect(served, "127.0.0.1")).write(message("again"));
    await served.until(() => served.messages.length === 2, "a message from who is refused no more");
  });

  contractTest(
    `${name}: who is told that it is refused gets the answer, then the connection ends`,
    async () => {
      const { door, limits } = doorkeeper(false);
      await using served = await ServedTransport.listen(harness, LOOPBACK, {
        ...limits,
        messageTimeout: 2_400,
      });
      using peers = new Peers(harness);
      served.answer = (_text, flow) => {
        flow.send(message("403"));
        door.isShut = true;
      };
      const peer = await peers.connect(served);
      await peer.write(message("request"));
      assert.equal(await peer.readMessage(), message("403"));
      await ended(peer);
      await served.until(() => served.closed.length === 1, "onFlowClosed");
      assert.deepEqual([served.violations, served.messages.length], [[], 1]);
    },
  );
}

for (const harness of [tcp, tls, ws, wss]) testRefusals(harness);
if (Deno.build.os === "linux") {
  // Opened once and kept, which is no leak of whichever test comes first.
  openLibc();
  testRefusals(sctp);
}
