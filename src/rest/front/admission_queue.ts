/** Requests that may wait for the main thread. */
const MAX_WAITING = 256;

/** Limits how many requests the main thread has at a time; the others wait in the order of their arrival. */
export class AdmissionQueue {
  readonly #maxConcurrent: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(maxConcurrent: number) {
    this.#maxConcurrent = maxConcurrent;
  }

  /** Calls `start` once a place is free, until `leave` is called. Returns false when too many wait. */
  enter(start: () => void): boolean {
    if (this.#running >= this.#maxConcurrent) {
      if (this.#waiting.length >= MAX_WAITING) return false;
      this.#waiting.push(start);
      return true;
    }
    this.#running++;
    start();
    return true;
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}
