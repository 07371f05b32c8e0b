/** Events of the server, for listeners such as the REST service and call records. */
import type { Clock } from "../runtime/clock.ts";
import type { Counter, Metrics } from "../runtime/metrics.ts";

/** An event. It contains neither secrets nor whole messages. */
export interface ServerEvent {
  /** A name such as `call.answered`, which is part of the REST service's contract. */
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** UTF-16 units of its JSON, roughly; set where `data` are made when they are asked for, and are always the same. */
  readonly approximateLength?: number;
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
  | "configuration.changed"
  | "address.banned"
  | "address.unbanned"
  | "account.guessed";

/** Events that unauthenticated senders can cause. */
export type RefusalType = "authentication.failed" | "request.denied" | "call.limited";

const MAX_REFUSALS_PER_SECOND = 50;
const SECOND_MS = 1000;

export class ServerEvents {
  readonly #clock: Clock;
  /** Replaced when it changes, so that a listener may leave while an event is told. */
  #listeners: readonly ((event: ServerEvent) => void)[] = [];
  readonly #suppressed: Counter;
  #refusals = 0;
  #secondStartedAt = 0;

  constructor(clock: Clock, metrics: Metrics) {
    this.#clock = clock;
    this.#suppressed = metrics.counter(
      "routr_events_suppressed_total",
      "Events of refused requests that were not told because there were too many",
    );
  }

  /** Reports whether there are listeners, so that senders can skip costly events. */
  get isHeard(): boolean {
    return this.#listeners.length > 0;
  }

  /** Calls `listener` with each event until the returned function is called. It must not throw. */
  listen(listener: (event: ServerEvent) => void): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => void (this.#listeners = this.#listeners.filter((each) => each !== listener));
  }

  emit(type: EventType | RefusalType, data: ServerEvent["data"]): void {
    if (this.#listeners.length > 0) this.publish({ type, time: this.#clock.wallTime(), data });
  }

  publish(event: ServerEvent): void {
    const listeners = this.#listeners;
    for (let i = 0; i < listeners.length; i++) listeners[i](event);
  }

  /** Emits a refusal, unless there were too many of them in this second. */
  refused(type: RefusalType, data: ServerEvent["data"]): void {
    const now = this.#clock.now();
    if (now - this.#secondStartedAt >= SECOND_MS) {
      this.#secondStartedAt = now;
      this.#refusals = 0;
    }
    if (++this.#refusals > MAX_REFUSALS_PER_SECOND) this.#suppressed.value++;
    else this.emit(type, data);
  }
}
