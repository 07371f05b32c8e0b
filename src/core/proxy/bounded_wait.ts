/** Waiting that comes to an end. */
import { logger } from "../../runtime/log.ts";
import type { Timer } from "../../runtime/timer_wheel.ts";

const log = logger("proxy");

export interface BoundedWaitOptions<T> {
  readonly maxMs: number;
  timer(callback: () => void): Timer;
  onValue(value: T): void;
  /** The promise rejected or took too long; the log says why. */
  onFailure(): void;
}

/** Waits for a promise. Exactly one of the two callbacks is called. */
export function waitFor<T>(promise: Promise<T>, options: BoundedWaitOptions<T>): void {
  const { maxMs, timer, onValue } = options;
  let isSettled = false;
  const settle = (goOn: () => void) => {
    if (isSettled) return;
    isSettled = true;
    deadline.stop();
    try {
      goOn();
    } catch (error) {
      log.error("Cannot go on with a request: {error}", { error });
    }
  };
  const fail = (error: unknown) =>
    settle(() => {
      log.error("Cannot forward: {error}", { error });
      options.onFailure();
    });
  const deadline = timer(() => fail(`no answer within ${maxMs} ms`));
  deadline.start(maxMs);
  promise.then((value) => settle(() => onValue(value)), fail);
}
