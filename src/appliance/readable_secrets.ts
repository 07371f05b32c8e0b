/** Detection of files with secrets that every user of the host can read. */
import { dirname, join, resolve } from "node:path";
import type { Configuration } from "../config/configuration.ts";
import type { ConfigurationFiles } from "../config/configuration_files.ts";
import { resourceFolder } from "../config/data_source.ts";
import { readTextFile } from "../data/files/text_file.ts";
import { readYaml } from "../data/yaml/yaml_reader.ts";
import { redacted } from "../config/shown_configuration.ts";
import { restTlsSettings, tlsSettingsOf } from "../config/tls_settings.ts";
import { isSecure } from "../transport/transport.ts";

/** File mode bits that let others read a file, and enter a folder. */
const OTHERS_READ = 0o004;
const OTHERS_ENTER = 0o001;
/** Bytes of a file that are searched; a file with secrets has one in its first items. */
const SEARCHED_BYTES = 65_536;
const COLLECTIONS = ["users", "agents", "peers", "gateways"] as const;
/** A secret in a file, unless it is the name of an environment variable. */
const SECRET = /^[^#\n]*\b(?:secret|ha1)\b(?!["']?\s*:\s*["']?\$\{)/m;
/** Files in the state folder: registrations (which have MACs of accounts), keys, and those that are about to replace them. */
const STATE_FILE = /^(?:registrations\.|dialog\.key|\.routr\.salt|\.arke\.salt|api-cert\.pem|bans\.json)/;

export interface ReadableSecretsOptions {
  readonly config: Configuration;
  readonly source: ConfigurationFiles;
  readonly stateDirectory: string;
}

/** Returns one warning for all such files. */
export async function readableSecrets(options: ReadableSecretsOptions): Promise<string[]> {
  const readable: string[] = [];
  for (const path of await secretFiles(options)) {
    if (await hasMode(path, OTHERS_READ) && await canBeEntered(path)) readable.push(path);
  }
  if (readable.length === 0) return [];
  return [`Every user of this host can read secrets: chmod o-rwx ${readable.join(" ")}`];
}

async function hasMode(path: string, bit: number, unknown = false): Promise<boolean> {
  const mode = await Deno.stat(path).then((info) => info.mode, () => null);
  return mode === null ? unknown : (mode & bit) !== 0;
}

/** Reports whether others may enter all folders above a file. Folders that cannot be examined count as open. */
async function canBeEntered(path: string): Promise<boolean> {
  let at = await Deno.realPath(path).catch(() => resolve(path));
  while (dirname(at) !== at) {
    at = dirname(at);
    if (!await hasMode(at, OTHERS_ENTER, true)) return false;
  }
  return true;
}

async function secretFiles(options: ReadableSecretsOptions): Promise<string[]> {
  const { config, source, stateDirectory } = options;
  const { dataSource, restService } = config;
  const files: string[] = [];
  if (source.file !== undefined && await hasSecrets(source.file)) files.push(source.file);
  if (dataSource.provider === "files_data_provider") {
    const folder = resourceFolder(dataSource.parameters, source.directory);
    for (const path of COLLECTIONS.flatMap((name) => [`${name}.yaml`, `${name}.yml`])) {
      const file = join(folder, path);
      if (SECRET.test(await beginningOf(file))) files.push(file);
    }
  }
  if (restService.saltFile !== undefined) files.push(restService.saltFile);
  return [...new Set([...files, ...keyFiles(options), ...await stateFiles(stateDirectory)])];
}

/** Reports whether a `config.yaml` has secrets; those of the environment are not in it. */
async function hasSecrets(path: string): Promise<boolean> {
  const text = await readTextFile(path);
  const { value = null } = typeof text === "string" ? await readYaml(text) : {};
  return JSON.stringify(redacted(value)) !== JSON.stringify(value);
}

/** Returns the files of private keys. */
function keyFiles({ config, source }: ReadableSecretsOptions): string[] {
  const { transport, securityContext, restService } = config;
  const certificates = [
    ...transport.some(({ protocol }) => isSecure(protocol))
      ? tlsSettingsOf(securityContext, source.directory).certificates
      : [],
    ...restService.unsecured || restService.keyStore === undefined
      ? []
      : restTlsSettings(restService, { directory: source.directory, own: "" }).certificates,
  ];
  return certificates.map(({ path, privateKey }) => privateKey ?? path);
}

async function stateFiles(directory: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(directory));
    return entries.filter(({ name }) => STATE_FILE.test(name)).map(({ name }) => join(directory, name))
      .sort();
  } catch {
    return [];
  }
}

/** Returns the beginning of a file; "" when it cannot be read. */
async function beginningOf(path: string): Promise<string> {
  try {
    using file = await Deno.open(path);
    const bytes = new Uint8Array(SEARCHED_BYTES);
    return new TextDecoder().decode(bytes.subarray(0, await file.read(bytes) ?? 0));
  } catch {
    return "";
  }
}
