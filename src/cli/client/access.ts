/** The service of a command, its token and trust: from options, else from the environment, else from the last login. */
import { join } from "node:path";
import { type ConfigurationOptions, findConfiguration } from "../../config/configuration_files.ts";
import { stateDirectory } from "../../config/state_directory.ts";
import { AccessFile } from "./access_file.ts";
import type { ServiceAccess } from "./api_client.ts";
import { isLoopback, readApiUrl } from "./api_url.ts";
import type { ClientOptions } from "./client_command.ts";
import { ClientError } from "./client_error.ts";
import { certificatesIn, type Trust } from "./trust.ts";

/** The process of a command; a server on this host may have its configuration beside the executable. */
export type ProcessContext = Omit<ConfigurationOptions, "directory">;

/** Finds the access of a command. Throws `ClientError` when nothing names a service. */
export async function findAccess(options: ClientOptions, context: ProcessContext): Promise<ServiceAccess> {
  const { env } = context;
  const known = await new AccessFile(env).read();
  const named = options.url || env.ROUTR_URL || known?.apiUrl;
  if (named === undefined) {
    throw new ClientError("Not logged in: run routr login URL, or name the service by --url or $ROUTR_URL");
  }
  const apiUrl = readApiUrl(named);
  // A kept token is only sent to the service that issued it.
  const kept = known !== undefined && readApiUrl(known.apiUrl) === apiUrl ? known : undefined;
  return {
    apiUrl,
    token: options.token || env.ROUTR_TOKEN || kept?.token,
    trust: await findTrust(apiUrl, { options, context, kept: kept?.certificate }),
  };
}

/** Finds the trust of a command. `kept` is the certificate that was accepted at the login. */
export async function findTrust(
  apiUrl: string,
  { options, context, kept }: { options: ClientOptions; context: ProcessContext; kept?: string },
): Promise<Trust> {
  const isInsecure = options.insecure ?? false;
  const { cacert } = options;
  if (cacert !== undefined) return { isInsecure, authorities: await readAuthorities(cacert), pinned: [] };
  const local = isLoopback(new URL(apiUrl)) ? await localCertificates(context) : [];
  return { isInsecure, pinned: [...certificatesIn(kept ?? ""), ...local] };
}

async function readAuthorities(path: string): Promise<string> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw new ClientError(`Cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
  if (certificatesIn(text).length === 0) throw new ClientError(`There is no certificate in PEM in ${path}`);
  return text;
}

/** Returns the certificate that a server on this host has made for itself, if it can be read. */
async function localCertificates({ env, executableDirectory }: ProcessContext): Promise<string[]> {
  const { directory } = await findConfiguration({ env, executableDirectory });
  const path = join(stateDirectory(env, directory), "api-cert.pem");
  return certificatesIn(await Deno.readTextFile(path).catch(() => ""));
}
