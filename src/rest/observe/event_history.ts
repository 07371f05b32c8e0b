/** The last events, for clients that reconnect (`Last-Event-ID`) or read slowly. */
import type { ServerEvent } from "../../core/server_events.ts";
import { randomToken } from "../../runtime/random.ts";

/** An event of the history. */
export interface KeptEvent {
  readonly type: string;
  /** `{"id":"EPOCH-NUMBER","time":…,"type":…,"data":{…}}` on one line, serialized once for all clients. */
  readonly json: string;
}

/** UTF-16 units of all events together. */
const MAX_TOTAL_LENGTH = 1024 * 1024;

/**
 * Numbers events from 1. Their ids are `EPOCH-NUMBER`; each process has its own epoch, so that ids of an earlier process
 * are not mistaken for its own.
 */
export class EventHistory {
  readonly #capacity: number;
  readonly #epoch = randomToken();
  /** A ring: each event is at its number modulo the capacity. */
  readonly #events: (KeptEvent | ServerEvent | undefined)[] = [];
  readonly #listeners = new Set<() => void>();
  #characters = 0;
  #first = 1;
  #last = 0;

  constructor(capacity = 1000) {
    this.#capacity = capacity;
  }

  /** Adds an event and calls the listeners. Its text is written at once unless its data are made when asked for. */
  add(event: ServerEvent): void {
    if (this.#last - this.#first + 1 >= this.#capacity) this.#forgetOldest();
    const number = ++this.#last;
    this.#put(number, event.approximateLength === undefined ? this.#written(event, number) : event);
    while (this.#characters > MAX_TOTAL_LENGTH) this.#forgetOldest();
    if (this.#listeners.size > 0) { for (const listener of this.#listeners) listener(); }
  }

  /** Calls `listener` after each event, until the returned function is called. Listeners must not throw. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The number of the newest event; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Reports whether all events after a number are still kept. */
  hasAllAfter(number: number): boolean {
    return number >= this.#first - 1 && number <= this.#last;
  }

  /** Returns an event by its number; undefined for one that is not kept any more. */
  at(number: number): KeptEvent | undefined {
    if (number < this.#first || number > this.#last) return undefined;
    const event = this.#events[number % this.#capacity];
    if (event === undefined || "json" in event) return event;
    const written = this.#written(event, number);
    this.#put(number, written);
    return written;
  }

  idOf(number: number): string {
    return `${this.#epoch}-${number}`;
  }

  /** Returns the number of an id; undefined for an id of another process. */
  numberOf(id: string): number | undefined {
    const [, epoch, digits] = /^([a-z0-9]{1,20})-(\d{1,15})$/.exec(id) ?? [];
    const number = Number(digits);
    return epoch === this.#epoch && number <= this.#last ? number : undefined;
  }

  #put(number: number, event: KeptEvent | ServerEvent | undefined): void {
    const place = number % this.#capacity;
    this.#characters += lengthOf(event) - lengthOf(this.#events[place]);
    this.#events[place] = event;
  }

  #forgetOldest(): void {
    this.#put(this.#first++, undefined);
  }

  #written({ type, time, data }: ServerEvent, number: number): KeptEvent {
    return { type, json: JSON.stringify({ id: this.idOf(number), time, type, data }) };
  }
}

/** Returns the length of the text of an event, which may not be written yet. */
function lengthOf(event: KeptEvent | ServerEvent | undefined): number {
  if (event === undefined) return 0;
  return "json" in event ? event.json.length : event.approximateLength ?? 0;
}
