/** Detection of files with secrets that every user of the host can read. */
import { join } from "node:path";
import type { Configuration } from "../config/configuration.ts";
import type { ConfigurationFiles } from "../config/configuration_files.ts";
import { resourceFolder } from "../config/data_source.ts";
import { redacted } from "../config/shown_configuration.ts";
import { restTlsSettings, tlsSettingsOf } from "../config/tls_settings.ts";
import { isSecure } from "../transport/transport.ts";

/** The file mode bit that lets others read. */
const OTHERS_READ = 0o004;
/** Bytes of a file that are searched; a file with secrets has one in its first items. */
const SEARCHED_BYTES = 65_536;
const COLLECTIONS = ["users", "agents", "peers", "gateways"] as const;

export interface ReadableSecretsOptions {
  readonly config: Configuration;
  /** The document of `config.yaml`, with the environment applied. */
  readonly document: unknown;
  readonly source: ConfigurationFiles;
}

/** Returns one warning for all such files. */
export async function readableSecrets(options: ReadableSecretsOptions): Promise<string[]> {
  const readable: string[] = [];
  for (const path of await secretFiles(options)) {
    const mode = await Deno.stat(path).then((info) => info.mode ?? 0, () => 0);
    if ((mode & OTHERS_READ) !== 0) readable.push(path);
  }
  if (readable.length === 0) return [];
  return [`Every user of this host can read secrets: chmod o-rwx ${readable.join(" ")}`];
}

async function secretFiles({ config, document, source }: ReadableSecretsOptions): Promise<string[]> {
  const { dataSource, transport, securityContext, restService } = config;
  const files: string[] = [];
  if (source.file !== undefined && JSON.stringify(redacted(document)) !== JSON.stringify(document)) {
    files.push(source.file);
  }
  if (dataSource.provider === "files_data_provider") {
    const folder = resourceFolder(dataSource.parameters, source.directory);
    for (const path of COLLECTIONS.flatMap((name) => [`${name}.yaml`, `${name}.yml`])) {
      const file = join(folder, path);
      if (/^[^#\n]*\b(?:secret|ha1)\b/m.test(await beginningOf(file))) files.push(file);
    }
  }
  const certificates = [
    ...transport.some(({ protocol }) => isSecure(protocol))
      ? tlsSettingsOf(securityContext, source.directory).certificates
      : [],
    ...restService.unsecured || restService.keyStore === undefined
      ? []
      : restTlsSettings(restService, { directory: source.directory, own: "" }).certificates,
  ];
  const keys = certificates.map(({ path, privateKey }) => privateKey ?? path);
  return [...files, ...new Set(keys)];
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
