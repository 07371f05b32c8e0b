/** The salt that signs tokens: given, found, or made at the first start. */
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { logger } from "../../runtime/log.ts";
import { randomToken } from "../../runtime/random.ts";

const log = logger("rest");

const FILE = ".routr.salt";
/** Those of Routr v1, and of its first release. */
const FORMER_FILES = [FILE, ".arke.salt"] as const;
/** Bytes below which tokens could be forged by trying. */
const SHORTEST = 12;
const TOO_SHORT =
  `too short, expected base64 of at least ${SHORTEST} bytes, such as \`openssl rand -base64 24\` prints; ` +
  "without any, one is made";
/** That of an image of Routr v1: everybody knows it. */
const SHIPPED_SALT = "1ecdc765b27e4b80924f4c5deeccf590";

export interface SaltSources {
  /** `spec.restService.salt`, or its variable in the environment. */
  readonly salt?: string;
  /** The variable `ARKE_SALT` of Routr v1's first release; counts where there is no other. */
  readonly arkeSalt?: string;
  /** `spec.restService.saltFile`: the only file that counts, if it is given. */
  readonly saltFile?: string;
  /** Where it is kept unless said otherwise. */
  readonly stateDirectory: string;
  /** Where predecessors have left one: the working directory and the home of their user. */
  readonly formerDirectories?: readonly string[];
}

/**
 * The key of tokens' signatures: the salt, decoded from base64 as Routr v1 does. Rejects when it is too short, or cannot
 * be read or written.
 */
export async function tokenKey(sources: SaltSources): Promise<Uint8Array> {
  const text = given(sources.salt) ?? given(sources.arkeSalt) ?? await findSalt(sources);
  const key = keyOf(text);
  if (key === undefined) throw new Error(`The salt of the REST service is ${TOO_SHORT}`);
  if (isShippedSalt(key)) {
    log.warn("The salt of the REST service is one that everybody knows: leave it out, and one is made");
  }
  return key;
}

/**
 * Why the salt that is given cannot be used, such as `too short, expected …`; undefined when it can, or one is going to be
 * made. Makes nothing.
 */
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
  return key.length < SHORTEST ? undefined : key;
}

/** Whether anybody can sign with this key, because it was shipped. */
export function isShippedSalt(key: Uint8Array): boolean {
  return Buffer.from(key).toString("base64") === SHIPPED_SALT;
}

async function findSalt({ saltFile, stateDirectory, formerDirectories = [] }: SaltSources): Promise<string> {
  if (saltFile !== undefined) return await readSalt(saltFile) ?? await makeSalt(saltFile);
  const own = join(stateDirectory, FILE);
  return await readSalt(own) ?? await formerSalt(formerDirectories) ?? await makeSalt(own);
}

/** What cannot be read there is not meant for this server. */
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

/** Of servers that are started at once with one folder, one makes the salt, and all return the same. */
async function makeSalt(path: string): Promise<string> {
  const salt = randomUUID().replaceAll("-", "");
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomToken()}`;
  try {
    await Deno.writeTextFile(draft, `${salt}\n`, { mode: 0o600, createNew: true });
    // Unlike a rename, this fails where there is a file; and some file systems do not have it at all.
    const isMade = await Deno.link(draft, path).then(() => true, () => false);
    const others = isMade ? undefined : await readSalt(path);
    if (others !== undefined) return others;
    if (!isMade) await Deno.rename(draft, path);
    return salt;
  } finally {
    await Deno.remove(draft).catch(() => undefined);
  }
}

/** An empty one counts as none. */
function given(text: string | undefined): string | undefined {
  const salt = text?.trim();
  return salt === "" ? undefined : salt;
}
