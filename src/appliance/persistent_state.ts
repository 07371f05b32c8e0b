/** State that outlives the process: registrations, and the key of dialogs. */
import { join } from "node:path";
import type { Configuration } from "../config/configuration.ts";
import { clusterKey } from "../location/redis/cluster_key.ts";
import { RegistrationDatabase } from "../location/registration_database.ts";
import { logger } from "../runtime/log.ts";
import { randomToken } from "../runtime/random.ts";
import { describeRedisError } from "../runtime/redis/redis_errors.ts";
import type { ServerOptions } from "./signalling/foundation.ts";

const log = logger("state");

const MIN_KEY_LENGTH = 24;

/** Each part is undefined when it cannot be kept. */
export type PersistentState = Pick<ServerOptions, "cluster" | "database" | "dialogKey">;

/** Opens the state shared by the nodes of one Redis, or that in `directory`. Never rejects. */
export async function openPersistentState(
  { dataSource }: Pick<Configuration, "dataSource">,
  directory: string,
): Promise<PersistentState> {
  if (dataSource.provider !== "redis_data_provider") return await openFiles(directory);
  const { parameters } = dataSource;
  const { RedisConnection } = await import("../runtime/redis/redis_connection.ts");
  // A connection of its own: bulk reads of the data provider would delay bindings.
  const connection = new RedisConnection(parameters);
  try {
    await connection.ready();
    const key = await clusterKey(connection);
    return { cluster: { connection, key, address: parameters.nodeAddr }, dialogKey: `${key}/dialog` };
  } catch (error) {
    log.warn("Registrations are not shared with other nodes: {reason}", {
      reason: describeRedisError(error),
    });
    connection.close();
    return await openFiles(directory);
  }
}

async function openFiles(directory: string): Promise<PersistentState> {
  try {
    const database = await RegistrationDatabase.open(join(directory, "registrations.log"));
    return { database, dialogKey: await keyIn(join(directory, "dialog.key")) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn("Registrations are lost at the next restart: {reason}", { reason });
    return {};
  }
}

async function keyIn(path: string): Promise<string | undefined> {
  try {
    const known = await Deno.readTextFile(path).catch(() => "");
    if (known.length >= MIN_KEY_LENGTH) return known;
    const key = randomToken() + randomToken() + randomToken();
    await writePrivately(path, key);
    return key;
  } catch (error) {
    log.warn("Calls do not go on after a restart: {error}", { error });
    return undefined;
  }
}

/** Replaces a file by one for this user alone. */
async function writePrivately(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomToken()}`;
  try {
    await Deno.writeTextFile(draft, text, { mode: 0o600, createNew: true });
    await Deno.rename(draft, path);
  } catch (error) {
    await Deno.remove(draft).catch(() => undefined);
    throw error;
  }
}
