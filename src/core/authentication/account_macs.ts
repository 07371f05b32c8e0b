/** A MAC over the credentials of an account: kept beside a registration or dialog, it is void once the credentials change. */
import type { Agent } from "../../data/agent.ts";
import type { Peer } from "../../data/peer.ts";
import { Mac } from "../../runtime/mac.ts";

const MAC_LENGTH = 16;

export class AccountMacs {
  readonly #mac: Mac;
  readonly #known = new WeakMap<Agent | Peer, string>();

  /** @param key a secret of this server */
  constructor(key: string) {
    this.#mac = new Mac(`[${JSON.stringify(key)},`, MAC_LENGTH);
  }

  of(account: Agent | Peer): string {
    let mac = this.#known.get(account);
    if (mac === undefined) {
      const { username, secret, ha1 } = account;
      mac = this.#mac.of(JSON.stringify([username, secret, ha1]).slice(1));
      this.#known.set(account, mac);
    }
    return mac;
  }
}
