/** What happens, told to whoever listens: the REST service, records of calls. */
import type { Clock } from "../runtime/clock.ts";
import type { Counter, Metrics } from "../runtime/metrics.ts";

/** Something that happened. No part of it is a secret, or a whole message. */
export interface ServerEvent {
  /** What and how, such as `call.answered`: the names are part of the REST service's contract. */
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export type EventType =
  | "registration.added"
  | "registration.removed"
  | "registration.expired"
  | "call.started"
  | "call.answered"
  | "call.ended"
  | "gateway.registered"
  | "gateway.failed"
  | "gateway.unregistered"
  | "configuration.reloaded"
  | "configuration.changed";

/** What anybody can cause. */
export type RefusalType = "authentication.failed" | "request.denied" | "call.limited";

/** Of what strangers cause, so many are told in a second. */
const MOST_REFUSALS = 50;
const SECOND = 1000;

export class ServerEvents {
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: ServerEvent) => void>();
  readonly #suppressed: Counter;
  #refusals = 0;
  #second = 0;

  constructor(clock: Clock, metrics: Metrics) {
    this.#clock = clock;
    this.#suppressed = metrics.counter(
      "routr_events_suppressed_total",
      "Events of refused requests that were not told because there were too many",
    );
  }

  /** Whether anybody wants to know: what is costly to put together need not be. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** Calls back with everything from now on, until the returned function is called. Must not throw. */
  listen(listener: (event: ServerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(type: EventType | RefusalType, data: ServerEvent["data"]): void {
    if (this.#listeners.size === 0) return;
    const event = { type, time: this.#clock.wallTime(), data };
    for (const listener of this.#listeners) listener(event);
  }

  /** The same for what anybody can cause: of a flood, only the beginning of each second is told. */
  refused(type: RefusalType, data: ServerEvent["data"]): void {
    const now = this.#clock.now();
    if (now - this.#second >= SECOND) {
      this.#second = now;
      this.#refusals = 0;
    }
    if (++this.#refusals > MOST_REFUSALS) this.#suppressed.value++;
    else this.emit(type, data);
  }
}
