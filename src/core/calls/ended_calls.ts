/** The calls that have ended lately (`GET /calls?ended=true`). */

/** An ended call as it is shown. */
export type EndedCall = Readonly<Record<string, unknown>>;

/** Calls kept, of 2 KB at most. */
const MAX_ENDED = 1000;

export class EndedCalls {
  /** A ring: the oldest one is at `#next` once it is full. */
  readonly #calls: EndedCall[] = [];
  #next = 0;

  add(call: EndedCall): void {
    this.#calls[this.#next] = call;
    this.#next = (this.#next + 1) % MAX_ENDED;
  }

  /** Returns the calls, latest first. */
  list(): readonly EndedCall[] {
    return [...this.#calls.slice(this.#next), ...this.#calls.slice(0, this.#next)].reverse();
  }
}
