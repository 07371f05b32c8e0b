/** Whether the heap of this process grows: the smallest of late samples against the smallest of early ones. */
import type { Finding } from "./finding.ts";

/** Bytes that it may grow. */
const TOLERANCE = 24 * 2 ** 20;
/** Fewer samples say nothing. */
const MIN_SAMPLES = 12;

export class HeapWatch {
  readonly #samples: number[] = [];

  sample(): void {
    (globalThis as { gc?: () => void }).gc?.();
    this.#samples.push(Deno.memoryUsage().heapUsed);
  }

  finding(): Finding | undefined {
    if (this.#samples.length < MIN_SAMPLES) return undefined;
    const third = Math.floor(this.#samples.length / 3);
    const early = Math.min(...this.#samples.slice(1, third + 1));
    const late = Math.min(...this.#samples.slice(-third));
    if (late - early < TOLERANCE) return undefined;
    return {
      kind: "memory",
      what: `the heap grew from ${early} to ${late} bytes: ${this.#samples.join(", ")}`,
    };
  }
}
