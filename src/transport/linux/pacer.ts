/** Lets what comes by connections gather while there is much of it, as `receive_loop.ts` does for datagrams. */
import { type Libc, openLibc } from "./libc.ts";

/** Reads a millisecond from which it is worth while, and the milliseconds over which the rate is averaged. */
const BUSY = 0.5;
const MEMORY = 20;
/** Reads worth a turn of the event loop, and the milliseconds they are waited for at most. */
const WORTHWHILE = 24;
const LONGEST_GATHER = 5;
/** Milliseconds not worth a sleep. */
const INSTANT = 0.1;

/**
 * Sleeps at the end of a turn of the event loop in which connections were read, so that the next turn finds many of them
 * readable: a turn costs several times what a message does.
 */
export class Pacer {
  readonly #usleep: Libc["usleep"];
  #reads = 0;
  #rate = 0;
  #isScheduled = false;
  /** When the last turn ended, and when its sleep was over. */
  #lastEnd = performance.now();
  #awake = this.#lastEnd;

  constructor({ usleep }: Pick<Libc, "usleep">) {
    this.#usleep = usleep;
  }

  /** A connection was read. */
  note(): void {
    this.#reads++;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#isScheduled = false;
    const now = performance.now();
    const elapsed = now - this.#lastEnd;
    this.#rate += (this.#reads / elapsed - this.#rate) * Math.min(1, elapsed / MEMORY);
    this.#reads = 0;
    this.#lastEnd = now;
    // The time that the turn itself took counts: under full load there is nothing to wait for.
    const rest = Math.min(LONGEST_GATHER, WORTHWHILE / this.#rate) - (now - this.#awake);
    this.#awake = now;
    if (this.#rate < BUSY) return;
    if (rest > INSTANT) this.#usleep(Math.round(rest * 1000));
    this.#awake = performance.now();
  };
}

/** The pacer of this process; undefined where there is no libc to sleep by. */
export function sharedPacer(): Pacer | undefined {
  try {
    return new Pacer(openLibc());
  } catch {
    return undefined;
  }
}
