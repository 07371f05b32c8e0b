import assert from "node:assert/strict";
import { configureLogging } from "../../../src/runtime/log.ts";
import { DenoUdpTransport } from "../../../src/transport/deno_udp_transport.ts";
import { LinuxUdpTransport } from "../../../src/transport/linux/udp_transport.ts";
import { ConnectionTransport } from "../../../src/transport/connection_transport.ts";
import type { TransportProtocol } from "../../../src/transport/transport.ts";
import { createTransport, type TransportLimits } from "../../../src/transport/transport_factory.ts";

const LIMITS: TransportLimits = {
  maxStreamMessageSize: 1_048_576,
  maxConnections: 10,
  maxConnectionsPerAddress: 10,
  idleTimeoutMillis: 1_000,
  messageTimeoutMillis: 1_000,
};

function create(protocol: TransportProtocol) {
  return createTransport({ protocol, address: "127.0.0.1", port: 5060 }, LIMITS);
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
  const transport = create("tcp");
  assert.ok(transport instanceof ConnectionTransport);
  assert.deepEqual([transport.protocol, transport.address, transport.port], ["tcp", "127.0.0.1", 5060]);
});
