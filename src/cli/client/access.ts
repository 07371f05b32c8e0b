/** Which service a command is for, who asks, and whom to trust: options before environment before what the login has kept. */
import { join } from "node:path";
import { findConfiguration } from "../../config/configuration_place.ts";
import type { Environment } from "../../config/environment.ts";
import { stateDirectory } from "../../config/state_directory.ts";
import { AccessFile } from "./access_file.ts";
import { isLoopback, readApiUrl } from "./api_url.ts";
import type { ClientOptions } from "./client_command.ts";
import { ClientError } from "./client_error.ts";
import type { Trust } from "./trust.ts";
import { certificatesIn } from "./trust.ts";

export interface ClientPlace {
  readonly env: Environment;
  /** Where the executable is; the configuration of a server on this host may be beside it. */
  readonly executableDirectory: string;
}

export interface ServiceAccess {
  readonly apiUrl: string;
  readonly token: string | undefined;
  readonly trust: Trust;
}

/** Throws `ClientError` when nothing names a service. */
export async function findAccess(options: ClientOptions, place: ClientPlace): Promise<ServiceAccess> {
  const { env } = place;
  const known = await accessFile(env).read();
  const named = options.url || env.ROUTR_URL || known?.apiUrl;
  if (named === undefined) {
    throw new ClientError("Not logged in: run routr login URL, or name the service by --url or $ROUTR_URL");
  }
  const apiUrl = readApiUrl(named);
  // A token is for the service that has issued it, and for nobody else.
  const kept = known !== undefined && readApiUrl(known.apiUrl) === apiUrl ? known : undefined;
  return {
    apiUrl,
    token: options.token || env.ROUTR_TOKEN || kept?.token,
    trust: await findTrust(apiUrl, { options, place, kept: kept?.certificate }),
  };
}

export function accessFile(env: Environment): AccessFile {
  const home = env.HOME || env.USERPROFILE;
  if (!home) throw new ClientError("Cannot find ~/.routr-access.json: $HOME is not set");
  return new AccessFile(home);
}

/** `kept`: what was trusted at the login, if anything but what everybody trusts. */
export async function findTrust(
  apiUrl: string,
  { options, place, kept }: { options: ClientOptions; place: ClientPlace; kept?: string },
): Promise<Trust> {
  const isInsecure = options.insecure ?? false;
  const { cacert } = options;
  if (cacert !== undefined) return { isInsecure, authorities: await readAuthorities(cacert), pinned: [] };
  const local = isLoopback(new URL(apiUrl)) ? await localCertificates(place) : [];
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

/** That which a server on this host has made itself at its first start, for those who may read it. */
async function localCertificates({ env, executableDirectory }: ClientPlace): Promise<string[]> {
  const { directory } = await findConfiguration({ env, executableDirectory });
  const path = join(stateDirectory(env, directory), "api-cert.pem");
  return certificatesIn(await Deno.readTextFile(path).catch(() => ""));
}
