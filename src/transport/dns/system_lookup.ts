/** Look-ups by the system, with its search domains and multicast DNS. */
import dns from "node:dns/promises";
import { BoundedMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import type { Eventually } from "../../runtime/eventually.ts";

const POSITIVE_LIFETIME_MS = 60_000;
const NEGATIVE_LIFETIME_MS = 5_000;
const TIMEOUT_MS = 4_000;
const MAX_NAMES = 4096;
const MAX_QUESTIONS = 16;

/** Looks up all addresses of a name, in socket form. */
export type Lookup = (name: string) => Promise<string[]>;

/** Looks up by the system: hosts file, then name servers. */
export const lookUp: Lookup = async (name) =>
  (await dns.lookup(name, { all: true, verbatim: true })).map((entry) => entry.address);

interface Answer {
  readonly addresses: readonly string[];
  readonly until: number;
}

/** A bounded cache of look-ups. */
export class SystemLookup {
  readonly #clock: Clock;
  readonly #lookUp: Lookup;
  readonly #answers = new BoundedMap<string, Answer>(MAX_NAMES);
  readonly #questions = new Map<string, Promise<readonly string[]>>();

  constructor(clock: Clock, lookup: Lookup = lookUp) {
    this.#clock = clock;
    this.#lookUp = lookup;
  }

  /** Returns the addresses of a name in URI form, at once when they are known. Never rejects. */
  resolve(name: string): Eventually<readonly string[]> {
    const answer = this.#answers.get(name);
    if (answer && answer.until > this.#clock.now()) return answer.addresses;
    const asked = this.#questions.get(name);
    if (asked) return asked;
    // Each look-up may hold a thread of the runtime while a name server is silent.
    if (this.#questions.size >= MAX_QUESTIONS) return [];
    const question = this.#ask(name);
    this.#questions.set(name, question);
    return question;
  }

  async #ask(name: string): Promise<readonly string[]> {
    const answer = this.#addressesOf(name);
    // The question stays open until the system answers, so it is not repeated meanwhile.
    void answer.then((addresses) => {
      this.#questions.delete(name);
      this.#remember(name, addresses);
    });
    let alarm: unknown;
    const late = new Promise<string[]>((resolve) =>
      alarm = this.#clock.setAlarm(() => resolve([]), TIMEOUT_MS)
    );
    const addresses = await Promise.race([answer, late]);
    this.#clock.clearAlarm(alarm);
    return addresses;
  }

  async #addressesOf(name: string): Promise<readonly string[]> {
    try {
      return (await this.#lookUp(name)).map(toUriHost);
    } catch {
      return []; // No such name.
    }
  }

  #remember(name: string, addresses: readonly string[]): void {
    const lifetime = addresses.length > 0 ? POSITIVE_LIFETIME_MS : NEGATIVE_LIFETIME_MS;
    this.#answers.set(name, { addresses, until: this.#clock.now() + lifetime });
  }
}
