/** Clocks that a test turns by hand. */
import { type Clock, systemClock } from "../../src/runtime/clock.ts";

interface Alarm {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until `advance` is called. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #alarms = new Set<Alarm>();

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  setAlarm(callback: () => void, delay: number): unknown {
    const alarm = { at: this.#now + Math.max(0, delay), callback };
    this.#alarms.add(alarm);
    return alarm;
  }

  clearAlarm(alarm: unknown): void {
    this.#alarms.delete(alarm as Alarm);
  }

  /** Lets `milliseconds` pass; alarms ring in order, each at its own time. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      let next: Alarm | undefined;
      for (const alarm of this.#alarms) if (alarm.at <= end && (!next || alarm.at < next.at)) next = alarm;
      if (!next) break;
      this.#alarms.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }
}

/** The machine's clock, which a test can put forward. */
export class ShiftedClock implements Clock {
  #shift = 0;

  now(): number {
    return systemClock.now() + this.#shift;
  }

  wallTime(): number {
    return systemClock.wallTime() + this.#shift;
  }

  setAlarm(callback: () => void, delay: number): unknown {
    return systemClock.setAlarm(callback, delay);
  }

  clearAlarm(alarm: unknown): void {
    systemClock.clearAlarm(alarm);
  }

  /** Puts the clock forward, not its alarms. */
  shift(milliseconds: number): void {
    this.#shift += milliseconds;
  }
}
