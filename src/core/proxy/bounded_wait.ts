/** Waiting that comes to an end. */
import type { Eventually } from "../../runtime/eventually.ts";
import { noteEvent } from "../../runtime/rounds.ts";
import { logger } from "../../runtime/log.ts";
import type { Timer } from "../../runtime/timer_wheel.ts";

const log = logger("proxy");

export interface BoundedWaitOptions<T> {
  readonly maxMs: number;
  timer(callback: () => void): Timer;
  onValue(value: T): void;
  /** The promise rejected or took too long, or `onValue` has thrown; the log says why. */
  onFailure(): void;
}

/** A wait that may be ended before its promise settles: neither callback is called then. */
export interface BoundedWait {
  stop(): void;
}

/** Waits for a promise. */
export function waitFor<T>(promise: Promise<T>, options: BoundedWaitOptions<T>): BoundedWait {
  const { maxMs, timer, onValue, onFailure } = options;
  let isOver = false;
  const stop = () => {
    isOver = true;
    deadline.stop();
  };
  const fail = (error: unknown) => {
    log.error("Cannot forward: {error}", { error });
    attemptStep(onFailure);
  };
  const settle = (goOn: () => void) => {
    if (isOver) return;
    stop();
    goOn();
  };
  const deadline = timer(() => settle(() => fail(`no answer within ${maxMs} ms`)));
  deadline.start(maxMs);
  noteEvent();
  promise.then(
    (value) => settle(() => attemptStep(() => onValue(value), fail)),
    (error) => settle(() => fail(error)),
  );
  return { stop };
}

/** Returns what `ask` returns; a promise that rejects when it throws. */
export function attempt<T>(ask: () => Eventually<T>): Eventually<T> {
  try {
    return ask();
  } catch (error) {
    return Promise.reject(error);
  }
}

function attemptStep(step: () => void, onError = logUnexpected): void {
  try {
    step();
  } catch (error) {
    onError(error);
  }
}

function logUnexpected(error: unknown): void {
  log.error("Cannot go on with a request: {error}", { error });
}
