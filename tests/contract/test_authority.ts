/** Certificates for all tests of one file, made once: the files are gone when the process ends. */
import { type TestCertificate, TestCertificates } from "../support/certificates.ts";
import { TlsContexts, type TlsSettings } from "../../src/transport/tls/tls_contexts.ts";
import type { TlsIdentity } from "./peers/tls_peers.ts";

export const certificates = new TestCertificates();
globalThis.addEventListener("unload", () => certificates[Symbol.dispose]());

/** Every address that the suite serves. */
const LOOPBACKS = ["127.0.0.1", "127.0.0.77", "::1"];

/** A certificate for this machine, for both directions. */
export const local = certificates.issue({ name: "local", ipAddresses: LOOPBACKS, clientAuth: true });

/** Certificates that test peers show and trust. */
export const localIdentity = identityOf(local);

/** Returns an identity of a peer that trusts the root of the tests. */
export function identityOf({ chain, privateKey }: TestCertificate): TlsIdentity {
  return {
    certificate: Deno.readTextFileSync(chain),
    privateKey: Deno.readTextFileSync(privateKey),
    authority: Deno.readTextFileSync(certificates.root.certificate),
  };
}

/** Settings with the certificate for this machine, which ask for no certificate of clients. */
export function tlsSettings(changes: Partial<TlsSettings> = {}): TlsSettings {
  return {
    certificates: [{ path: local.both, password: "" }],
    trustStore: { path: certificates.root.certificate, password: "" },
    clientCertificates: "none",
    verifiesServers: true,
    allowsWildcards: false,
    versions: ["TLSv1.2", "TLSv1.3"],
    isDebugging: false,
    ...changes,
  };
}

export function tlsContexts(changes: Partial<TlsSettings> = {}): TlsContexts {
  return new TlsContexts(tlsSettings(changes));
}
