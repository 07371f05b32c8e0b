import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { SAMPLES } from "./samples.ts";
import { SCHEMA_NAMES, schemaText } from "./schema.ts";

/** The files hold secrets: only the owner may read them. */
const MODE = 0o600;
/** Lower case and digits, without those that look alike, since people type secrets into phones. */
const SECRET_CHARACTERS = "abcdefghijkmnpqrstuvwxyz23456789";
/** 80 bits. */
const SECRET_LENGTH = 16;
/** The administrator's secret is not typed. */
const USER_SECRET_LENGTH = 32;
/** Credentials of a sample, also those in comments, which people will uncomment. */
const CREDENTIALS = /^(#? *username: )('?)([^'\n]+)(\2\n)(#? *secret: )[^\n]+$/gm;

/** Credentials that were written, and are not in a comment. */
interface WrittenCredentials {
  readonly username: string;
  readonly secret: string;
}

/** `routr init`: writes a sample configuration with random secrets, and schemas. Returns the exit status. */
export async function init(directory: string): Promise<number> {
  const existing = await existingFiles(directory);
  if (existing.length > 0) {
    console.error(
      `Cannot write a sample configuration: ${existing.join(", ")} would be overwritten or shadowed`,
    );
    return 1;
  }
  try {
    await Deno.mkdir(directory, { recursive: true });
    const written: Partial<Record<string, readonly WrittenCredentials[]>> = {};
    for (const [name, sample] of Object.entries(SAMPLES)) {
      const { text, credentials } = withRandomSecrets(
        sample,
        name === "users" ? USER_SECRET_LENGTH : SECRET_LENGTH,
      );
      await Deno.writeTextFile(join(directory, `${name}.yaml`), text, { createNew: true, mode: MODE });
      written[name] = credentials;
    }
    await writeSchemas(join(directory, "schemas"));
    console.log(nextSteps(directory, written));
  } catch (error) {
    console.error(`Cannot write a sample configuration: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
  return 0;
}

/** Returns what a person needs: the secrets, which are shown here alone, and what to do with them. */
function nextSteps(
  directory: string,
  { agents = [], users = [] }: Partial<Record<string, readonly WrittenCredentials[]>>,
): string {
  return `Wrote a sample configuration to ${directory}, with random secrets:

${agents.map(({ username, secret }) => `  ${username}@sip.local  ${secret}`).join("\n")}
${
    users.map(({ username, secret }) => `  ${username}  ${secret}    # for routr login, not for phones`).join(
      "\n",
    )
  }

They are in agents.yaml and users.yaml, which only you can read. Next:
  1. routr check --config ${directory}
  2. routr --config ${directory}
  3. Register two phones as 1001@sip.local and 1002@sip.local, with this host as their proxy, and call.`;
}

/** Writes the schemas that the first line of each sample names for editors. Overwrites those of another release. */
async function writeSchemas(directory: string): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  for (const name of SCHEMA_NAMES) {
    await Deno.writeTextFile(join(directory, `${name}.json`), schemaText(name) ?? "");
  }
}

function withRandomSecrets(sample: string, length: number) {
  const credentials: WrittenCredentials[] = [];
  const text = sample.replace(CREDENTIALS, (_, name, quote, username, end, secretName) => {
    const secret = randomSecret(length);
    if (!name.startsWith("#")) credentials.push({ username, secret });
    return `${name}${quote}${username}${end}${secretName}'${secret}'`;
  });
  return { text, credentials };
}

function randomSecret(length: number): string {
  // The remainder is uniform, since there are 32 characters.
  const bytes = Array.from(randomBytes(length));
  return bytes.map((byte) => SECRET_CHARACTERS[byte % SECRET_CHARACTERS.length]).join("");
}

/** Returns files that would be overwritten, and files ending in `.yml` that the new ones would supersede. */
async function existingFiles(directory: string): Promise<string[]> {
  const names = Object.keys(SAMPLES).flatMap((name) => [`${name}.yaml`, `${name}.yml`]);
  const paths = names.map((name) => join(directory, name));
  const found = await Promise.all(paths.map((path) => Deno.lstat(path).then(() => [path], () => [])));
  return found.flat();
}
