/** A rate limit of log lines by the source that causes them, so that nobody can fill the log from outside. */
import type { Clock } from "./clock.ts";

/** Milliseconds after which every source may cause lines again, and what was left out is told. */
const WINDOW = 60_000;
/** Lines of one source in a window. */
const LINES_PER_SOURCE = 30;
/** Lines of all sources together in a window. */
const MAX_LINES = 300;
/** Sources that are counted apart in a window; all others are one. */
const MAX_SOURCES = 1000;

/** Sources that are told apart at the end of a window: those with the most lines. */
const MAX_TOLD = 20;

/** The source that stands for those that are not counted apart. */
const OTHERS = "other sources";

export interface LineLimitOptions {
  readonly clock: Clock;
  /** Called at the end of a window for each source with lines that were left out. */
  onLeftOut(source: string, count: number): void;
}

export class LineLimit {
  readonly #options: LineLimitOptions;
  /** Lines by source, those that were left out among them. */
  readonly #counts = new Map<string, number>();
  readonly #leftOut = new Map<string, number>();
  #lines = 0;
  #alarm: unknown;

  constructor(options: LineLimitOptions) {
    this.#options = options;
  }

  /** Reports whether a line that `source` causes may be written, and counts it. */
  admits(source: string): boolean {
    this.#alarm ??= this.#options.clock.setAlarm(() => this.#endWindow(), WINDOW);
    const known = this.#counts.has(source) || this.#counts.size < MAX_SOURCES ? source : OTHERS;
    const count = (this.#counts.get(known) ?? 0) + 1;
    this.#counts.set(known, count);
    if (count <= LINES_PER_SOURCE && this.#lines < MAX_LINES) {
      this.#lines++;
      return true;
    }
    this.#leftOut.set(known, (this.#leftOut.get(known) ?? 0) + 1);
    return false;
  }

  /** Ends the window and tells what was left out in it. */
  close(): void {
    this.#options.clock.clearAlarm(this.#alarm);
    this.#endWindow();
  }

  #endWindow(): void {
    this.#alarm = undefined;
    const leftOut = mostOf(this.#leftOut);
    this.#counts.clear();
    this.#leftOut.clear();
    this.#lines = 0;
    for (const [source, count] of leftOut) this.#options.onLeftOut(source, count);
  }
}

/** The sources with the most lines first, the others together as one. */
function mostOf(counts: ReadonlyMap<string, number>): [source: string, count: number][] {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const rest = sorted.splice(MAX_TOLD).reduce((sum, [, count]) => sum + count, 0);
  return rest > 0 ? [...sorted, [OTHERS, rest]] : sorted;
}
