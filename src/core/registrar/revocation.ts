/** Ends registrations of agents and peers that were removed, or have other credentials or domains now. */
import type { Agent } from "../../data/agent.ts";
import type { Directory, DirectoryChange } from "../../data/directory.ts";
import { isSameSecret } from "../../data/ha1.ts";
import type { Peer } from "../../data/peer.ts";
import type { LocationService } from "../../location/location_service.ts";
import type { Clock } from "../../runtime/clock.ts";
import { addressOfRecord } from "../../message/sip_uri.ts";
import { logger } from "../../runtime/log.ts";
import type { BoundFlow } from "../flows/bound_flow.ts";

export interface RevocationParts {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly location: LocationService<BoundFlow>;
}

type Account = Agent | Peer;

const log = logger("registrar");

/** Time in which a removed account may return to its bindings: files may be written in steps. */
const GRACE_MS = 60_000;

export class Revocation {
  readonly #parts: RevocationParts;
  /** Removed accounts with bindings, and the end of their time on the scale of `Clock.now`, in the order of these ends. */
  readonly #removed = new Map<Account, number>();
  #alarm: unknown;

  constructor(parts: RevocationParts) {
    this.#parts = parts;
  }

  /**
   * Takes notice of changed resources. Bindings of removed accounts stay for a while, out of reach, unless an administrator
   * has removed the account deliberately.
   */
  follow({ replaced, isDeliberate }: DirectoryChange): void {
    this.#settle();
    for (const account of replaced) {
      if (account.kind !== "Agent" && account.kind !== "Peer") continue;
      if (this.#revoke(account, isDeliberate === true)) {
        this.#removed.set(account, this.#parts.clock.now() + GRACE_MS);
      }
    }
    this.#setAlarm();
  }

  close(): void {
    this.#removed.clear();
    this.#parts.clock.clearAlarm(this.#alarm);
  }

  /** Checks all removed accounts: some may be back, others have been removed for too long. */
  #settle(): void {
    const now = this.#parts.clock.now();
    for (const [account, end] of this.#removed) {
      if (!this.#revoke(account, now >= end)) this.#removed.delete(account);
    }
  }

  #setAlarm(): void {
    const { clock } = this.#parts;
    clock.clearAlarm(this.#alarm);
    const [first] = this.#removed.values();
    if (first === undefined) return;
    this.#alarm = clock.setAlarm(() => {
      this.#settle();
      this.#setAlarm();
    }, Math.max(0, first - clock.now()));
  }

  /**
   * Ends the bindings that a replaced account has lost the right to. Bindings without a present account stay until its
   * time is over; returns true when there are any.
   */
  #revoke(account: Account, isOver: boolean): boolean {
    const { location } = this.#parts;
    let isWaiting = false;
    for (const { aor, now } of this.#holdersOf(account)) {
      if (now !== undefined && isSameAccount(now, account)) continue;
      if (location.lookup(aor).length === 0) continue;
      if (now === undefined && !isOver) {
        isWaiting = true;
        continue;
      }
      location.replace(aor, [], "credentials changed");
      log.info("{aor} lost its bindings: its credentials are no longer valid", { aor });
    }
    return isWaiting;
  }

  /** Returns the addresses-of-record of a replaced account, with the accounts that have them now. */
  #holdersOf(account: Account): { aor: string; now: Account | undefined }[] {
    const { directory, location } = this.#parts;
    const { username } = account;
    if (account.kind === "Agent") {
      return account.domains.map((domain) => ({
        aor: addressOfRecord(username, domain),
        now: directory.agent(username, domain),
      }));
    }
    const now = directory.peer(username);
    if (now !== undefined && isSameAccount(now, account)) return [];
    const prefix = addressOfRecord(username, "");
    return [...location.addressesOfRecord()]
      .filter((aor) => aor.startsWith(prefix) && !directory.agent(username, aor.slice(prefix.length)))
      .map((aor) => ({ aor, now }));
  }
}

/** Reports whether registrations of one account stay valid for another one of the same name. */
function isSameAccount(a: Account, b: Account): boolean {
  const isSameDevice = a.kind !== "Peer" || b.kind !== "Peer" || a.device === b.device;
  return a.kind === b.kind && isSameSecret(a, b) && isSameDevice;
}
