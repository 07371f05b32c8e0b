/** Limits of connections and transactions, by the configuration and by the system. */
import { getHeapStatistics } from "node:v8";
import { logger } from "../runtime/log.ts";
import type { ConnectionLimits } from "../transport/connection_limits.ts";
import { maxOpenFiles } from "../runtime/native/libc.ts";
import { OpenSockets } from "../transport/open_sockets.ts";
import type { Configuration } from "./configuration.ts";

const log = logger("server");

/** Unsent bytes of one peer that does not read. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** Unsent bytes of all such peers, per transport. */
const MAX_TOTAL_UNSENT_BYTES = 8 * 1024 * 1024;
/** Bytes of unfinished messages, per transport. */
const MAX_UNFINISHED_BYTES = 64 * 1024 * 1024;

/** Connections that may be accepted or refused before the first of them is closed. */
const MAX_ACCEPTED_AT_ONCE = 2500;
/** Open files other than connections. */
const MAX_OTHER_FILES = 100;

/** Bytes of text that unfinished transactions may keep by default. */
const MAX_DEFAULT_PENDING_BYTES = 256 * 1024 * 1024;

export function connectionLimits({ limits }: Configuration): ConnectionLimits {
  // Accepting fails permanently at the limit of open files, so some are reserved.
  const files = maxOpenFiles();
  const possible = Math.floor(files - Math.max(MAX_OTHER_FILES, Math.min(files / 4, MAX_ACCEPTED_AT_ONCE)));
  if (possible < limits.maxConnections) {
    log.warn(
      "This process may have {possible} connections only, fewer than spec.limits.maxConnections: ulimit -n",
      {
        possible,
      },
    );
  }
  return {
    maxMessageSize: limits.maxStreamMessageSize,
    maxHeadSize: limits.maxHeadSize,
    maxConnections: Math.min(possible, limits.maxConnections),
    maxConnectionsPerAddress: limits.maxConnectionsPerAddress,
    idleTimeout: limits.idleTimeoutMillis,
    messageTimeout: limits.messageTimeoutMillis,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    maxTotalUnsentBytes: MAX_TOTAL_UNSENT_BYTES,
    maxUnfinishedBytes: MAX_UNFINISHED_BYTES,
    total: new OpenSockets(),
  };
}

/** Returns `spec.limits.maxPendingBytes`, or a part of the memory that this process may use. */
export function pendingBytes({ limits }: Configuration): number {
  return limits.maxPendingBytes ??
    Math.min(MAX_DEFAULT_PENDING_BYTES, Math.floor(getHeapStatistics().heap_size_limit / 4));
}
