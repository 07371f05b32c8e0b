/** Hashes of accounts that have authenticated, so that H(A1) is computed once. */
import type { Credentials, DigestAlgorithm } from "../../data/ha1.ts";
import { detachText } from "../../runtime/text.ts";

/** Hashes remembered for an account. */
const MAX_HASHES = 16;

interface KnownHash {
  readonly algorithm: DigestAlgorithm;
  readonly realm: string;
  readonly ha1: string;
  readonly next: KnownHash | undefined;
}

/** H(A1) by account object. A changed account is a new object. */
export class KnownHashes {
  readonly #lists = new WeakMap<Credentials, KnownHash>();

  find(
    account: Credentials,
    { algorithm, realm }: Pick<KnownHash, "algorithm" | "realm">,
  ): string | undefined {
    let hash = this.#lists.get(account);
    while (hash && (hash.algorithm !== algorithm || hash.realm !== realm)) hash = hash.next;
    return hash?.ha1;
  }

  /** Remembers a hash that was right: realms of wrong credentials are the sender's choice. */
  remember(account: Credentials, { algorithm, realm, ha1 }: Omit<KnownHash, "next">): void {
    const next = this.#lists.get(account);
    let count = 0;
    for (let hash = next; hash; hash = hash.next) count++;
    if (count < MAX_HASHES) this.#lists.set(account, { algorithm, realm: detachText(realm), ha1, next });
  }
}
