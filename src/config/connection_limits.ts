/** What the listeners for connections grant to peers, by the configuration and by what the system allows. */
import { logger } from "../runtime/log.ts";
import type { ConnectionLimits } from "../transport/connection_limits.ts";
import { maxOpenFiles } from "../runtime/native/libc.ts";
import { OpenSockets } from "../transport/open_sockets.ts";
import type { Configuration } from "./configuration.ts";

const log = logger("server");

/** Bytes that may wait for a peer that does not read. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** Bytes that may wait for all peers that do not read, per transport. */
const MAX_TOTAL_UNSENT_BYTES = 8 * 1024 * 1024;
/** Bytes of messages that peers began and did not finish, per transport. */
const MAX_UNFINISHED_BYTES = 64 * 1024 * 1024;

/** Connections that may be accepted, and refused, before the first of them is closed. */
const ACCEPTED_AT_ONCE = 2500;
/** Files that are open besides connections, at most. */
const OTHER_FILES = 100;

export function connectionLimits({ limits }: Configuration): ConnectionLimits {
  // At the limit of open files accepting fails for good, so part of them is left for everything else.
  const files = maxOpenFiles();
  const possible = Math.floor(files - Math.max(OTHER_FILES, Math.min(files / 4, ACCEPTED_AT_ONCE)));
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
