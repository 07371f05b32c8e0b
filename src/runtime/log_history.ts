/** The last lines of the log, for who was not there (`GET /system/logs`). */
import { detachText } from "./detached_text.ts";

export interface LogHistoryLimits {
  readonly lines: number;
  /** UTF-16 units of all lines together, each of which takes one byte or two. */
  readonly characters: number;
  /** UTF-16 units of one line, which is cut there. */
  readonly longestLine: number;
}

const LIMITS: LogHistoryLimits = { lines: 2000, characters: 512 * 1024, longestLine: 1000 };

export class LogHistory {
  readonly #limits: LogHistoryLimits;
  readonly #lines: string[] = [];
  #characters = 0;

  constructor(limits: LogHistoryLimits = LIMITS) {
    this.#limits = limits;
  }

  /** @param line without an end of line */
  add(line: string): void {
    const { lines, characters, longestLine } = this.#limits;
    const kept = line.length > longestLine ? `${line.slice(0, longestLine - 1)}…` : line;
    // What is logged quotes messages, which are not to be kept for a few words.
    this.#lines.push(detachText(kept));
    this.#characters += kept.length;
    while (this.#lines.length > lines || this.#characters > characters) {
      this.#characters -= this.#lines.shift()!.length;
    }
  }

  /** Oldest first, each with a line feed. */
  text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }
}
