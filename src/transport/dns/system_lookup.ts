/** What the system makes of a name: search domains, multicast DNS and whatever else it is set up for. */
import dns from "node:dns/promises";
import { BoundedMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import type { Eventually } from "../../runtime/eventually.ts";

/** Milliseconds an answer, a refusal, and a question in flight may last. */
const POSITIVE_LIFETIME = 60_000;
const NEGATIVE_LIFETIME = 5_000;
const PATIENCE = 4_000;
const MAX_NAMES = 4096;
const MAX_QUESTIONS = 16;

/** The system's look-up: every address of a name, as sockets write them. */
export type Lookup = (name: string) => Promise<string[]>;

/** Asks the system (hosts file, then name servers). */
export const lookUp: Lookup = async (name) =>
  (await dns.lookup(name, { all: true, verbatim: true })).map((entry) => entry.address);

interface Answer {
  readonly addresses: readonly string[];
  readonly until: number;
}

/** A bounded cache in front of the system's look-up. */
export class SystemLookup {
  readonly #clock: Clock;
  readonly #lookUp: Lookup;
  readonly #answers = new BoundedMap<string, Answer>(MAX_NAMES);
  readonly #questions = new Map<string, Promise<readonly string[]>>();

  constructor(clock: Clock, lookup: Lookup = lookUp) {
    this.#clock = clock;
    this.#lookUp = lookup;
  }

  /** Addresses as URIs write them, at once when they are known; empty when the name has none. Never rejects. */
  resolve(name: string): Eventually<readonly string[]> {
    const answer = this.#answers.get(name);
    if (answer && answer.until > this.#clock.now()) return answer.addresses;
    const asked = this.#questions.get(name);
    if (asked) return asked;
    // Each look-up may hold a thread of the runtime until a dead name server gives up on it.
    if (this.#questions.size >= MAX_QUESTIONS) return [];
    const question = this.#ask(name);
    this.#questions.set(name, question);
    return question;
  }

  async #ask(name: string): Promise<readonly string[]> {
    const answer = this.#addressesOf(name);
    // Asked until the system answers, however late: the same question is not put again meanwhile.
    void answer.then((addresses) => {
      this.#questions.delete(name);
      this.#remember(name, addresses);
    });
    let alarm: unknown;
    const late = new Promise<string[]>((resolve) =>
      alarm = this.#clock.setAlarm(() => resolve([]), PATIENCE)
    );
    const addresses = await Promise.race([answer, late]);
    this.#clock.clearAlarm(alarm);
    return addresses;
  }

  async #addressesOf(name: string): Promise<readonly string[]> {
    try {
      return (await this.#lookUp(name)).map(toUriHost);
    } catch {
      return []; // No such name; remembered like any other answer, for a shorter while.
    }
  }

  #remember(name: string, addresses: readonly string[]): void {
    const lifetime = addresses.length > 0 ? POSITIVE_LIFETIME : NEGATIVE_LIFETIME;
    this.#answers.set(name, { addresses, until: this.#clock.now() + lifetime });
  }
}
