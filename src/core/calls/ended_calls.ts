/** The calls that have ended lately (`GET /calls?ended=true`). */
import type { CallEvent } from "./call_event.ts";

/** An ended call as it is shown. */
export type EndedCall = Readonly<Record<string, unknown>>;

/** Calls kept, of 2 KB at most. */
const MAX_ENDED = 1000;

export class EndedCalls {
  /** A ring: the oldest one is at `#next` once it is full. */
  readonly #events: CallEvent[] = [];
  #next = 0;

  add(event: CallEvent): void {
    this.#events[this.#next] = event;
    this.#next = (this.#next + 1) % MAX_ENDED;
  }

  /** Returns the calls, latest first. */
  list(): readonly EndedCall[] {
    const events = [...this.#events.slice(this.#next), ...this.#events.slice(0, this.#next)];
    return events.reverse().map(({ data }) => data);
  }
}
