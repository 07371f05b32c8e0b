/** Server-sent events (WHATWG HTML §9.2). */
import { type Clock, systemClock } from "../../runtime/clock.ts";
import type { EventHistory } from "./event_history.ts";

export interface EventStreamOptions {
  readonly history: EventHistory;
  /** The id of the client's last event; without one, the stream begins now. */
  readonly lastEventId?: string;
  /** Prefixes of wanted types; all types without any. */
  readonly types?: readonly string[];
  readonly clock?: Clock;
}

/** Proxies close a connection that is silent for longer. */
const KEEP_ALIVE_MS = 15_000;
/** The delay before a client reconnects. */
const RETRY_MS = 2000;
/** Bytes written ahead of the client. */
const MAX_AHEAD_BYTES = 16 * 1024;

/**
 * Returns the events of a history as they happen. The stream begins with `history.lost` when events that the client has
 * missed are forgotten. It ends with `overrun` when the client reads too slowly; that event has no id, so that the client
 * is told of the loss when it reconnects.
 */
export function eventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  return new ReadableStream(
    new EventFeed(options),
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_AHEAD_BYTES }),
  );
}

/** The events for one client. They wait in the shared history, so that a slow client takes no memory. */
class EventFeed implements UnderlyingDefaultSource<Uint8Array> {
  readonly #history: EventHistory;
  readonly #types: readonly string[];
  readonly #clock: Clock;
  readonly #lastEventId: string;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** The number of the last event that was sent or skipped. */
  #number = 0;
  #forget = () => {};
  #alarm: unknown;

  constructor({ history, lastEventId = "", types = [], clock = systemClock }: EventStreamOptions) {
    this.#history = history;
    this.#lastEventId = lastEventId;
    this.#types = types.map((type) => type.trim()).filter((type) => type !== "");
    this.#clock = clock;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#begin();
    this.#forget = this.#history.listen(() => this.#advance());
    this.#awaitKeepAlive();
  }

  pull(): void {
    this.#advance();
  }

  cancel(): void {
    this.#forget();
    this.#clock.clearAlarm(this.#alarm);
  }

  #begin(): void {
    const history = this.#history;
    const known = history.numberOf(this.#lastEventId);
    const isLost = this.#lastEventId !== "" && (known === undefined || !history.hasAllAfter(known));
    this.#number = isLost || known === undefined ? history.last : known;
    // The id lets a client that has seen no event reconnect from here.
    this.#send(`retry: ${RETRY_MS}\nid: ${history.idOf(this.#number)}\n\n`);
    if (isLost) this.#send(`id: ${history.idOf(this.#number)}\n${this.#notice("history.lost")}`);
  }

  /** Sends events as far as the client reads. */
  #advance(): void {
    const history = this.#history;
    if (!history.hasAllAfter(this.#number)) return this.#overrun();
    while (this.#hasRoom && this.#number < history.last) {
      const event = history.at(++this.#number);
      if (event === undefined || !this.#isWanted(event.type)) continue;
      this.#send(`id: ${history.idOf(this.#number)}\nevent: ${event.type}\ndata: ${event.json}\n\n`);
    }
  }

  #overrun(): void {
    this.#send(this.#notice("overrun"));
    this.cancel();
    this.#controller?.close();
  }

  get #hasRoom(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0;
  }

  #isWanted(type: string): boolean {
    return this.#types.length === 0 || this.#types.some((start) => type.startsWith(start));
  }

  /** Sends comments with the id of the last skipped event, from which a client reconnects. */
  #awaitKeepAlive(): void {
    this.#alarm = this.#clock.setAlarm(() => {
      if (this.#hasRoom) this.#send(`:\nid: ${this.#history.idOf(this.#number)}\n\n`);
      this.#awaitKeepAlive();
    }, KEEP_ALIVE_MS);
  }

  /** Returns an event about the stream itself. */
  #notice(type: string): string {
    return `event: ${type}\ndata: ${JSON.stringify({ time: this.#clock.wallTime(), type, data: {} })}\n\n`;
  }

  #send(text: string): void {
    this.#controller?.enqueue(this.#encoder.encode(text));
  }
}
