/** Keys, certificates and trust for TLS, read again when their files change. */
import tls from "node:tls";
import { logger } from "../../runtime/log.ts";
import { isFor, namesOf } from "./certificate_names.ts";
import { faultOfTime } from "./certificate_time.ts";
import {
  type KeyEntry,
  type KeyStoreSource,
  readKeyStore,
  readTrustStore,
  type TrustStoreSource,
} from "./key_store.ts";
import { Reloaded } from "./reloaded.ts";
import { HAS_FULL_SERVERS, type ShownCertificate } from "./tls_runtime.ts";

const log = logger("tls");

const BUILT_ON = `because this program is built on Deno ${Deno.version.deno}`;

/** A certificate and the server names it is chosen for, by default its own names. */
export interface CertificateSource extends KeyStoreSource {
  readonly domains?: readonly string[];
}

/** The versions that the runtime supports. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** `spec.securityContext`. */
export interface TlsSettings {
  /** Chosen by server name (RFC 6066 §3). The first is the default, and is used when we connect. */
  readonly certificates: readonly CertificateSource[];
  /** Trusted authorities; for servers, by default those of the runtime. */
  readonly trustStore: TrustStoreSource | undefined;
  /** Whether clients must show a certificate. */
  readonly clientCertificates: "required" | "wanted" | "none";
  /** False accepts any certificate of a server. */
  readonly verifiesServers: boolean;
  /** True accepts `*.example.com` for `sip.example.com`, against RFC 5922 §7.2. */
  readonly allowsWildcards: boolean;
  readonly versions: readonly TlsVersion[];
  /** True logs each handshake. */
  readonly isDebugging: boolean;
}

interface Certificate {
  readonly entry: KeyEntry;
  readonly context: tls.SecureContext;
  /** Reports whether the certificate is for a server name. */
  serves(serverName: string): boolean;
}

/** The contexts of all TLS transports. Files are read on first use. */
export class TlsContexts {
  readonly settings: TlsSettings;
  #trust: Promise<Reloaded<readonly string[]>> | undefined;
  #certificates: Promise<readonly Reloaded<Certificate>[]> | undefined;

  constructor(settings: TlsSettings) {
    this.settings = settings;
  }

  /** Reads the files of a server. Rejects with the name of one that cannot be used. */
  async prepareServer(): Promise<void> {
    const { clientCertificates, trustStore } = this.settings;
    if (clientCertificates !== "none" && !trustStore) {
      throw new Error("Clients' certificates need spec.securityContext.trustStore to be checked against");
    }
    if (clientCertificates === "required" && !HAS_FULL_SERVERS) {
      throw new Error(`Servers cannot ask clients for certificates ${BUILT_ON}; a build on Deno 2.9 can`);
    }
    await this.#read();
  }

  /** Returns the first certificate, the only one of a server on an older runtime. */
  async onlyCertificate(): Promise<ShownCertificate> {
    const [first] = await this.#read();
    const { entry } = await first.get();
    return { cert: entry.certificates, key: entry.privateKey };
  }

  /** Logs the settings that an older runtime does not support. */
  warnOfOlderRuntime(): void {
    const { certificates, clientCertificates, versions } = this.settings;
    const lost = [
      ...certificates.length > 1 ? ["every client is shown the first certificate"] : [],
      ...clientCertificates === "wanted" ? ["clients are not asked for certificates"] : [],
      ...versions.length === 1 ? ["clients may use TLSv1.2 and TLSv1.3"] : [],
    ];
    for (const what of lost) log.warn("{what} {why}", { what, why: BUILT_ON });
  }

  /** Returns the context for a client that asks for a server name, or for none (""). */
  async serverContext(serverName: string): Promise<tls.SecureContext> {
    const name = serverName.toLowerCase();
    const certificates = await Promise.all((await this.#read()).map((certificate) => certificate.get()));
    return (certificates.find((certificate) => certificate.serves(name)) ?? certificates[0]).context;
  }

  /** Returns the options for connecting. Rejects when the trust store cannot be used. */
  async clientOptions(): Promise<tls.ConnectionOptions> {
    const authorities = await this.#authorities();
    const own = await this.#ownCertificate();
    return {
      ...versionRange(this.settings.versions),
      ...(authorities ? { ca: [...authorities] } : {}),
      ...(own ? { cert: own.certificates, key: own.privateKey } : {}),
    };
  }

  /** Reports whether a certificate (DER) is in the trust store; the runtime distrusts self-signed ones there. */
  async isPinned(certificate: Uint8Array): Promise<boolean> {
    const authorities = await this.#authorities() ?? [];
    const wanted = btoa(Array.from(certificate, (byte) => String.fromCharCode(byte)).join(""));
    return authorities.some((pem) => pem.replace(/-----[^-]+-----|\s/g, "") === wanted);
  }

  async #authorities(): Promise<readonly string[] | undefined> {
    const { trustStore } = this.settings;
    if (!trustStore) return undefined;
    this.#trust ??= Reloaded.read([trustStore.path], () => readTrustStore(trustStore))
      .catch((error) => {
        // The next use tries again.
        this.#trust = undefined;
        throw error;
      });
    return (await this.#trust).get();
  }

  #read(): Promise<readonly Reloaded<Certificate>[]> {
    const trusted = this.settings.trustStore ? [this.settings.trustStore.path] : [];
    return this.#certificates ??= Promise.all(this.settings.certificates.map((source) => {
      const own = source.privateKey === undefined ? [source.path] : [source.path, source.privateKey];
      return Reloaded.read([...own, ...trusted], () => this.#readCertificate(source));
    })).catch((error) => {
      this.#certificates = undefined;
      throw error;
    });
  }

  async #readCertificate(source: CertificateSource): Promise<Certificate> {
    const entry = await readKeyStore(source);
    for (const alias of entry.ignored) {
      log.warn("{path}: the key {alias} is not used, only the first one is", { path: source.path, alias });
    }
    const fault = faultOfTime(entry.leaf.raw);
    if (fault !== undefined) log.warn("{path}: {fault}", { path: source.path, fault });
    const authorities = await this.#authorities();
    const names = namesOf(entry.leaf.raw);
    return {
      entry,
      context: tls.createSecureContext({
        cert: entry.certificates,
        key: entry.privateKey,
        ...versionRange(this.settings.versions),
        ...(authorities ? { ca: [...authorities] } : {}),
      }),
      serves: (serverName) => source.domains?.includes(serverName) ?? isFor(names, serverName, true),
    };
  }

  /** Returns the certificate for connecting, undefined for none. */
  async #ownCertificate(): Promise<KeyEntry | undefined> {
    const certificates = await this.#read().catch(() => undefined);
    return (await certificates?.at(0)?.get())?.entry;
  }
}

function versionRange(versions: readonly TlsVersion[]): { minVersion: TlsVersion; maxVersion: TlsVersion } {
  if (versions.length === 0) {
    throw new Error("spec.securityContext.client.protocols names neither TLSv1.2 nor TLSv1.3");
  }
  return {
    minVersion: versions.includes("TLSv1.2") ? "TLSv1.2" : "TLSv1.3",
    maxVersion: versions.includes("TLSv1.3") ? "TLSv1.3" : "TLSv1.2",
  };
}
