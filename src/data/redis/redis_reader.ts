import { redisErrorCode } from "../../runtime/redis/redis_errors.ts";
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import { RedisScript } from "../../runtime/redis/redis_script.ts";
import { MAX_DOCUMENT_BYTES, type StoredValue, versionOf } from "./redis_document.ts";

/** Keys of one command: about a millisecond of Redis's time and of ours. */
export const CHUNK = 250;
/** Members of a set that Redis examines in one step. */
const SCAN_COUNT = 1000;

/** Returns one digest of the fingerprints of all keys. */
const DIGEST_SCRIPT = new RedisScript(`
local prints = {}
for i, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key)['ok']
  if kind == 'none' then
    prints[i] = '-'
  elseif kind ~= 'string' then
    prints[i] = '=' .. kind
  else
    local length = redis.call('STRLEN', key)
    if length > ${MAX_DOCUMENT_BYTES} then
      prints[i] = '+' .. length
    else
      prints[i] = redis.sha1hex(redis.call('GET', key))
    end
  end
end
return redis.sha1hex(table.concat(prints, ' '))`);

/** Reads collections and documents in pieces. Rejects when Redis does not answer, or with its error. */
export class RedisReader {
  readonly #connection: RedisConnection;
  /** Reports whether Redis runs scripts that read several keys; in a cluster, keys are on several nodes. */
  #hasDigests: boolean;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    this.#hasDigests = !connection.isCluster;
  }

  /** Returns the members in no order. */
  async members(collection: string): Promise<Set<string>> {
    const members = new Set<string>();
    let cursor = "0";
    do {
      const [next, some] = await this.#connection.commands.sscan(collection, cursor, "COUNT", SCAN_COUNT);
      for (const member of some) members.add(member);
      cursor = next;
    } while (cursor !== "0");
    return members;
  }

  count(collection: string): Promise<number> {
    return this.#connection.commands.scard(collection);
  }

  /** Reports for each ref whether the collection has it. */
  async areMembers(collection: string, refs: readonly string[]): Promise<boolean[]> {
    const { commands } = this.#connection;
    const answers = await Promise.all(refs.map((ref) => commands.sismember(collection, ref)));
    return answers.map((answer) => answer === 1);
  }

  /** Reads at most `CHUNK` refs, in smaller parts where that takes too long, as over a slow link. */
  async values(refs: readonly string[]): Promise<StoredValue[]> {
    try {
      return await this.#valuesAtOnce(refs);
    } catch (error) {
      if (!isTimeout(error)) throw error;
      if (refs.length > 1) {
        const half = refs.length >> 1;
        return [...await this.values(refs.slice(0, half)), ...await this.values(refs.slice(half))];
      }
      const length = await this.#connection.commands.strlen(refs[0]);
      if (length > MAX_DOCUMENT_BYTES) return [{ type: "large", length }];
      throw error;
    }
  }

  /** Reports whether at most `CHUNK` refs differ from these fingerprints; true when that is unknown. */
  async haveChanged(refs: readonly string[], fingerprints: readonly string[]): Promise<boolean> {
    if (!this.#hasDigests) return true;
    try {
      return await this.#connection.evaluate(DIGEST_SCRIPT, refs) !== versionOf(fingerprints.join(" "));
    } catch (error) {
      if (!/^(?:NOPERM|ERR)$/.test(redisErrorCode(error) ?? "")) throw error;
      this.#hasDigests = false;
      return true;
    }
  }

  async #valuesAtOnce(refs: readonly string[]): Promise<StoredValue[]> {
    const texts = await this.#texts(refs);
    return await Promise.all(texts.map((bytes, i) => bytes === null ? this.#other(refs[i]) : valueOf(bytes)));
  }

  /** Null for values that are no text. */
  async #texts(refs: readonly string[]): Promise<(Uint8Array | null)[]> {
    const { commands, isCluster } = this.#connection;
    if (!isCluster) return await commands.mgetBuffer(...refs);
    return await Promise.all(refs.map(async (ref) => {
      try {
        return await commands.getBuffer(ref);
      } catch (error) {
        if (redisErrorCode(error) === "WRONGTYPE") return null;
        throw error;
      }
    }));
  }

  async #other(ref: string): Promise<StoredValue> {
    const name = await this.#connection.commands.type(ref);
    if (name === "none") return { type: "nothing" };
    // It was replaced by a text meanwhile.
    if (name === "string") return valueOf(await this.#connection.commands.getBuffer(ref) ?? new Uint8Array());
    return { type: "other", name };
  }
}

function valueOf(bytes: Uint8Array): StoredValue {
  const { length } = bytes;
  return length > MAX_DOCUMENT_BYTES ? { type: "large", length } : { type: "text", bytes };
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === "Command timed out";
}
