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
  readonly #events: KeptEvent[] = [];
  readonly #listeners = new Set<() => void>();
  #characters = 0;
  #last = 0;

  constructor(capacity = 1000) {
    this.#capacity = capacity;
  }

  /** Adds an event and calls the listeners. Keeps its text only. */
  add({ type, time, data }: ServerEvent): void {
    const json = JSON.stringify({ id: this.idOf(++this.#last), time, type, data });
    this.#events.push({ type, json });
    this.#characters += json.length;
    while (this.#events.length > this.#capacity || this.#characters > MAX_TOTAL_LENGTH) {
      this.#characters -= this.#events.shift()!.json.length;
    }
    for (const listener of this.#listeners) listener();
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
    return number >= this.#last - this.#events.length && number <= this.#last;
  }

  /** Returns an event by its number; undefined for one that is not kept any more. */
  at(number: number): KeptEvent | undefined {
    return this.#events[number - this.#last + this.#events.length - 1];
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
}
