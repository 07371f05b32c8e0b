import { ownerOf } from "./address_words.ts";

/** Counts what each address has open; all addresses of an IPv6 /64 count as one. */
export class AddressQuota {
  readonly #max: number;
  readonly #counts = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Reports whether the address has all that it may have. */
  isFull(address: string): boolean {
    return this.#countOf(ownerOf(address)) >= this.#max;
  }

  /** Counts one more, even beyond the maximum. */
  add(address: string): void {
    const owner = ownerOf(address);
    this.#counts.set(owner, this.#countOf(owner) + 1);
  }

  /** Counts one more and returns true, unless the quota is full. */
  take(address: string): boolean {
    if (this.isFull(address)) return false;
    this.add(address);
    return true;
  }

  /** Counts one less. */
  release(address: string): void {
    const owner = ownerOf(address);
    const count = this.#countOf(owner) - 1;
    if (count > 0) this.#counts.set(owner, count);
    else this.#counts.delete(owner);
  }

  #countOf(owner: string): number {
    return this.#counts.get(owner) ?? 0;
  }
}
