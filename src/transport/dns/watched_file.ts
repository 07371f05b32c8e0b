/** A small system file that is read again when it changes. */
import type { Clock } from "../../runtime/clock.ts";
import { fileState } from "../file_state.ts";

const CHECK_INTERVAL_MS = 5_000;

/** A larger file counts as missing, because reading it would block the thread. */
const MAX_FILE_BYTES = 8 * 2 ** 20;

/** The contents of a file as `read` parses its text. A missing or unreadable file has an empty text. */
export class WatchedFile<T> {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #read: (text: string) => T;
  #value: T;
  #state = "";
  #nextLook = -Infinity;

  constructor(path: string, clock: Clock, read: (text: string) => T) {
    this.#path = path;
    this.#clock = clock;
    this.#read = read;
    this.#value = read("");
  }

  /** The contents five seconds ago at most. */
  get value(): T {
    const now = this.#clock.now();
    if (now < this.#nextLook) return this.#value;
    this.#nextLook = now + CHECK_INTERVAL_MS;
    const state = fileState(this.#path, MAX_FILE_BYTES);
    if (state === this.#state) return this.#value;
    this.#state = state;
    return this.#value = this.#read(state === "" ? "" : this.#text());
  }

  #text(): string {
    try {
      return Deno.readTextFileSync(this.#path);
    } catch {
      this.#state = ""; // Removed meanwhile, or not readable. The next check tries again.
      return "";
    }
  }
}
