/** Converts `spec.securityContext` to settings of TLS transports. */
import { isAbsolute, join } from "node:path";
import type { TlsSettings, TlsVersion } from "../transport/tls/tls_contexts.ts";
import type { Configuration } from "./configuration.ts";

type SecurityContext = Configuration["securityContext"];
/** The common part of the context and its `certificates`. */
type KeyStore = Pick<SecurityContext, "keyStore" | "keyStorePassword" | "privateKey">;

const VERSIONS: readonly string[] = ["TLSv1.2", "TLSv1.3"] satisfies TlsVersion[];

/** @param directory the folder of `config.yaml`, for relative paths that do not exist in the working directory */
export function tlsSettingsOf(context: SecurityContext, directory: string): TlsSettings {
  const { client, trustStore } = context;
  const find = (path: string) => findFile(path, directory);
  const sourceOf = ({ keyStore, keyStorePassword, privateKey }: KeyStore) => ({
    path: find(keyStore),
    password: keyStorePassword,
    privateKey: privateKey === undefined ? undefined : find(privateKey),
  });
  const others = context.certificates.map((other) => ({ ...sourceOf(other), domains: other.domains }));
  return {
    certificates: [sourceOf(context), ...others],
    trustStore: trustStore === undefined
      ? undefined
      : { path: find(trustStore), password: context.trustStorePassword },
    clientCertificates: client.authType === "Want"
      ? "wanted"
      : client.authType.startsWith("Disabled")
      ? "none"
      : "required",
    verifiesServers: client.authType !== "DisabledAll",
    allowsWildcards: client.allowWildcards,
    versions: client.protocols.filter((protocol) => VERSIONS.includes(protocol)) as TlsVersion[],
    isDebugging: context.debugging,
  };
}

/**
 * Returns the TLS settings of the REST service. In Routr v1 key store and trust store are one file by default, which
 * does not mean that clients need certificates.
 * @param own the certificate without a configured key store
 */
export function restTlsSettings(
  { keyStore, keyStorePassword, trustStore, trustStorePassword }: Configuration["restService"],
  { directory, own }: { directory: string; own: string },
): TlsSettings {
  const asksClients = trustStore !== undefined && trustStore !== keyStore;
  return {
    certificates: [
      keyStore === undefined
        ? { path: own, password: "" }
        : { path: findFile(keyStore, directory), password: keyStorePassword },
    ],
    trustStore: asksClients
      ? { path: findFile(trustStore, directory), password: trustStorePassword ?? "changeit" }
      : undefined,
    clientCertificates: asksClients ? "required" : "none",
    verifiesServers: true,
    allowsWildcards: false,
    versions: ["TLSv1.2", "TLSv1.3"],
    isDebugging: false,
  };
}

/** Returns warnings about settings that are not supported. */
export function tlsWarnings({ client }: SecurityContext): string[] {
  const unspoken = client.protocols.filter((protocol) => !VERSIONS.includes(protocol));
  if (unspoken.length === 0) return [];
  return [
    `spec.securityContext.client.protocols: ${
      unspoken.join(", ")
    } cannot be offered, the runtime speaks TLSv1.2 and TLSv1.3 only`,
  ];
}

function findFile(path: string, directory: string): string {
  if (isAbsolute(path) || exists(path)) return path;
  const beside = join(directory, path);
  return exists(beside) ? beside : path;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== undefined;
  } catch {
    return false;
  }
}
