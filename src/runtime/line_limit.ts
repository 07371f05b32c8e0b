/** A rate limit for log lines by the source that causes them, so that peers cannot fill the log. */
import type { Clock } from "./clock.ts";

/** Time after which counts begin again and suppressed lines are reported. */
const WINDOW_MS = 60_000;
/** Lines of one source in a window. */
const LINES_PER_SOURCE = 30;
/** Lines of all sources together in a window. */
const MAX_LINES = 300;
/** Sources counted apart in a window; all others count as one. */
const MAX_SOURCES = 1000;

/** Sources reported apart at the end of a window, those with the most lines. */
const MAX_REPORTED = 20;

/** The name of all sources that are not counted apart. */
const OTHERS = "other sources";

export interface LineLimitOptions {
  readonly clock: Clock;
  /** Called at the end of a window for each source with suppressed lines. */
  onSuppressed(source: string, count: number): void;
}

export class LineLimit {
  readonly #options: LineLimitOptions;
  /** Lines by source, suppressed ones included. */
  readonly #counts = new Map<string, number>();
  readonly #suppressed = new Map<string, number>();
  #lines = 0;
  #alarm: unknown;

  constructor(options: LineLimitOptions) {
    this.#options = options;
  }

  /** Reports whether a line that `source` causes may be written, and counts it. */
  admits(source: string): boolean {
    this.#alarm ??= this.#options.clock.setAlarm(() => this.#endWindow(), WINDOW_MS);
    const known = this.#counts.has(source) || this.#counts.size < MAX_SOURCES ? source : OTHERS;
    const count = (this.#counts.get(known) ?? 0) + 1;
    this.#counts.set(known, count);
    if (count <= LINES_PER_SOURCE && this.#lines < MAX_LINES) {
      this.#lines++;
      return true;
    }
    this.#suppressed.set(known, (this.#suppressed.get(known) ?? 0) + 1);
    return false;
  }

  /** Ends the window and reports its suppressed lines. */
  close(): void {
    this.#options.clock.clearAlarm(this.#alarm);
    this.#endWindow();
  }

  #endWindow(): void {
    this.#alarm = undefined;
    const leftOut = mostOf(this.#suppressed);
    this.#counts.clear();
    this.#suppressed.clear();
    this.#lines = 0;
    for (const [source, count] of leftOut) this.#options.onSuppressed(source, count);
  }
}

/** Returns the sources with the most lines first, the others together as one. */
function mostOf(counts: ReadonlyMap<string, number>): [source: string, count: number][] {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const rest = sorted.splice(MAX_REPORTED).reduce((sum, [, count]) => sum + count, 0);
  return rest > 0 ? [...sorted, [OTHERS, rest]] : sorted;
}
