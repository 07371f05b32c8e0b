/** A common time limit for several values. */
import type { Clock } from "../../runtime/clock.ts";
import type { Eventually } from "../../runtime/eventually.ts";

/** The time runs from the first value that has to be waited for. */
export class Deadline {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #alarm: unknown;
  #passed: Promise<void> | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Returns the value, or `otherwise` when it is late. */
  within<T>(value: Eventually<T>, otherwise: T): Eventually<T> {
    if (!(value instanceof Promise)) return value;
    this.#passed ??= new Promise((resolve) => {
      this.#alarm = this.#clock.setAlarm(resolve, this.#timeoutMs);
    });
    return Promise.race([value, this.#passed.then(() => otherwise)]);
  }

  /** Releases the alarm, when nothing is awaited any more. */
  end(): void {
    if (this.#passed) this.#clock.clearAlarm(this.#alarm);
  }
}
