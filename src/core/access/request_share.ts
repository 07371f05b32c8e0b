/** The share of one request in the limits of its party. */
import type { PartyAccount } from "./party_accounts.ts";

/** Bytes of each target beyond what all targets of a request share. */
export const TARGET_BYTES = 1024;

export class RequestShare {
  readonly #account: PartyAccount;
  readonly #maxBytes: number;
  #bytes: number;
  #isCall: boolean;

  constructor(
    account: PartyAccount,
    { bytes, maxBytes, isCall }: { bytes: number; maxBytes: number; isCall: boolean },
  ) {
    this.#account = account;
    this.#bytes = bytes;
    this.#maxBytes = maxBytes;
    this.#isCall = isCall;
  }

  /** Counts further targets of the request; false when its party has too much under way. */
  grow(targets: number): boolean {
    const bytes = targets * TARGET_BYTES;
    if (this.#account.bytes + bytes > this.#maxBytes) return false;
    this.#account.bytes += bytes;
    this.#bytes += bytes;
    return true;
  }

  /** Ends the set-up of the call: the caller has its final response. */
  endSetup(): void {
    if (!this.#isCall) return;
    this.#isCall = false;
    this.#account.callsInSetup--;
  }

  /** Returns the whole share, once nothing of the request is kept. */
  release(): void {
    this.endSetup();
    this.#account.bytes -= this.#bytes;
    this.#bytes = 0;
  }
}
