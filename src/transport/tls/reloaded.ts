/** Something read from files, and read again when they have changed. */
import { logger } from "../../runtime/log.ts";
import { fileState } from "../file_state.ts";

const log = logger("tls");

/** Holds what was read last without an error. A look at the files costs a few microseconds. */
export class Reloaded<Value> {
  readonly #paths: readonly string[];
  readonly #read: () => Promise<Value>;
  #value: Value;
  /** What the files looked like when they were read last, well or not. */
  #stamp: string;
  #reading: Promise<Value> | undefined;

  private constructor(
    paths: readonly string[],
    read: () => Promise<Value>,
    first: { value: Value; stamp: string },
  ) {
    this.#paths = paths;
    this.#read = read;
    this.#value = first.value;
    this.#stamp = first.stamp;
  }

  /** Reads for the first time; rejects as `read` does, because there is nothing to fall back on yet. */
  static async read<Value>(paths: readonly string[], read: () => Promise<Value>): Promise<Reloaded<Value>> {
    const stamp = look(paths);
    return new Reloaded(paths, read, { value: await read(), stamp });
  }

  /** What the files say now or, while they cannot be used, what they said before. Never rejects. */
  get(): Value | Promise<Value> {
    const stamp = look(this.#paths);
    if (stamp === this.#stamp) return this.#reading ?? this.#value;
    this.#stamp = stamp;
    const reading = this.#readAgain(stamp);
    this.#reading = reading;
    reading.then(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    return reading;
  }

  async #readAgain(stamp: string): Promise<Value> {
    const path = this.#paths[0];
    try {
      const value = await this.#read();
      // Who began to read later knows better.
      if (stamp !== this.#stamp) return this.#value;
      this.#value = value;
      log.info("{path}: in use from now on", { path });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error("{reason}; what was in {path} before stays in use", { reason, path });
    }
    return this.#value;
  }
}

function look(paths: readonly string[]): string {
  return paths.map((path) => fileState(path)).join("|");
}
