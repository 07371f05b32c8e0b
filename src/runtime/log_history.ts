/** The last lines of the log (`GET /system/logs`). */
import { detachText } from "./text.ts";

export interface LogHistoryLimits {
  readonly maxLines: number;
  /** UTF-16 units of all lines together; a unit takes one or two bytes. */
  readonly maxCharacters: number;
  /** UTF-16 units after which a line is cut. */
  readonly maxLineLength: number;
}

const LIMITS: LogHistoryLimits = { maxLines: 2000, maxCharacters: 512 * 1024, maxLineLength: 1000 };

export class LogHistory {
  readonly #limits: LogHistoryLimits;
  readonly #lines: string[] = [];
  #characters = 0;

  constructor(limits: LogHistoryLimits = LIMITS) {
    this.#limits = limits;
  }

  /** @param line without an end of line */
  add(line: string): void {
    const { maxLines, maxCharacters, maxLineLength } = this.#limits;
    const kept = line.length > maxLineLength ? `${line.slice(0, maxLineLength - 1)}…` : line;
    // Lines quote messages; a substring would keep the whole message.
    this.#lines.push(detachText(kept));
    this.#characters += kept.length;
    while (this.#lines.length > maxLines || this.#characters > maxCharacters) {
      this.#characters -= this.#lines.shift()!.length;
    }
  }

  /** Returns all lines, oldest first, each with a line feed. */
  text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }
}
