/** The last events, for those who were away for a moment (`Last-Event-ID`), or read slowly. */
import { randomToken } from "../../runtime/random.ts";

/** What happened; no part of it is secret. */
export interface ServerEvent {
  /** `call.answered`. */
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** An object that can be written as JSON. */
  readonly data: unknown;
}

/** An event as it is kept. */
export interface KeptEvent {
  readonly type: string;
  /** `{"id":"EPOCH-NUMBER","time":…,"type":…,"data":{…}}`: written once for all who listen, and on one line. */
  readonly json: string;
}

/** UTF-16 units of all events together, each of which takes one byte or two. */
const MOST_CHARACTERS = 1024 * 1024;

/**
 * Events have numbers from 1 on. Their ids are `EPOCH-NUMBER`: another process has another epoch, and does not take its
 * own events for those that a client has seen.
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

  /** Notes an event and tells the listeners. Nothing of it is kept but what is written. */
  add({ type, time, data }: ServerEvent): void {
    const json = JSON.stringify({ id: this.idOf(++this.#last), time, type, data });
    this.#events.push({ type, json });
    this.#characters += json.length;
    while (this.#events.length > this.#capacity || this.#characters > MOST_CHARACTERS) {
      this.#characters -= this.#events.shift()!.json.length;
    }
    for (const listener of this.#listeners) listener();
  }

  /** Calls back whenever there is another event, until the returned function is called. Listeners must not throw. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The number of the latest event; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Whether everything that came after an event is still here. */
  hasAllAfter(number: number): boolean {
    return number >= this.#last - this.#events.length && number <= this.#last;
  }

  /** Undefined for an event that is not kept any more. */
  at(number: number): KeptEvent | undefined {
    return this.#events[number - this.#last + this.#events.length - 1];
  }

  idOf(number: number): string {
    return `${this.#epoch}-${number}`;
  }

  /** The number of an id; undefined for one that this process has not given. */
  numberOf(id: string): number | undefined {
    const [, epoch, digits] = /^([a-z0-9]{1,20})-(\d{1,15})$/.exec(id) ?? [];
    const number = Number(digits);
    return epoch === this.#epoch && number <= this.#last ? number : undefined;
  }
}
