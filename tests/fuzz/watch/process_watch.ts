/** Looks at the server process: its errors as it counts them, its memory over time. */
import type { ServerProcess } from "../ground/server_process.ts";
import type { Finding } from "./finding.ts";

const MEGABYTE = 2 ** 20;
/** The heap is collected for a look at it. */
const HEAP_INTERVAL_MS = 30_000;
/** Transactions live for half a minute, and calls that ring for three: until then memory has to grow. */
const WARM_UP_MS = 240_000;
/** Growth after that which is a finding: of the smallest late heap over the smallest early one. */
const HEAP_TOLERANCE = 48 * MEGABYTE;

interface Sample {
  readonly at: number;
  readonly resident: number;
  readonly heap: number | undefined;
}

export class ProcessWatch {
  readonly #process: ServerProcess;
  readonly #startedAt = performance.now();
  readonly #samples: Sample[] = [];
  #lookedAt = -Infinity;

  constructor(process: ServerProcess) {
    this.#process = process;
  }

  async look(): Promise<Finding | undefined> {
    const now = performance.now();
    if (now - this.#lookedAt < HEAP_INTERVAL_MS) return undefined;
    this.#lookedAt = now;
    await this.#sample();
    return await this.#countedErrors();
  }

  /** What is to be said at the end. */
  async finding(): Promise<Finding | undefined> {
    await this.#sample();
    return await this.#countedErrors() ?? this.#growth();
  }

  get figures(): string[] {
    const resident = this.#samples.map((sample) => Math.round(sample.resident / MEGABYTE));
    const heap = this.#samples.flatMap((sample) =>
      sample.heap === undefined ? [] : Math.round(sample.heap / MEGABYTE)
    );
    const listed = (numbers: readonly number[]) => thinned(numbers).join(" ");
    return [`resident MB ${listed(resident)}`, ...heap.length > 0 ? [`heap MB ${listed(heap)}`] : []];
  }

  async #sample(): Promise<void> {
    if (this.#process.hasEnded) return;
    const heap = await this.#process.liveHeapBytes();
    this.#samples.push({
      at: performance.now() - this.#startedAt,
      resident: this.#process.residentBytes,
      heap,
    });
  }

  async #countedErrors(): Promise<Finding | undefined> {
    const count = (await this.#process.metrics())?.get("routr_internal_errors_total") ?? 0;
    return count > 0 ? { kind: "internal error", what: `routr_internal_errors_total ${count}` } : undefined;
  }

  #growth(): Finding | undefined {
    const heaps = this.#samples.filter(({ at }) => at > WARM_UP_MS).flatMap(({ heap }) => heap ?? []);
    if (heaps.length < 6) return undefined;
    const third = Math.floor(heaps.length / 3);
    const growth = Math.min(...heaps.slice(-third)) - Math.min(...heaps.slice(0, third));
    if (growth < HEAP_TOLERANCE) return undefined;
    return {
      kind: "memory",
      what: `the heap grew by ${Math.round(growth / MEGABYTE)} MB: ${this.figures.join(", ")}`,
    };
  }
}

/** A dozen numbers of many. */
function thinned(numbers: readonly number[]): readonly number[] {
  const step = Math.ceil(numbers.length / 12);
  return numbers.filter((_, index) => index % step === 0 || index === numbers.length - 1);
}
