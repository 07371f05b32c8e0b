/** Ends registrations whose agent or peer is gone, or has another password or other domains now. */
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

/** Time in which whoever is gone and comes back with the same secret has its bindings again: files may be written in steps. */
const GRACE_MS = 60_000;

export class Revocation {
  readonly #parts: RevocationParts;
  /** Accounts that are gone and have bindings, with the end of their time, in the order of these ends. */
  readonly #gone = new Map<Account, number>();
  #alarm: unknown;

  constructor(parts: RevocationParts) {
    this.#parts = parts;
  }

  /**
   * Takes notice of a change of resources. Bindings of accounts that are gone stay for a while, out of reach; not if an
   * administrator has just removed them.
   */
  follow({ replaced, isDeliberate }: DirectoryChange): void {
    this.#settle();
    for (const account of replaced) {
      if (account.kind !== "Agent" && account.kind !== "Peer") continue;
      if (this.#revoke(account, isDeliberate === true)) {
        this.#gone.set(account, this.#parts.clock.now() + GRACE_MS);
      }
    }
    this.#setAlarm();
  }

  close(): void {
    this.#gone.clear();
    this.#parts.clock.clearAlarm(this.#alarm);
  }

  /** Looks at all who are gone: some may be back, others have been gone for too long. */
  #settle(): void {
    const now = this.#parts.clock.now();
    for (const [account, end] of this.#gone) {
      if (!this.#revoke(account, now >= end)) this.#gone.delete(account);
    }
  }

  #setAlarm(): void {
    const { clock } = this.#parts;
    clock.clearAlarm(this.#alarm);
    const [first] = this.#gone.values();
    if (first === undefined) return;
    this.#alarm = clock.setAlarm(() => {
      this.#settle();
      this.#setAlarm();
    }, Math.max(0, first - clock.now()));
  }

  /**
   * Ends the bindings that an account of before has no right to now. Where nobody has its name, they stay unless its time
   * is over; returns whether there are such.
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

  /** The addresses-of-record of an account of before, and who has them now. */
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

/** Whether what was registered with one account is right for another one of the same name. */
function isSameAccount(a: Account, b: Account): boolean {
  const isSameDevice = a.kind !== "Peer" || b.kind !== "Peer" || a.device === b.device;
  return a.kind === b.kind && isSameSecret(a, b) && isSameDevice;
}
