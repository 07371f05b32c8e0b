/** A rate with bursts: so many tokens a second, and so many kept. */
export class TokenBucket {
  #rate: number;
  #tokens: number;
  #at = 0;

  /** @param rate tokens a second, and the most that are kept */
  constructor(rate: number) {
    this.#rate = this.#tokens = rate;
  }

  change(rate: number): void {
    this.#rate = rate;
  }

  /** @param now milliseconds on a scale that does not jump */
  isEmpty(now: number): boolean {
    this.#tokens = Math.min(this.#rate, this.#tokens + (now - this.#at) * this.#rate / 1000);
    this.#at = now;
    return this.#tokens < 1;
  }

  /** Takes a token; false when there is none. */
  take(now: number): boolean {
    if (this.isEmpty(now)) return false;
    this.#tokens--;
    return true;
  }
}
