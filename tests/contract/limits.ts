import type { ConnectionLimits } from "../../src/transport/connection_limits.ts";

/** Wide enough for every test that does not set its own. */
export const LIMITS: ConnectionLimits = {
  maxMessageSize: 262_144,
  maxHeadSize: 65_536,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 1_000,
  idleTimeout: 60_000,
  messageTimeout: 60_000,
  maxUnsentBytes: 1_048_576,
  maxTotalUnsentBytes: 67_108_864,
  maxUnfinishedBytes: 16_777_216,
};
