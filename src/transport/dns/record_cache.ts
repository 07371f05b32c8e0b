/** Records of one type, kept as long as their server allows (RFC 1035 §7.4, RFC 2308, RFC 8767, RFC 9520). */
import { BoundedMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type CertainReply, isAskable, MAX_ALIASES } from "./dns_message.ts";
import type { Eventually } from "../../runtime/eventually.ts";
import { type NameServerClient, PATIENCE } from "./name_server_client.ts";
import { type Answer, FAILURE, NONE, type RecordType, type Resolution } from "./record.ts";

const MAX_NAMES = 4096;

/** Milliseconds. */
const SHORTEST_LIFETIME = 1_000;
const LONGEST_LIFETIME = 24 * 3_600_000;
const LONGEST_NEGATIVE_LIFETIME = 60_000;
const UNSAID_NEGATIVE_LIFETIME = 5_000;
const FAILURE_LIFETIME = 2_000;

/** How long an answer is of use after its time, as long as nobody says otherwise (RFC 8767 §5). */
const STALE_LIFETIME = 3_600_000;
/** How long who could have a stale answer waits for a fresh one, and how long it then does without asking. */
const STALE_PATIENCE = 1_800;
const STALE_RECHECK = 30_000;

interface Entry<T extends RecordType> {
  readonly resolution: Resolution<T>;
  /** Until when it is given without asking. */
  readonly until: number;
  /** Until when it is given when nobody answers. */
  readonly staleUntil: number;
}

/** Asks once for a name however many want it, and remembers what came. */
export class RecordCache<T extends RecordType> {
  readonly #type: T;
  readonly #clock: Clock;
  readonly #client: NameServerClient;
  readonly #entries = new BoundedMap<string, Entry<T>>(MAX_NAMES);
  readonly #questions = new Map<string, Promise<Resolution<T>>>();

  constructor(type: T, clock: Clock, client: NameServerClient) {
    this.#type = type;
    this.#clock = clock;
    this.#client = client;
  }

  /** What is known about a name in lower case, at once when it is known. Never rejects. */
  resolve(name: string): Eventually<Resolution<T>> {
    const now = this.#clock.now();
    const entry = this.#entries.get(name);
    if (entry && now < entry.until) return entry.resolution;
    const asked = this.#questions.get(name);
    if (asked) return asked;
    if (!isAskable(name)) return NONE;
    const stale = entry && now < entry.staleUntil ? entry : undefined;
    if (!this.#client.canAsk) return stale?.resolution ?? FAILURE;
    const question = stale ? this.#refresh(name, stale) : this.#ask(name);
    this.#questions.set(name, question);
    return question;
  }

  async #ask(name: string, stale?: Entry<T>): Promise<Resolution<T>> {
    const entry = await this.#entryFor(name, stale);
    this.#questions.delete(name);
    this.#entries.set(name, entry);
    return entry.resolution;
  }

  /** Asks anew, but gives what it had when that takes long. */
  #refresh(name: string, stale: Entry<T>): Promise<Resolution<T>> {
    return new Promise((resolve) => {
      const alarm = this.#clock.setAlarm(() => resolve(stale.resolution), STALE_PATIENCE);
      void this.#ask(name, stale).then((resolution) => {
        this.#clock.clearAlarm(alarm);
        resolve(resolution);
      });
    });
  }

  async #entryFor(name: string, stale?: Entry<T>): Promise<Entry<T>> {
    const reply = await this.#askThroughAliases(name);
    const now = this.#clock.now();
    if (reply?.kind === "answer") {
      const until = now + between(SHORTEST_LIFETIME, reply.ttl * 1000, LONGEST_LIFETIME);
      const resolution: Answer<T> = { kind: "answer", records: reply.records };
      return { resolution, until, staleUntil: until + STALE_LIFETIME };
    }
    if (reply) {
      const lifetime = reply.ttl === undefined ? UNSAID_NEGATIVE_LIFETIME : reply.ttl * 1000;
      const until = now + between(SHORTEST_LIFETIME, lifetime, LONGEST_NEGATIVE_LIFETIME);
      return { resolution: NONE, until, staleUntil: until };
    }
    if (stale && now < stale.staleUntil) {
      return { ...stale, until: Math.min(now + STALE_RECHECK, stale.staleUntil) };
    }
    const until = now + FAILURE_LIFETIME;
    return { resolution: FAILURE, until, staleUntil: until };
  }

  /** Follows aliases whose end the answer did not hold; a chain that is too long is no answer (RFC 1034 §3.6.2). */
  async #askThroughAliases(name: string): Promise<Exclude<CertainReply<T>, { kind: "alias" }> | undefined> {
    const deadline = this.#clock.now() + PATIENCE;
    let owner = name;
    let ttl = Infinity;
    for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
      const patience = deadline - this.#clock.now();
      if (patience <= 0) break;
      const reply = await this.#client.ask({ name: owner, type: this.#type }, patience);
      if (reply?.kind === "answer") return { ...reply, ttl: Math.min(ttl, reply.ttl) };
      if (reply?.kind !== "alias") return reply;
      if (!isAskable(reply.target)) break;
      owner = reply.target;
      ttl = Math.min(ttl, reply.ttl);
    }
    return undefined;
  }
}

function between(least: number, value: number, most: number): number {
  return Math.min(Math.max(least, value), most);
}
