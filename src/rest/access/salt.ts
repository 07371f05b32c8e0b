/** The salt that signs tokens: configured, found, or made at the first start. */
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { logger } from "../../runtime/log.ts";
import { randomToken } from "../../runtime/random.ts";

const log = logger("rest");

const FILE = ".routr.salt";
/** File names of Routr v1, and of its first release. */
const FORMER_FILES = [FILE, ".arke.salt"] as const;
/** A shorter salt could be found by trying. */
const MIN_BYTES = 12;
const TOO_SHORT =
  `too short, expected base64 of at least ${MIN_BYTES} bytes, such as \`openssl rand -base64 24\` prints; ` +
  "without any, one is made";
/** The salt in an image of Routr v1, which is publicly known. */
const SHIPPED_SALT = "1ecdc765b27e4b80924f4c5deeccf590";

export interface SaltSources {
  /** `spec.restService.salt`, or its variable in the environment. */
  readonly salt?: string;
  /** The variable `ARKE_SALT` of Routr v1's first release; used when `salt` is empty. */
  readonly arkeSalt?: string;
  /** `spec.restService.saltFile`: replaces all other files. */
  readonly saltFile?: string;
  /** The folder of the salt without `saltFile`. */
  readonly stateDirectory: string;
  /** Folders where Routr v1 left a salt: its working directory, and its user's home. */
  readonly formerDirectories?: readonly string[];
}

/** Returns the key of token signatures: the salt, decoded from base64. Rejects when it is too short or unreadable. */
export async function tokenKey(sources: SaltSources): Promise<Uint8Array> {
  const text = given(sources.salt) ?? given(sources.arkeSalt) ?? await findSalt(sources);
  const key = keyOf(text);
  if (key === undefined) throw new Error(`The salt of the REST service is ${TOO_SHORT}`);
  if (isShippedSalt(key)) {
    log.warn("The salt of the REST service is publicly known: remove it, and the server makes one");
  }
  return key;
}

/** Returns the fault of the configured salt, such as `too short, expected …`; undefined without one. Writes nothing. */
export async function saltFault({ salt, arkeSalt, saltFile }: SaltSources): Promise<string | undefined> {
  try {
    const text = given(salt) ?? given(arkeSalt) ??
      (saltFile === undefined ? undefined : await readSalt(saltFile));
    return text === undefined || keyOf(text) ? undefined : TOO_SHORT;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function keyOf(salt: string): Uint8Array | undefined {
  const key = new Uint8Array(Buffer.from(salt, "base64"));
  return key.length < MIN_BYTES ? undefined : key;
}

/** Reports whether a key is the one that was shipped, with which anybody can sign. */
export function isShippedSalt(key: Uint8Array): boolean {
  return Buffer.from(key).toString("base64") === SHIPPED_SALT;
}

async function findSalt({ saltFile, stateDirectory, formerDirectories = [] }: SaltSources): Promise<string> {
  if (saltFile !== undefined) return await readSalt(saltFile) ?? await makeSalt(saltFile);
  const own = join(stateDirectory, FILE);
  return await readSalt(own) ?? await formerSalt(formerDirectories) ?? await makeSalt(own);
}

/** Returns the first salt that Routr v1 left and that can be read. */
async function formerSalt(directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    for (const name of FORMER_FILES) {
      const salt = await readSalt(join(directory, name)).catch(() => undefined);
      if (salt !== undefined) return salt;
    }
  }
  return undefined;
}

async function readSalt(path: string): Promise<string | undefined> {
  try {
    return given(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Makes a salt. Servers that start at once on one folder all return the same one. */
async function makeSalt(path: string): Promise<string> {
  const salt = randomUUID().replaceAll("-", "");
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomToken()}`;
  try {
    await Deno.writeTextFile(draft, `${salt}\n`, { mode: 0o600, createNew: true });
    // Unlike a rename, a link fails when the file exists; some file systems have no links.
    const isMade = await Deno.link(draft, path).then(() => true, () => false);
    const others = isMade ? undefined : await readSalt(path);
    if (others !== undefined) return others;
    if (!isMade) await Deno.rename(draft, path);
    return salt;
  } finally {
    await Deno.remove(draft).catch(() => undefined);
  }
}

/** Returns undefined for an empty salt. */
function given(text: string | undefined): string | undefined {
  const salt = text?.trim();
  return salt === "" ? undefined : salt;
}
