import { sleep, systemClock } from "./clock.ts";

/** Milliseconds that a long task has the thread before others get it. */
const LENGTH = 4;

let waiting = 0;

/** Whether a long task waits for its next turn: who sleeps on this thread keeps it waiting. */
export function isTurnAwaited(): boolean {
  return waiting > 0;
}

/**
 * The turn that a long task has while messages want to be served: `if (turn.isOver) await turn.next();` where it can be
 * interrupted.
 */
export class Turn {
  readonly #length: number;
  #end: number;

  /** @param length milliseconds */
  constructor(length = LENGTH) {
    this.#length = length;
    this.#end = systemClock.now() + length;
  }

  get isOver(): boolean {
    return systemClock.now() >= this.#end;
  }

  /** Resolves after everything that waits has been served. */
  async next(): Promise<void> {
    waiting++;
    // Only when the event loop waits does it look at sockets; after `setImmediate` it does so each 61st time. What another
    // thread does for us makes it wait: a hundredth of the two milliseconds that a timer takes.
    await Deno.lstat("/").catch(() => sleep(0));
    waiting--;
    this.#end = systemClock.now() + this.#length;
  }
}
