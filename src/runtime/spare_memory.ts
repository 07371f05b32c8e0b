/** Returns spare memory of this thread to the system while the process is quiet. */
import process from "node:process";
import { type Clock, repeat, systemClock } from "./clock.ts";

/** What a thread and its process use. */
export interface Usage {
  /** Bytes that the heap of this thread has taken from the system. */
  heapBytes(): number;
  /** CPU time of the process in microseconds. */
  cpuMicroseconds(): number;
  /**
   * Collects garbage, and with `isThorough` compiled code that is not in use as well; undefined when V8 does not offer it.
   */
  readonly collect: ((isThorough: boolean) => void) | undefined;
}

export interface SpareMemoryOptions {
  readonly clock?: Clock;
  readonly usage?: Usage;
}

const INTERVAL_MS = 1000;
/** Of one CPU. A collection stops the thread: a thorough one for 2 to 4 ms for each MB that is live, others for less. */
const QUIET_SHARE = 0.05;
/**
 * What a load leaves is garbage when its transactions are over, 64·T1 later (§17). After the start there is none yet, and
 * the code that has been compiled is of no more use.
 */
const QUIET_MS = 33_000;
const QUIET_AFTER_START_MS = 1000;
/** What a busy second takes from the quiet time: V8 collects on its own after a load, which looks like one. */
const BUSY_COST_MS = 3000;
/** Growth since the last collection that is worth one: the young generation alone grows by 16 MB under load. */
const MIN_GROWTH_BYTES = 6 * 2 ** 20;

/**
 * Collects garbage when the heap has grown and the process has become quiet: V8 alone keeps all its pages while nothing is
 * allocated, 15 MB after the start, 100 MB after 100,000 registrations. Returns a function that ends it.
 */
export function returnSpareMemory(
  { clock = systemClock, usage = OWN_USAGE }: SpareMemoryOptions = {},
): () => void {
  const { collect } = usage;
  if (collect === undefined) return () => {};
  let leftBytes = 0;
  let cpu = usage.cpuMicroseconds();
  let quietMs = 0;
  let enoughMs = QUIET_AFTER_START_MS;
  return repeat(() => {
    const used = usage.cpuMicroseconds() - cpu;
    cpu += used;
    quietMs = used < INTERVAL_MS * 1000 * QUIET_SHARE
      ? quietMs + INTERVAL_MS
      : Math.max(0, quietMs - BUSY_COST_MS);
    if (quietMs < enoughMs || usage.heapBytes() - leftBytes < MIN_GROWTH_BYTES) return;
    collect(enoughMs === QUIET_AFTER_START_MS);
    leftBytes = usage.heapBytes();
    cpu = usage.cpuMicroseconds();
    quietMs = 0;
    enoughMs = QUIET_MS;
  }, { intervalMs: INTERVAL_MS, clock });
}

/** The collector of V8, which is there with its flag `--expose-gc`. */
const { gc } = globalThis as {
  gc?: (options: { type: "major"; flavor: "last-resort" | "regular" }) => void;
};

const OWN_USAGE: Usage = {
  heapBytes: () => Deno.memoryUsage().heapTotal,
  cpuMicroseconds: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  collect: gc && ((isThorough) => gc({ type: "major", flavor: isThorough ? "last-resort" : "regular" })),
};
