/** One moment at which all waiting for a result ends. */
import type { Clock } from "../../runtime/clock.ts";
import type { Eventually } from "../../runtime/eventually.ts";

/** Begins to run when something has to be waited for. */
export class Deadline {
  readonly #clock: Clock;
  readonly #patience: number;
  #alarm: unknown;
  #passed: Promise<void> | undefined;

  /** `patience` in milliseconds. */
  constructor(clock: Clock, patience: number) {
    this.#clock = clock;
    this.#patience = patience;
  }

  /** The value, or `otherwise` when it is not there in time. */
  within<T>(value: Eventually<T>, otherwise: T): Eventually<T> {
    if (!(value instanceof Promise)) return value;
    this.#passed ??= new Promise((resolve) => {
      this.#alarm = this.#clock.setAlarm(resolve, this.#patience);
    });
    return Promise.race([value, this.#passed.then(() => otherwise)]);
  }

  /** Nothing is waited for any more. */
  end(): void {
    if (this.#passed) this.#clock.clearAlarm(this.#alarm);
  }
}
