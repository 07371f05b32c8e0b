/** A map for keys that are cut out of messages. */
import { randomSeed } from "./random.ts";
import { hashText, tableHash } from "./table_hash.ts";

interface Entry<Value> {
  readonly hash: number;
  readonly key: string;
  value: Value;
  next: Entry<Value> | undefined;
}

type Buckets<Value> = (Entry<Value> | undefined)[];

const MIN_BUCKETS = 16;
const seed = randomSeed();

/**
 * A `Map` for keys that are new strings each time. V8's `Map` interns every key it is asked for until the next full
 * garbage collection, which costs 15 µs a call; `TextMap` hashes and compares keys instead. The seed is secret, so that
 * peers cannot choose keys that collide. It has its own lists, because a `Map` of hashes leaves holes where entries were,
 * and is copied again and again to be rid of them.
 */
export class TextMap<Value> {
  /** Lists of entries; their number is a power of two. */
  #buckets: Buckets<Value> = makeBuckets(MIN_BUCKETS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): Value | undefined {
    return this.#find(hashOf(key), key)?.value;
  }

  has(key: string): boolean {
    return this.#find(hashOf(key), key) !== undefined;
  }

  set(key: string, value: Value): void {
    const hash = hashOf(key);
    const known = this.#find(hash, key);
    if (known) {
      known.value = value;
      return;
    }
    if (this.#size >= this.#buckets.length) this.#resize(this.#buckets.length * 2);
    const at = hash & this.#buckets.length - 1;
    this.#buckets[at] = { hash, key, value, next: this.#buckets[at] };
    this.#size++;
  }

  delete(key: string): boolean {
    const hash = hashOf(key);
    const buckets = this.#buckets;
    const at = hash & buckets.length - 1;
    let before: Entry<Value> | undefined;
    let entry = buckets[at];
    while (entry && (entry.hash !== hash || entry.key !== key)) {
      before = entry;
      entry = entry.next;
    }
    if (!entry) return false;
    if (before) before.next = entry.next;
    else buckets[at] = entry.next;
    this.#size--;
    if (buckets.length > MIN_BUCKETS && this.#size < buckets.length >> 3) this.#resize(buckets.length >> 1);
    return true;
  }

  #find(hash: number, key: string): Entry<Value> | undefined {
    const buckets = this.#buckets;
    let entry = buckets[hash & buckets.length - 1];
    while (entry && (entry.hash !== hash || entry.key !== key)) entry = entry.next;
    return entry;
  }

  #resize(length: number): void {
    const former = this.#buckets;
    const buckets: Buckets<Value> = makeBuckets(length);
    for (let i = 0; i < former.length; i++) {
      for (let entry = former[i]; entry;) {
        const { next } = entry;
        const at = entry.hash & length - 1;
        entry.next = buckets[at];
        buckets[at] = entry;
        entry = next;
      }
    }
    this.#buckets = buckets;
  }
}

function makeBuckets<Value>(length: number): Buckets<Value> {
  return new Array<Entry<Value> | undefined>(length).fill(undefined);
}

function hashOf(text: string): number {
  return tableHash(hashText(text, seed));
}
