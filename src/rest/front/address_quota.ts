import { ownerOf } from "../../runtime/ip/address_words.ts";

/** Places of which each address may have so many; who has an IPv6 address has the /64 around it. */
export class AddressQuota {
  readonly #max: number;
  readonly #taken = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** False when the address has all it may have. */
  take(address: string): boolean {
    const owner = ownerOf(address);
    const count = this.#taken.get(owner) ?? 0;
    if (count >= this.#max) return false;
    this.#taken.set(owner, count + 1);
    return true;
  }

  /** Gives back what `take` has given. */
  release(address: string): void {
    const owner = ownerOf(address);
    const count = this.#taken.get(owner) ?? 0;
    if (count > 1) this.#taken.set(owner, count - 1);
    else this.#taken.delete(owner);
  }
}
