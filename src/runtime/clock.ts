/** Where time comes from, so that tests can turn it by hand. */

/** A source of time and of one-shot alarms. */
export interface Clock {
  /** Milliseconds on a scale that never jumps; its zero means nothing. */
  now(): number;
  /** Milliseconds since 1970, for what people read and for what outlives the process. */
  wallTime(): number;
  /** Calls `callback` once after `delay` milliseconds. */
  setAlarm(callback: () => void, delay: number): unknown;
  /** Forgets an alarm that `setAlarm` returned. */
  clearAlarm(alarm: unknown): void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setAlarm: (callback, delay) => setTimeout(callback, delay),
  clearAlarm: (alarm) => clearTimeout(alarm as number),
};
