import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { SHIPPED_SECRET } from "../data/user.ts";
import { SAMPLES } from "./samples.ts";
import { SCHEMA_NAMES, schemaText } from "./schema.ts";

/** Holds a secret that opens the REST service: for the owner only. */
const USERS_MODE = 0o600;

/**
 * `routr init`: writes a commented sample configuration into `directory`, with a secret for the administrator that
 * nobody else has, and schemas for editors beside it. Overwrites nothing else. Returns the exit status.
 */
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
      const isUsers = name === "users";
      const text = isUsers ? withRandomSecret(sample) : sample;
      const options = { createNew: true, ...(isUsers ? { mode: USERS_MODE } : {}) };
      await Deno.writeTextFile(join(directory, `${name}.yaml`), text, options);
    }
    await writeSchemas(join(directory, "schemas"));
  } catch (error) {
    console.error(`Cannot write a sample configuration: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
  console.log(
    `Wrote a sample configuration to ${directory}: agents 1001 and 1002, secret 1234, in the domain sip.local.
Next:
  1. Change the agents' secrets in ${join(directory, "agents.yaml")}.
  2. routr check --config ${directory}
  3. routr --config ${directory}
  4. Register two phones as 1001@sip.local and 1002@sip.local, with this host as their proxy, and call.
The administrator's name is admin; the secret is in ${join(directory, "users.yaml")}.`,
  );
  return 0;
}

/** What the first line of each sample refers to, for editors. Those of another release give way. */
async function writeSchemas(directory: string): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  for (const name of SCHEMA_NAMES) {
    await Deno.writeTextFile(join(directory, `${name}.json`), schemaText(name) ?? "");
  }
}

function withRandomSecret(users: string): string {
  // None that begins with a hyphen: it is typed as an argument.
  return users.replace(`secret: ${SHIPPED_SECRET}`, `secret: '${randomBytes(16).toString("hex")}'`);
}

/** Those that would be overwritten, and those of the other spelling that the new ones would take precedence over. */
async function existingFiles(directory: string): Promise<string[]> {
  const names = Object.keys(SAMPLES).flatMap((name) => [`${name}.yaml`, `${name}.yml`]);
  const paths = names.map((name) => join(directory, name));
  const found = await Promise.all(paths.map((path) => Deno.lstat(path).then(() => [path], () => [])));
  return found.flat();
}
