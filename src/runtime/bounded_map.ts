/** A map of bounded size, for what peers make the server remember. */
import { TextMap } from "./text_map.ts";

/** An entry in a ring from the oldest to the newest; the ring begins and ends at an entry without a value. */
interface Entry<Key, Value> {
  readonly key: Key;
  value: Value;
  older: Entry<Key, Value>;
  newer: Entry<Key, Value>;
}

type Index<Key, Value> = Pick<Map<Key, Entry<Key, Value>>, "size" | "get" | "has" | "delete"> & {
  set(key: Key, entry: Entry<Key, Value>): void;
};

export interface BoundedMapOptions {
  /** Which entry makes room for another: the one written first ("oldest"), or the one unused for longest. */
  readonly evicts?: "oldest" | "leastRecentlyUsed";
}

/**
 * A `Map` that holds `maxSize` entries. A new key evicts the oldest entry when the map is full; a written entry is the
 * newest. Entries are iterated from the oldest to the newest. A bare `Map` slows down when its first keys leave again and
 * again: the gaps they leave are walked over, 3 µs at 8192 entries.
 */
export class BoundedMap<Key, Value> {
  readonly #maxSize: number;
  readonly #isUseCounted: boolean;
  #index: Index<Key, Value>;
  readonly #ring: Entry<Key, Value>;

  constructor(maxSize: number, { evicts = "oldest" }: BoundedMapOptions = {}) {
    this.#maxSize = maxSize;
    this.#isUseCounted = evicts === "leastRecentlyUsed";
    this.#index = this.createIndex();
    const ring = {} as Entry<Key, Value>;
    ring.older = ring.newer = ring;
    this.#ring = ring;
  }

  get size(): number {
    return this.#index.size;
  }

  get isFull(): boolean {
    return this.#index.size >= this.#maxSize;
  }

  /** Returns the value of a key; a use, where use is counted. */
  get(key: Key): Value | undefined {
    const entry = this.#index.get(key);
    if (entry === undefined) return undefined;
    if (this.#isUseCounted && entry.newer !== this.#ring) this.#append(unlink(entry));
    return entry.value;
  }

  /** Reports whether a key is there; no use. */
  has(key: Key): boolean {
    return this.#index.has(key);
  }

  set(key: Key, value: Value): void {
    const known = this.#index.get(key);
    if (known !== undefined) {
      known.value = value;
      this.#append(unlink(known));
      return;
    }
    if (this.isFull) this.delete(this.#ring.newer.key);
    const entry = { key, value, older: this.#ring, newer: this.#ring };
    this.#index.set(key, entry);
    this.#append(entry);
  }

  delete(key: Key): boolean {
    const entry = this.#index.get(key);
    if (entry === undefined) return false;
    this.#index.delete(key);
    unlink(entry);
    return true;
  }

  clear(): void {
    this.#index = this.createIndex();
    this.#ring.older = this.#ring.newer = this.#ring;
  }

  /** Entries may be deleted meanwhile. */
  *[Symbol.iterator](): Generator<[Key, Value]> {
    for (let entry = this.#ring.newer; entry !== this.#ring; entry = entry.newer) {
      yield [entry.key, entry.value];
    }
  }

  protected createIndex(): Index<Key, Value> {
    return new Map<Key, Entry<Key, Value>>();
  }

  #append(entry: Entry<Key, Value>): void {
    const ring = this.#ring;
    entry.older = ring.older;
    entry.newer = ring;
    ring.older.newer = entry;
    ring.older = entry;
  }
}

/** A bounded map for texts that are new each time, as those cut out of messages are (`TextMap`). */
export class BoundedTextMap<Value> extends BoundedMap<string, Value> {
  protected override createIndex(): Index<string, Value> {
    return new TextMap<Entry<string, Value>>();
  }
}

function unlink<Key, Value>(entry: Entry<Key, Value>): Entry<Key, Value> {
  entry.older.newer = entry.newer;
  entry.newer.older = entry.older;
  return entry;
}
