/** A map for keys that are cut out of messages. */
import { randomSeed } from "./random.ts";
import { codeAt } from "./text.ts";

interface Entry<Value> {
  readonly key: string;
  value: Value;
  next: Entry<Value> | undefined;
}

const seed = randomSeed();

/**
 * A `Map` for keys that are new strings each time. V8's `Map` interns every key it is asked for until the next full
 * garbage collection, which costs 15 µs a call; `TextMap` hashes and compares keys instead. The seed is secret, so that
 * peers cannot choose keys that collide.
 */
export class TextMap<Value> {
  readonly #chains = new Map<number, Entry<Value>>();
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
    this.#chains.set(hash, { key, value, next: this.#chains.get(hash) });
    this.#size++;
  }

  delete(key: string): boolean {
    const hash = hashOf(key);
    const entry = this.#find(hash, key);
    if (!entry) return false;
    const head = this.#chains.get(hash)!;
    if (head !== entry) {
      let before = head;
      while (before.next !== entry) before = before.next!;
      before.next = entry.next;
    } else if (entry.next) this.#chains.set(hash, entry.next);
    else this.#chains.delete(hash);
    this.#size--;
    return true;
  }

  #find(hash: number, key: string): Entry<Value> | undefined {
    let entry = this.#chains.get(hash);
    while (entry && entry.key !== key) entry = entry.next;
    return entry;
  }
}

/** Returns 30 bits, which V8 stores without a heap object. */
function hashOf(text: string): number {
  let hash = seed;
  for (let i = 0, end = text.length; i < end; i++) hash = Math.imul(hash ^ codeAt(text, i), 0x01000193);
  return (hash ^ hash >>> 15) & 0x3fffffff;
}
