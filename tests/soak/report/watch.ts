/** Looks at the server while it is soaked: memory at even intervals, and what is left when the load is over. */
import { pause } from "../../support/pause.ts";
import type { SoakServer } from "../server/soak_server.ts";
import type { MemorySample } from "./memory_slope.ts";

const RESIDENT_MS = 5_000;
/** A collection stops the server for some milliseconds. */
const HEAP_MS = 60_000;
const HOUR_MS = 3_600_000;
const DIALOGS_MS = 120_000;
const IDLE_MS = 60_000;
const RETRY_MS = 500;
const GATEWAYS = "routr_registered_gateways";

/** Gauges that tell what the server keeps of its peers. */
const KEPT = {
  "server transactions": "routr_server_transactions",
  "client transactions": "routr_client_transactions",
  dialogs: "routr_dialogs",
  calls: "routr_calls_active",
  "pending bytes": "routr_pending_bytes",
  timers: "routr_timers",
} as const;

/** Numbers by their names: what the server keeps, and its open descriptors. */
export type Leftovers = Readonly<Record<string, number>>;

export class MemoryWatch {
  readonly resident: MemorySample[] = [];
  readonly heap: MemorySample[] = [];
  readonly #server: SoakServer;
  #isOver = false;

  constructor(server: SoakServer) {
    this.#server = server;
  }

  /** Resolves after `stop`. */
  async run(): Promise<void> {
    let heapDue = performance.now() + HEAP_MS;
    while (!this.#isOver) {
      await pause(RESIDENT_MS);
      if (!this.#server.isUp || this.#isOver) continue;
      this.resident.push(this.#sample(this.#server.residentBytes()));
      if (performance.now() < heapDue) continue;
      heapDue = performance.now() + HEAP_MS;
      const { starts } = this.#server;
      const bytes = await this.#server.heapBytes().catch(() => NaN); // it was killed meanwhile
      if (starts === this.#server.starts && bytes > 0) this.heap.push(this.#sample(bytes));
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  #sample(bytes: number): MemorySample {
    const now = performance.now();
    return {
      start: this.#server.starts,
      hours: now / HOUR_MS,
      age: (now - this.#server.readyAt) / HOUR_MS,
      megabytes: bytes / 1e6,
    };
  }
}

/** Resolves when the server has registered with so many gateways, as it does when it has started. */
export async function untilIdle(server: SoakServer, gateways: number): Promise<void> {
  const deadline = performance.now() + IDLE_MS;
  while (performance.now() < deadline && (await server.metrics()).get(GATEWAYS) !== gateways) {
    await pause(RETRY_MS);
  }
  await pause(RESIDENT_MS);
}

export async function leftoversOf(server: SoakServer): Promise<Leftovers> {
  const metrics = await server.metrics();
  const kept = Object.entries(KEPT).map(([name, metric]) => [name, metrics.get(metric) ?? NaN]);
  return { ...Object.fromEntries(kept), descriptors: server.openDescriptors() };
}

/** Beyond those of an idle server: sweeps of tables that were emptied lately, and what the first registration opens. */
const SPARE: Readonly<Record<string, number>> = { timers: 4, descriptors: 4 };

/** Registrations with the gateways, which are refreshed at any time. */
const OF_GATEWAYS: Readonly<Record<string, number>> = { "client transactions": 2 };
/** What the server keeps of calls, with or without their ends. */
const OF_CALLS: readonly string[] = ["dialogs", "calls"];

/**
 * Names of what is left beyond what is wanted, with its number.
 * @param unendedCalls calls whose end the server has not heard of, or has not stored before it was killed
 */
export function excessOf(left: Leftovers, idle: Leftovers, unendedCalls: number): string[] {
  return Object.entries(left).flatMap(([name, count]) => {
    const wanted = name in SPARE
      ? idle[name] + SPARE[name]
      : OF_CALLS.includes(name)
      ? unendedCalls
      : OF_GATEWAYS[name] ?? 0;
    return count <= wanted ? [] : [`${count} ${name}, ${wanted} wanted`];
  });
}

/**
 * Waits until no more dialogs are left than `allowed`; the seconds that it took. What a SUBSCRIBE awaits, and a subscription that nobody
 * ended, is kept for its time and Timer N, and swept each minute.
 */
export async function untilDialogsAreGone(server: SoakServer, allowed: number): Promise<number> {
  const begin = performance.now();
  const passed = () => performance.now() - begin;
  while (passed() < DIALOGS_MS && ((await server.metrics()).get(KEPT.dialogs) ?? 0) > allowed) {
    await pause(RESIDENT_MS);
  }
  return passed() / 1000;
}
