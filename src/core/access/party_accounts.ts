/** What each party has under way. */
import type { Party } from "./party_name.ts";

export interface PartyAccount {
  callsInSetup: number;
  bytes: number;
}

/** Accounts of one kind before the idle ones are dropped. */
const TIDY_SIZE = 4096;

/** Accounts by the refs of resources, whose documents may change meanwhile, and by addresses. */
export class PartyAccounts {
  readonly #byKind = {
    Agent: new Accounts(),
    Peer: new Accounts(),
    Gateway: new Accounts(),
    address: new Accounts(),
  };

  of(party: Party): PartyAccount {
    return typeof party === "string"
      ? this.#byKind.address.of(party)
      : this.#byKind[party.kind].of(party.ref);
  }
}

class Accounts {
  readonly #accounts = new Map<string, PartyAccount>();
  #tidyAt = TIDY_SIZE;

  of(name: string): PartyAccount {
    const known = this.#accounts.get(name);
    if (known) return known;
    if (this.#accounts.size >= this.#tidyAt) this.#forgetIdle();
    const account = { callsInSetup: 0, bytes: 0 };
    this.#accounts.set(name, account);
    return account;
  }

  #forgetIdle(): void {
    for (const [name, { bytes, callsInSetup }] of this.#accounts) {
      if (bytes === 0 && callsInSetup === 0) this.#accounts.delete(name);
    }
    this.#tidyAt = Math.max(TIDY_SIZE, 2 * this.#accounts.size);
  }
}
