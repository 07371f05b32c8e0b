import assert from "node:assert/strict";
import { configureLogging } from "../../../src/runtime/log.ts";
import type { ConnectionLimits } from "../../../src/transport/connection_limits.ts";
import { DenoUdpTransport } from "../../../src/transport/deno_udp_transport.ts";
import { LinuxUdpTransport } from "../../../src/transport/linux/udp_transport.ts";
import { ConnectionTransport } from "../../../src/transport/connection_transport.ts";
import type { TransportEvents, TransportProtocol } from "../../../src/transport/transport.ts";
import { TlsContexts } from "../../../src/transport/tls/tls_contexts.ts";
import { createTransport } from "../../../src/transport/transport_factory.ts";

const LIMITS: ConnectionLimits = {
  maxMessageSize: 1_048_576,
  maxHeadSize: 65_536,
  maxConnections: 10,
  maxConnectionsPerAddress: 10,
  idleTimeout: 1_000,
  messageTimeout: 1_000,
  maxUnsentBytes: 1_048_576,
  maxTotalUnsentBytes: 67_108_864,
  maxUnfinishedBytes: 1_048_576,
};

const TLS = new TlsContexts({
  certificates: [{ path: "nowhere.p12", password: "hunter2" }],
  trustStore: undefined,
  clientCertificates: "none",
  verifiesServers: true,
  allowsWildcards: false,
  versions: ["TLSv1.3"],
  isDebugging: false,
});

const EVENTS: TransportEvents = {
  onMessage: () => {},
  onRejected: () => {},
  onFlowOpened: () => {},
  onFlowClosed: () => {},
  onViolation: () => {},
};

function create(protocol: TransportProtocol, port = 5060) {
  return createTransport({ protocol, address: "127.0.0.1", port }, { limits: LIMITS, tls: TLS });
}

// First of this file: once libc is open it stays open.
Deno.test({
  name: "Where FFI is not permitted, UDP is served by its portable twin",
  permissions: { ffi: false },
  fn() {
    configureLogging({ level: "fatal", format: "text" });
    assert.ok(create("udp") instanceof DenoUdpTransport);
  },
});

Deno.test({
  name: "On Linux, UDP is served in batches",
  ignore: Deno.build.os !== "linux",
  fn: () => assert.ok(create("udp") instanceof LinuxUdpTransport),
});

Deno.test("A transport has its protocol, address and port before it listens", () => {
  for (const protocol of ["tcp", "tls", "sctp", "ws", "wss"] as const) {
    const transport = create(protocol);
    assert.ok(transport instanceof ConnectionTransport);
    assert.deepEqual([transport.protocol, transport.address, transport.port], [protocol, "127.0.0.1", 5060]);
  }
});

Deno.test("Only what needs a certificate fails without one, and names the file", async () => {
  for (const protocol of ["tls", "wss"] as const) {
    await assert.rejects(create(protocol, 0).listen(EVENTS), (error: Error) => {
      assert.match(error.message, /nowhere\.p12/);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  }
  for (const protocol of ["tcp", "ws"] as const) {
    const transport = create(protocol, 0);
    await transport.listen(EVENTS);
    assert.notEqual(transport.port, 0);
    await transport.close();
  }
});
