/** A small file of the system that is read again when it has changed. */
import type { Clock } from "../../runtime/clock.ts";
import { fileState } from "../file_state.ts";

/** Milliseconds between two looks at the file. */
const LOOK_INTERVAL = 5_000;

/** Beyond this many bytes a file counts as missing, rather than keeping everybody waiting. */
const LARGEST_FILE = 8 * 2 ** 20;

/** What a file says, as `read` understands its text. A missing or unreadable file is an empty text. */
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

  /** As of the last look, at most five seconds ago. */
  get value(): T {
    const now = this.#clock.now();
    if (now < this.#nextLook) return this.#value;
    this.#nextLook = now + LOOK_INTERVAL;
    const state = fileState(this.#path, LARGEST_FILE);
    if (state === this.#state) return this.#value;
    this.#state = state;
    return this.#value = this.#read(state === "" ? "" : this.#text());
  }

  #text(): string {
    try {
      return Deno.readTextFileSync(this.#path);
    } catch {
      this.#state = ""; // It went between our look and our reading, or is not for us; it is tried again.
      return "";
    }
  }
}
