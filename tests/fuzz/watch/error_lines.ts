/** Lines of level error or above that the server in this process logs. */

const LEVEL = /^\S+ (error|fatal) /;

export class ErrorLines {
  readonly #lines: string[] = [];
  readonly #saved = console.error;

  constructor() {
    console.error = (...words: unknown[]) => {
      const line = words.join(" ");
      if (LEVEL.test(line)) this.#lines.push(line);
      else this.#saved(...words);
    };
  }

  /** The first line since the last question. */
  take(): string | undefined {
    const [line] = this.#lines.splice(0);
    return line;
  }

  close(): void {
    console.error = this.#saved;
  }
}
