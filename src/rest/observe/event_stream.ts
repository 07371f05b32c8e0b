/** Server-sent events (WHATWG HTML §9.2). */
import { type Clock, systemClock } from "../../runtime/clock.ts";
import type { EventHistory } from "./event_history.ts";

export interface EventStreamOptions {
  readonly history: EventHistory;
  /** Of the last event that the client has; from now on if there is none. */
  readonly lastEventId?: string;
  /** What the names of wanted events begin with; all if there is none. */
  readonly types?: readonly string[];
  readonly clock?: Clock;
}

/** Milliseconds between two signs of life: what is silent for longer, proxies take for dead. */
const KEEP_ALIVE = 15_000;
/** Milliseconds that a client waits before it comes again. */
const RETRY = 2000;
/** Bytes that are made before they are read. */
const AHEAD = 16 * 1024;

/**
 * The events of a history as they come. `history.lost` is the first one when what the client has missed is not known any
 * more: it goes on with what comes, and has to look for itself how things are. `overrun` is the last one for a client that
 * reads more slowly than the history forgets. It has no id, so that the client hears of the loss when it comes again.
 */
export function eventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  return new ReadableStream(new EventFeed(options), new ByteLengthQueuingStrategy({ highWaterMark: AHEAD }));
}

/** What a client is sent. It waits in the history that all share, so that a slow client costs a number. */
class EventFeed implements UnderlyingDefaultSource<Uint8Array> {
  readonly #history: EventHistory;
  readonly #types: readonly string[];
  readonly #clock: Clock;
  readonly #lastEventId: string;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Of the last event that was sent or is not wanted. */
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
    // Who has not seen an event yet can go on from here all the same.
    this.#send(`retry: ${RETRY}\nid: ${history.idOf(this.#number)}\n\n`);
    if (isLost) this.#send(`id: ${history.idOf(this.#number)}\n${this.#notice("history.lost")}`);
  }

  /** Sends what there is, as far as the client reads. */
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

  /** The id passes over what was not wanted, so that this is not missed by a client that comes again. */
  #awaitKeepAlive(): void {
    this.#alarm = this.#clock.setAlarm(() => {
      if (this.#hasRoom) this.#send(`:\nid: ${this.#history.idOf(this.#number)}\n\n`);
      this.#awaitKeepAlive();
    }, KEEP_ALIVE);
  }

  /** An event about the stream itself. */
  #notice(type: string): string {
    return `event: ${type}\ndata: ${JSON.stringify({ time: this.#clock.wallTime(), type, data: {} })}\n\n`;
  }

  #send(text: string): void {
    this.#controller?.enqueue(this.#encoder.encode(text));
  }
}
