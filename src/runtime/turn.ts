/** Turns of long tasks, between which messages are served. */
import { sleep, systemClock } from "./clock.ts";

const LENGTH_MS = 4;

let waiting = 0;

/** Reports whether a long task waits for its next turn, so that this thread should not sleep. */
export function isTurnAwaited(): boolean {
  return waiting > 0;
}

/**
 * The time for which a long task may hold the thread. The task calls `if (turn.isOver) await turn.next();` where it can
 * be interrupted.
 */
export class Turn {
  readonly #lengthMs: number;
  #end: number;

  constructor(lengthMs = LENGTH_MS) {
    this.#lengthMs = lengthMs;
    this.#end = systemClock.now() + lengthMs;
  }

  get isOver(): boolean {
    return systemClock.now() >= this.#end;
  }

  /** Resolves after waiting messages have been served. */
  async next(): Promise<void> {
    waiting++;
    // The event loop polls sockets only when it waits; after `setImmediate` it polls each 61st time. Waiting for another
    // thread takes a hundredth of the two milliseconds of a timer.
    await Deno.lstat("/").catch(() => sleep(0));
    waiting--;
    this.#end = systemClock.now() + this.#lengthMs;
  }
}
