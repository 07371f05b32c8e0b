/** The steps of an orderly end. */
import { sleep, systemClock } from "../runtime/clock.ts";
import { logger } from "../runtime/log.ts";

import type { Administration } from "./administration.ts";
import type { CallRecordFile } from "./call_record_file.ts";
import type { Server } from "./server.ts";
import type { StopRequest } from "./stop_request.ts";

const log = logger("server");

const MAX_STOP_MS = 10_000;
const MAX_SETUP_MS = 60_000;
const SETUP_INTERVAL_MS = 250;
/** Callees have this time to answer the CANCEL of a server that stops. */
const CANCEL_TIMEOUT_MS = 1000;

export interface StoppedParts {
  readonly server: Server;
  readonly administration: Administration;
  readonly records: readonly CallRecordFile[];
}

/** Waits for calls that are being set up, unless a request is immediate. */
export async function waitForCalls(server: Server, request: StopRequest): Promise<void> {
  const latest = systemClock.now() + MAX_SETUP_MS;
  while (server.pendingCalls > 0 && !request.isImmediate && systemClock.now() < latest) {
    await sleep(SETUP_INTERVAL_MS);
  }
}

/** Ends all parts. Returns after `MAX_STOP_MS` even when peers leave something unanswered. */
export async function stopAll(parts: StoppedParts): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const alarm = systemClock.setAlarm(() => {
    log.warn("Stopping takes too long: some peers were not told");
    limit.resolve();
  }, MAX_STOP_MS);
  const stopped = stopInOrder(parts)
    .catch((error) => log.error("Cannot stop orderly: {error}", { error }));
  await Promise.race([stopped, limit.promise]);
  systemClock.clearAlarm(alarm);
}

async function stopInOrder({ server, administration, records }: StoppedParts): Promise<void> {
  await Promise.all([administration.stop(), server.endCalls(CANCEL_TIMEOUT_MS)]);
  await server.stop();
  await Promise.all(records.map((record) => record.close()));
}
