/**
 * Wrong passwords by account, whoever sends them: guessing from a thousand addresses is guessing as well. Beyond a number
 * an hour, sources where no phone is known have one try a second together.
 */
import { BoundedTextMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import type { ServerEvents } from "../server_events.ts";
import type { AccessSettings } from "./access_settings.ts";

export interface AccountGuessesParts {
  readonly settings: AccessSettings;
  readonly clock: Clock;
  readonly events: ServerEvents;
}

/** An account, as people write it, whose password was wrong lately. */
interface Guessed {
  /** Wrong passwords that are not forgiven yet, as they were at `at`. */
  failures: number;
  at: number;
  /** When the last try was let through while it is slowed. */
  triedAt: number;
  isTold: boolean;
}

/** The state of an account, for those who ask why it cannot register. */
export interface GuessedState {
  /** Wrong passwords that are not forgiven yet, and how many slow the account. */
  readonly failures: number;
  readonly maxFailures: number;
  readonly isSlowed: boolean;
}

const HOUR_MS = 3_600_000;
const TRY_INTERVAL_MS = 1000;
/** Accounts remembered; only accounts that exist are. */
const MAX_ACCOUNTS = 16_384;

const log = logger("access");

export class AccountGuesses {
  readonly #parts: AccountGuessesParts;
  readonly #accounts = new BoundedTextMap<Guessed>(MAX_ACCOUNTS, { evicts: "leastRecentlyUsed" });
  #settings: AccessSettings;

  constructor(parts: AccountGuessesParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
  }

  change(settings: AccessSettings): void {
    this.#settings = settings;
  }

  /** Whether there are any wrong passwords to be held against an account. */
  get isAny(): boolean {
    return this.#settings.isOn && this.#accounts.size > 0;
  }

  /** Reports whether a password from an unknown source may be tried now; a try is counted. */
  admits(account: string): boolean {
    const guessed = this.#accounts.get(account);
    if (!guessed) return true;
    const now = this.#parts.clock.now();
    this.#forgive(guessed, now);
    if (guessed.failures < this.#settings.failuresPerAccountPerHour) return true;
    if (now - guessed.triedAt < TRY_INTERVAL_MS) return false;
    guessed.triedAt = now;
    return true;
  }

  /** The password of an account was wrong. */
  failed(account: string): void {
    if (!this.#settings.isOn) return;
    const { clock, events } = this.#parts;
    const now = clock.now();
    let guessed = this.#accounts.get(account);
    if (!guessed) this.#accounts.set(account, guessed = { failures: 0, at: now, triedAt: 0, isTold: false });
    this.#forgive(guessed, now);
    guessed.failures++;
    const { failuresPerAccountPerHour: most } = this.#settings;
    if (guessed.failures < most || guessed.isTold) return;
    guessed.isTold = true;
    log.warn("The password of {account} is being guessed: {most} wrong ones within an hour", {
      account,
      most,
    });
    events.emit("account.guessed", { account, failures: most });
  }

  stateOf(account: string): GuessedState {
    const guessed = this.#accounts.get(account);
    if (guessed) this.#forgive(guessed, this.#parts.clock.now());
    const { failuresPerAccountPerHour: maxFailures } = this.#settings;
    const failures = Math.ceil(guessed?.failures ?? 0);
    return { failures, maxFailures, isSlowed: (guessed?.failures ?? 0) >= maxFailures };
  }

  #forgive(guessed: Guessed, now: number): void {
    const most = this.#settings.failuresPerAccountPerHour;
    guessed.failures = Math.max(
      0,
      Math.min(2 * most, guessed.failures) - (now - guessed.at) * most / HOUR_MS,
    );
    guessed.at = now;
    if (guessed.failures < most / 2) guessed.isTold = false;
  }
}

/** Returns the name of an account as logs and people have it. */
export function accountName(username: string, realm: string): string {
  return `${username}@${realm}`;
}
