import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import { RedisScript } from "../../runtime/redis/redis_script.ts";
import { describeRedisError, redisErrorCode } from "../../runtime/redis/redis_errors.ts";
import { ChangedMeanwhile, WriteRefused } from "../data_provider.ts";
import { MAX_DOCUMENT_BYTES } from "./redis_document.ts";

/** The channel for changes made by nodes: `{"collection":"agents","ref":"ag3f77f6"}`. */
export const CHANGES_CHANNEL = "routr:changes";

export interface RedisWrite {
  readonly collection: string;
  readonly ref: string;
  /** The present version of the document (`versionOf`); undefined for none. */
  readonly version: string | undefined;
  /** Undefined removes the document. */
  readonly text: string | undefined;
}

/**
 * KEYS: the document and, unless in a cluster, its collection. ARGV: the present version, or empty for none; the new
 * text, or empty for none; the message; the ref. Checks come first, since a script keeps what it did before an error.
 */
const WRITE_SCRIPT = new RedisScript(`
local key, set = KEYS[1], KEYS[2]
local version, text, message, ref = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if version == '' then
  if redis.call('EXISTS', key) == 1 then return 'exists' end
else
  local known = redis.call('GET', key)
  if not known then return 'missing' end
  if set and redis.call('SISMEMBER', set, ref) == 0 then return 'missing' end
  if redis.sha1hex(known) ~= version then return 'changed' end
end
if text == '' then
  if set then redis.call('SREM', set, ref) end
  redis.call('DEL', key)
else
  if set then redis.call('SADD', set, ref) end
  redis.call('SET', key, text)
end
redis.pcall('PUBLISH', '${CHANGES_CHANNEL}', message)
return 'done'`);

/** KEYS: the collection, then the documents. ARGV: their texts, then the messages; refs are the keys. */
const CREATE_SCRIPT = new RedisScript(`
local count = #KEYS - 1
for i = 1, count do
  if redis.call('EXISTS', KEYS[i + 1]) == 1 then return KEYS[i + 1] end
end
for i = 1, count do
  redis.call('SADD', KEYS[1], KEYS[i + 1])
  redis.call('SET', KEYS[i + 1], ARGV[i])
end
for i = 1, count do
  redis.pcall('PUBLISH', '${CHANGES_CHANNEL}', ARGV[count + i])
end
return 0`);

const CONNECT_TIMEOUT_MS = 1000;

/** Keys that this server or Routr v1 uses otherwise. */
const RESERVED = /^(?:users|agents|peers|domains|gateways|dids|numbers|config|location|registry|routr:.*)$/s;

/**
 * Makes one change. Rejects with `WriteRefused`.
 *
 * In a cluster, document and collection are on different nodes. The document is compared and set in one step, the
 * collection before it or, at removal, after it. A crash between leaves a ref without a document, which is skipped with
 * a warning; creating or removing the document again repairs it.
 */
export async function writeDocument(connection: RedisConnection, write: RedisWrite): Promise<void> {
  const { ref, text, version } = write;
  await connected(connection);
  if (version === undefined) refuseReserved(ref);
  if (text !== undefined) refuseLarge(text);
  let result: unknown;
  try {
    result = connection.isCluster ? await writeToCluster(connection, write) : await run(connection, write);
  } catch (error) {
    throw redisRefusal(error, `Redis at ${connection.name}`);
  }
  if (result === "exists") {
    throw new WriteRefused("conflict", `There is something at ${JSON.stringify(ref)} already`);
  }
  if (result === "changed") {
    throw new ChangedMeanwhile(`${JSON.stringify(ref)} was changed by somebody else`);
  }
  if (result === "missing") throw new WriteRefused("missing", `${JSON.stringify(ref)} is gone`);
}

/** Creates documents in one step, which a cluster does not have. Rejects with `WriteRefused`. */
export async function createDocuments(
  connection: RedisConnection,
  { collection, documents }: { collection: string; documents: readonly { ref: string; text: string }[] },
): Promise<void> {
  await connected(connection);
  for (const { ref, text } of documents) {
    refuseReserved(ref);
    refuseLarge(text);
  }
  const refs = documents.map(({ ref }) => ref);
  const messages = refs.map((ref) => JSON.stringify({ collection, ref }));
  const texts = documents.map(({ text }) => text);
  let result: unknown;
  try {
    result = await connection.evaluate(CREATE_SCRIPT, [collection, ...refs], [...texts, ...messages]);
  } catch (error) {
    throw redisRefusal(error, `Redis at ${connection.name}`);
  }
  if (result !== 0) {
    throw new WriteRefused("conflict", `There is something at ${JSON.stringify(String(result))} already`);
  }
}

function refuseReserved(ref: string): void {
  if (RESERVED.test(ref)) {
    throw new WriteRefused("conflict", `Redis has another use for the key ${JSON.stringify(ref)}`);
  }
}

function refuseLarge(text: string): void {
  if (new TextEncoder().encode(text).length > MAX_DOCUMENT_BYTES) {
    throw new WriteRefused("unwritable", "A document may have at most 1 MiB");
  }
}

function run(connection: RedisConnection, { collection, ref, version, text }: RedisWrite): Promise<unknown> {
  const keys = connection.isCluster ? [ref] : [ref, collection];
  const message = JSON.stringify({ collection, ref });
  return connection.evaluate(WRITE_SCRIPT, keys, [version ?? "", text ?? "", message, ref]);
}

async function writeToCluster(connection: RedisConnection, write: RedisWrite): Promise<unknown> {
  const { collection, ref, version, text } = write;
  const { commands } = connection;
  if (version !== undefined && await commands.sismember(collection, ref) === 0) return "missing";
  const isNew = text !== undefined && await commands.sadd(collection, ref) === 1;
  const result = await run(connection, write);
  const mustGo = result === "done" ? text === undefined : isNew;
  if (mustGo) await commands.srem(collection, ref);
  return result;
}

/** Waits shortly for a connection. Rejects with `WriteRefused`. */
export async function connected(connection: RedisConnection): Promise<void> {
  await connection.ready(CONNECT_TIMEOUT_MS).catch((error: Error) => {
    throw new WriteRefused("unavailable", error.message);
  });
}

/**
 * Converts an error of Redis.
 * @param storage completes "… refused: reason"
 */
export function redisRefusal(error: unknown, storage: string): WriteRefused {
  if (error instanceof WriteRefused) return error;
  const isForbidden = FORBIDDEN.has(redisErrorCode(error) ?? "");
  return new WriteRefused(
    isForbidden ? "unwritable" : "unavailable",
    `${storage} refused: ${describeRedisError(error)}`,
  );
}

/** Errors that last. Others may pass: out of memory, full disk, loading data. */
const FORBIDDEN: ReadonlySet<string> = new Set(["READONLY", "NOREPLICAS", "NOPERM", "WRONGTYPE"]);
