/** The text that unfinished transactions may keep. */
import { getHeapStatistics } from "node:v8";
import type { Configuration } from "./configuration.ts";

const MAX_DEFAULT_BYTES = 256 * 1024 * 1024;

/** Returns `spec.limits.maxPendingBytes`, or a part of the memory that this process may use. */
export function pendingBytes({ limits }: Configuration): number {
  return limits.maxPendingBytes ??
    Math.min(MAX_DEFAULT_BYTES, Math.floor(getHeapStatistics().heap_size_limit / 4));
}
