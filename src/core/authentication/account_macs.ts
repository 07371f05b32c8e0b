/** A keyed digest of what an account has to know: kept beside what it did, it tells later whether its secret is still the same. */
import { hash } from "node:crypto";
import type { Agent } from "../../data/agent.ts";
import type { Peer } from "../../data/peer.ts";

/** Hexadecimal digits. */
const PROOF_LENGTH = 16;

export class AccountProofs {
  readonly #key: string;
  readonly #known = new WeakMap<Agent | Peer, string>();

  /** @param key a secret of this server */
  constructor(key: string) {
    this.#key = key;
  }

  of(account: Agent | Peer): string {
    let proof = this.#known.get(account);
    if (proof === undefined) {
      const { username, secret, ha1 } = account;
      proof = hash("sha256", JSON.stringify([this.#key, username, secret, ha1])).slice(0, PROOF_LENGTH);
      this.#known.set(account, proof);
    }
    return proof;
  }
}
