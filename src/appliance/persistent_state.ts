/** What the server finds again when it is started anew. */
import { join } from "node:path";
import { RegistrationDatabase } from "../location/registration_database.ts";
import { logger } from "../runtime/log.ts";
import { randomToken } from "../runtime/random.ts";

const log = logger("state");

export interface KeptState {
  /** Undefined when registrations cannot be kept. */
  readonly database: RegistrationDatabase | undefined;
  /** Seals dialogs: with the same key, they go on after a restart. Undefined when it cannot be kept. */
  readonly dialogKey: string | undefined;
}

/** Never rejects: without the folder the server serves as well, and says what it cannot keep. */
export async function openKeptState(directory: string): Promise<KeptState> {
  try {
    const database = await RegistrationDatabase.open(join(directory, "registrations.sqlite"));
    return { database, dialogKey: await keyIn(join(directory, "dialog.key")) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn("Registrations are lost at the next restart: {reason}", { reason });
    return { database: undefined, dialogKey: undefined };
  }
}

const SHORTEST_KEY = 24;

async function keyIn(path: string): Promise<string | undefined> {
  try {
    const known = await Deno.readTextFile(path).catch(() => "");
    if (known.length >= SHORTEST_KEY) return known;
    const key = randomToken() + randomToken() + randomToken();
    await Deno.writeTextFile(path, key, { mode: 0o600 });
    return key;
  } catch (error) {
    log.warn("Calls do not go on after a restart: {error}", { error });
    return undefined;
  }
}
