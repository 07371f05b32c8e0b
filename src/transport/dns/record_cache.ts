/** A cache of records of one type (RFC 1035 §7.4, RFC 2308, RFC 8767, RFC 9520). */
import { BoundedMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type CertainReply, isAskable, MAX_ALIASES } from "./dns_message.ts";
import type { Eventually } from "../../runtime/eventually.ts";
import { type NameServerClient, QUESTION_TIMEOUT_MS } from "./name_server_client.ts";
import { type Answer, FAILURE, NONE, type RecordType, type Resolution } from "./record.ts";

const MAX_NAMES = 4096;

const MIN_LIFETIME_MS = 1_000;
const MAX_LIFETIME_MS = 24 * 3_600_000;
const MAX_NEGATIVE_LIFETIME_MS = 60_000;
const DEFAULT_NEGATIVE_LIFETIME_MS = 5_000;
const FAILURE_LIFETIME_MS = 2_000;

/** Time for which a stale answer may be used while no server answers (RFC 8767 §5). */
const STALE_LIFETIME_MS = 3_600_000;
/** Time after which a stale answer is used, and time until the next question then. */
const STALE_TIMEOUT_MS = 1_800;
const STALE_RECHECK_MS = 30_000;

interface Entry<T extends RecordType> {
  readonly resolution: Resolution<T>;
  /** The answer is fresh until then. */
  readonly until: number;
  /** The answer may be used without a reply until then. */
  readonly staleUntil: number;
}

/** Callers that ask for a name at once share one question. */
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

  /** Returns the result for a lower-case name, at once when it is known. Never rejects. */
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

  /** Asks again, and resolves with the stale answer when that takes long. */
  #refresh(name: string, stale: Entry<T>): Promise<Resolution<T>> {
    return new Promise((resolve) => {
      const alarm = this.#clock.setAlarm(() => resolve(stale.resolution), STALE_TIMEOUT_MS);
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
      const until = now + between(MIN_LIFETIME_MS, reply.ttl * 1000, MAX_LIFETIME_MS);
      const resolution: Answer<T> = { kind: "answer", records: reply.records };
      return { resolution, until, staleUntil: until + STALE_LIFETIME_MS };
    }
    if (reply) {
      const lifetime = reply.ttl === undefined ? DEFAULT_NEGATIVE_LIFETIME_MS : reply.ttl * 1000;
      const until = now + between(MIN_LIFETIME_MS, lifetime, MAX_NEGATIVE_LIFETIME_MS);
      return { resolution: NONE, until, staleUntil: until };
    }
    if (stale && now < stale.staleUntil) {
      return { ...stale, until: Math.min(now + STALE_RECHECK_MS, stale.staleUntil) };
    }
    const until = now + FAILURE_LIFETIME_MS;
    return { resolution: FAILURE, until, staleUntil: until };
  }

  /** Follows aliases that the answer does not resolve; a chain that is too long fails (RFC 1034 §3.6.2). */
  async #askThroughAliases(name: string): Promise<Exclude<CertainReply<T>, { kind: "alias" }> | undefined> {
    const deadline = this.#clock.now() + QUESTION_TIMEOUT_MS;
    let owner = name;
    let ttl = Infinity;
    for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
      const restMs = deadline - this.#clock.now();
      if (restMs <= 0) break;
      const reply = await this.#client.ask({ name: owner, type: this.#type }, restMs);
      if (reply?.kind === "answer") return { ...reply, ttl: Math.min(ttl, reply.ttl) };
      if (reply?.kind !== "alias") return reply;
      if (!isAskable(reply.target)) break;
      owner = reply.target;
      ttl = Math.min(ttl, reply.ttl);
    }
    return undefined;
  }
}

function between(min: number, value: number, max: number): number {
  return Math.min(Math.max(min, value), max);
}
