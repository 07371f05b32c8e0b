/** A clock that counts its alarms, and that can oversleep as a suspended machine does. */
import type { Clock } from "../../../src/runtime/clock.ts";
import { FakeClock } from "../../support/fake_clock.ts";

export class WatchedClock implements Clock {
  readonly #clock = new FakeClock();
  readonly #pending = new Set<unknown>();
  #overslept = 0;
  /** Alarms that have rung. */
  rung = 0;

  now(): number {
    return this.#clock.now() + this.#overslept;
  }

  wallTime(): number {
    return this.#clock.wallTime() + this.#overslept;
  }

  setAlarm(callback: () => void, delay: number): unknown {
    const alarm = this.#clock.setAlarm(() => {
      this.#pending.delete(alarm);
      this.rung++;
      callback();
    }, delay);
    this.#pending.add(alarm);
    return alarm;
  }

  clearAlarm(alarm: unknown): void {
    this.#pending.delete(alarm);
    this.#clock.clearAlarm(alarm);
  }

  /** Alarms that are set and have not rung. */
  get pending(): number {
    return this.#pending.size;
  }

  advance(milliseconds: number): void {
    this.#clock.advance(milliseconds);
  }

  /** Lets time pass without ringing, as in a suspended machine; due alarms ring late. */
  oversleep(milliseconds: number): void {
    this.#overslept += milliseconds;
  }
}
