/** Settings of the REST service, made of the configuration and of this host. */
import { hostname } from "node:os";
import type { Configuration } from "../config/configuration.ts";
import type { Environment } from "../config/environment.ts";
import { restTlsSettings } from "../config/tls_settings.ts";
import type { SaltSources } from "../rest/access/salt.ts";
import { ensureCertificate } from "../rest/access/self_signed.ts";
import { DEFAULT_FRONT_LIMITS, type FrontLimits } from "../rest/front/front_messages.ts";
import { logger } from "../runtime/log.ts";
import type { TlsSettings } from "../transport/tls/tls_contexts.ts";

type RestConfiguration = Configuration["restService"];

const log = logger("rest");

export function saltSources(
  { salt, saltFile }: Pick<RestConfiguration, "salt" | "saltFile">,
  { env, stateDirectory }: { env: Environment; stateDirectory: string },
): SaltSources {
  return {
    salt,
    arkeSalt: env.ARKE_SALT,
    saltFile,
    stateDirectory,
    formerDirectories: [".", ...env.HOME ? [env.HOME] : []],
  };
}

export function frontLimits(settings: RestConfiguration): FrontLimits {
  const { maxBodyBytes, maxUploadBytes, maxRequestsPerAddress, timeoutMillis } = settings;
  return { ...DEFAULT_FRONT_LIMITS, maxBodyBytes, maxUploadBytes, maxRequestsPerAddress, timeoutMillis };
}

/** Returns the configured certificate, or one that the service makes for itself; undefined for plain HTTP. */
export async function tlsOf(
  settings: RestConfiguration,
  { directory, stateDirectory }: { directory: string; stateDirectory: string },
): Promise<TlsSettings | undefined> {
  if (settings.unsecured) return undefined;
  if (settings.keyStore !== undefined) return restTlsSettings(settings, { directory, own: "" });
  const own = await keptInState(ensureCertificate(stateDirectory, hostNames()), "keyStore");
  log.info("The REST service shows a certificate that it has made itself: {path}", { path: own });
  return restTlsSettings(settings, { directory, own });
}

/** Adds to an error about the state folder which property replaces the file. */
export async function keptInState<T>(file: Promise<T>, property: string): Promise<T> {
  try {
    return await file;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason} (spec.restService.${property} does without)`);
  }
}

/** Returns the names and addresses by which clients reach this host. */
function hostNames(): string[] {
  const addresses = Deno.networkInterfaces().map(({ address }) => address.replace(/%.*/, ""));
  return [...new Set(["localhost", hostname(), "127.0.0.1", "::1", ...addresses])];
}
