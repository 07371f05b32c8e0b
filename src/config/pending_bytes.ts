/** How much text unfinished transactions may keep. */
import { getHeapStatistics } from "node:v8";
import type { Configuration } from "./configuration.ts";

const MAX_DEFAULT_BYTES = 256 * 1024 * 1024;

/** `spec.limits.maxPendingBytes`, or what fits into the memory that this process may have. */
export function pendingBytes({ limits }: Configuration): number {
  return limits.maxPendingBytes ??
    Math.min(MAX_DEFAULT_BYTES, Math.floor(getHeapStatistics().heap_size_limit / 4));
}
