/** A timer wheel: starting and stopping a timer takes a few pointer writes, however many there are. */
import type { Clock } from "./clock.ts";
import { logger } from "./log.ts";

const log = logger("timers");

const SLOTS = 4096;
const TICK = 10;

/** A timer that can be started, restarted and stopped any number of times. */
export interface Timer {
  /** Fires once after `delayMs`, rounded up to 10 ms; a running timer starts again. */
  start(delayMs: number): void;
  stop(): void;
  readonly isRunning: boolean;
}

/** What many timers belong to, one or a few each. An owner takes less memory than a callback for each timer. */
export interface TimerOwner {
  /** Called when a timer fires. */
  onTimer(timer: Timer): void;
}

/**
 * A hashed wheel of 4096 slots of 10 ms.
 *
 *     slot = tick mod 4096        due tick ─┐
 *     [ ]─[ ]─[t]─[t]─[ ]─ …                └ timers more than 41 s away stay for another round
 *
 * One alarm is armed, for the next slot with a timer, so an idle server does not tick.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots: (WheelTimer | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #origin: number;
  #tick = 0;
  #count = 0;
  #alarm: unknown = undefined;
  #alarmTick = Infinity;
  #isTurning = false;
  /** Timers out of their slot and not called yet, chained by `fired`. */
  #due: WheelTimer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#origin = clock.now();
  }

  /** Running timers. */
  get size(): number {
    return this.#count;
  }

  /** Returns a stopped timer that calls `callback` when it fires. */
  timer(callback: () => void): Timer {
    return new WheelTimer(this, { onTimer: callback });
  }

  /** Returns a stopped timer that tells its owner when it fires. */
  timerOf(owner: TimerOwner): Timer {
    return new WheelTimer(this, owner);
  }

  /** Fires what is due, without an alarm. */
  turnIfDue(): void {
    if (this.#count === 0 || this.#isTurning || this.#now() <= this.#tick) return;
    this.#advance();
  }

  /** Stops every timer. */
  clear(): void {
    for (const head of this.#slots) {
      for (let timer = head; timer;) {
        const next = timer.next;
        timer.stop();
        timer = next;
      }
    }
    for (let timer = this.#due; timer; timer = timer.fired) timer.pending = false;
    this.#disarm();
  }

  /** @internal */
  insert(timer: WheelTimer, delay: number): void {
    if (this.#count === 0) this.#tick = this.#now();
    const due = Math.max(Math.ceil((this.#clock.now() - this.#origin + delay) / TICK), this.#tick + 1);
    const slot = due & (SLOTS - 1);
    const head = this.#slots[slot];
    timer.due = due;
    timer.previous = undefined;
    timer.next = head;
    if (head) head.previous = timer;
    this.#slots[slot] = timer;
    this.#count++;
    // A turn arms the next alarm at its end, since another timer may be earlier.
    if (!this.#isTurning && due < this.#alarmTick) this.#arm(due);
  }

  /** @internal */
  remove(timer: WheelTimer): void {
    const { previous, next } = timer;
    if (next) next.previous = previous;
    if (previous) previous.next = next;
    else if (this.#slots[timer.due & (SLOTS - 1)] === timer) this.#slots[timer.due & (SLOTS - 1)] = next;
    timer.previous = timer.next = undefined;
    timer.due = -1;
    this.#count--;
  }

  #now(): number {
    return Math.floor((this.#clock.now() - this.#origin) / TICK);
  }

  #arm(tick: number): void {
    this.#disarm();
    this.#alarmTick = tick;
    const delay = tick * TICK + this.#origin - this.#clock.now();
    this.#alarm = this.#clock.setAlarm(() => this.#turn(), Math.max(0, delay));
  }

  #disarm(): void {
    if (this.#alarmTick !== Infinity) this.#clock.clearAlarm(this.#alarm);
    this.#alarm = undefined;
    this.#alarmTick = Infinity;
  }

  #turn(): void {
    this.#alarm = undefined;
    this.#alarmTick = Infinity;
    this.#advance();
  }

  #advance(): void {
    const now = this.#now();
    // After a long sleep one round of the wheel visits every timer.
    if (now - this.#tick > SLOTS) this.#tick = now - SLOTS;
    this.#isTurning = true;
    while (this.#tick < now) {
      this.#tick++;
      this.#fireSlot(this.#tick & (SLOTS - 1), now);
    }
    this.#isTurning = false;
    this.#armNext();
  }

  #fireSlot(slot: number, now: number): void {
    let timer = this.#slots[slot];
    while (timer) {
      const next = timer.next;
      if (timer.due <= now) {
        this.remove(timer);
        timer.fired = this.#due;
        this.#due = timer;
        timer.pending = true;
      }
      timer = next;
    }
    for (let due = this.#due; due; due = this.#due) {
      this.#due = due.fired;
      due.fired = undefined;
      due.fire();
    }
  }

  #armNext(): void {
    if (this.#count === 0) return;
    // An alarm that comes too early does no harm, and another one would cost more.
    for (let tick = this.#tick + 1; tick <= this.#tick + SLOTS && tick < this.#alarmTick; tick++) {
      if (this.#slots[tick & (SLOTS - 1)]) return this.#arm(tick);
    }
  }
}

class WheelTimer implements Timer {
  due = -1;
  previous: WheelTimer | undefined = undefined;
  next: WheelTimer | undefined = undefined;
  fired: WheelTimer | undefined = undefined;
  pending = false;
  readonly #wheel: TimerWheel;
  readonly #owner: TimerOwner;

  constructor(wheel: TimerWheel, owner: TimerOwner) {
    this.#wheel = wheel;
    this.#owner = owner;
  }

  get isRunning(): boolean {
    return this.due >= 0 || this.pending;
  }

  start(delay: number): void {
    this.stop();
    this.#wheel.insert(this, delay);
  }

  stop(): void {
    this.pending = false;
    if (this.due >= 0) this.#wheel.remove(this);
  }

  /** Calls back, unless another timer of the same slot has stopped this one. */
  fire(): void {
    if (!this.pending) return;
    this.pending = false;
    try {
      this.#owner.onTimer(this);
    } catch (error) {
      log.error("A timer failed: {error}", { error });
    }
  }
}
