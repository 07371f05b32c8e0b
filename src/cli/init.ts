import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { SHIPPED_SECRET } from "../data/user.ts";
import { SAMPLES } from "./samples.ts";
import { SCHEMA_NAMES, schemaText } from "./schema.ts";

/** The files hold secrets: only the owner may read them. */
const MODE = 0o600;
/** Excludes characters that look alike, since people type secrets into phones. */
const SECRET_CHARACTERS = "abcdefghijkmnpqrstuvwxyz23456789";
const SECRET_LENGTH = 16;
/** The administrator's secret is not typed. */
const USER_SECRET_LENGTH = 32;

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
    for (const [name, sample] of Object.entries(SAMPLES)) {
      const path = join(directory, `${name}.yaml`);
      await Deno.writeTextFile(
        path,
        withRandomSecrets(sample, name === "users" ? USER_SECRET_LENGTH : SECRET_LENGTH),
        { createNew: true, mode: MODE },
      );
    }
    await writeSchemas(join(directory, "schemas"));
  } catch (error) {
    console.error(`Cannot write a sample configuration: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
  const agents = join(directory, "agents.yaml");
  console.log(
    `Wrote a sample configuration to ${directory}: agents 1001 and 1002 in the domain sip.local, with random secrets.
Next:
  1. grep secret: ${agents}    # shows the agents' secrets
  2. routr check --config ${directory}
  3. routr --config ${directory}
  4. Register two phones as 1001@sip.local and 1002@sip.local, with this host as their proxy, and call.
The administrator's name is admin; the secret is in ${join(directory, "users.yaml")}.`,
  );
  return 0;
}

/** Writes the schemas that the first line of each sample names for editors. Overwrites those of another release. */
async function writeSchemas(directory: string): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  for (const name of SCHEMA_NAMES) {
    await Deno.writeTextFile(join(directory, `${name}.json`), schemaText(name) ?? "");
  }
}

/** Replaces secrets, but not those in comments. */
function withRandomSecrets(sample: string, length: number): string {
  const shipped = new RegExp(`^( *secret: )(?:'1234'|${SHIPPED_SECRET})$`, "gm");
  return sample.replace(shipped, (_, name) => `${name}'${randomSecret(length)}'`);
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
