/** Time as an input, which tests turn by hand. */

/** A source of time and of one-shot alarms. */
export interface Clock {
  /** Milliseconds on a scale that never jumps, from an arbitrary zero. */
  now(): number;
  /** Milliseconds since 1970, for people and for what outlives the process. */
  wallTime(): number;
  /** Calls `callback` once after `delay` milliseconds. */
  setAlarm(callback: () => void, delay: number): unknown;
  /** Forgets an alarm that `setAlarm` returned. */
  clearAlarm(alarm: unknown): void;
}

let heldTime = 0;
let isHeld = false;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => isHeld ? heldTime : performance.now(),
  wallTime: () => Date.now(),
  setAlarm: (callback, delay) => setTimeout(callback, delay),
  clearAlarm: (alarm) => clearTimeout(alarm as number),
};

/**
 * Calls a function, for which the time stands still: to ask the machine for it takes a tenth of a microsecond, and a dozen
 * times a registration.
 */
export function atOnce<T>(task: () => T): T {
  heldTime = performance.now();
  isHeld = true;
  try {
    return task();
  } finally {
    isHeld = false;
  }
}

/** Resolves after `delayMs`. */
export function sleep(delayMs: number, clock = systemClock): Promise<void> {
  return new Promise((resolve) => clock.setAlarm(resolve, delayMs));
}

/** Calls `callback` each `intervalMs` until the returned function is called. */
export function repeat(callback: () => void, { intervalMs, clock = systemClock }: {
  intervalMs: number;
  clock?: Clock;
}): () => void {
  let alarm: unknown;
  const next = () => {
    alarm = clock.setAlarm(() => {
      next();
      callback();
    }, intervalMs);
  };
  next();
  return () => clock.clearAlarm(alarm);
}
