/** Requests that may wait for the main thread. */
const MAX_WAITING = 256;

/** Lets so many at a time go to the main thread; the others wait in the order in which they came. */
export class Turns {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Calls `go` when there is room, maybe now; whoever went calls `done` once. False when too many wait. */
  take(go: () => void): boolean {
    if (this.#running >= this.#max) {
      if (this.#waiting.length >= MAX_WAITING) return false;
      this.#waiting.push(go);
      return true;
    }
    this.#running++;
    go();
    return true;
  }

  done(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}
