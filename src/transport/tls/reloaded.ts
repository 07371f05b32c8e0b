/** A value read from files, and read again when they change. */
import { logger } from "../../runtime/log.ts";
import { fileState } from "../file_state.ts";

const log = logger("tls");

/** Holds the last value that was read without an error. A check of the files takes a few microseconds. */
export class Reloaded<Value> {
  readonly #paths: readonly string[];
  readonly #read: () => Promise<Value>;
  #value: Value;
  /** The state of the files at the last reading. */
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

  /** Reads for the first time. Rejects as `read` does. */
  static async read<Value>(paths: readonly string[], read: () => Promise<Value>): Promise<Reloaded<Value>> {
    const stamp = look(paths);
    return new Reloaded(paths, read, { value: await read(), stamp });
  }

  /** Returns the value of the files or, while they cannot be used, the previous one. Never rejects. */
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
      // A later reading is newer.
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
