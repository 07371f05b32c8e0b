import { setImmediate } from "node:timers/promises";

/** Milliseconds that a long task has the thread before others get it. */
const LENGTH = 4;

/**
 * The turn that a long task has while messages want to be served: `if (turn.isOver) await turn.next();` where it can be
 * interrupted.
 */
export class Turn {
  #end = performance.now() + LENGTH;

  get isOver(): boolean {
    return performance.now() >= this.#end;
  }

  /** Resolves after everything that waits has been served. */
  async next(): Promise<void> {
    await setImmediate();
    this.#end = performance.now() + LENGTH;
  }
}
