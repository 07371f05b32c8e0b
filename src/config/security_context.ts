import { host } from "../data/network_property.ts";
import { flag, listOf, mapping, oneOf, password, text } from "../data/property_types.ts";

const CLIENT_AUTHENTICATION = ["Default", "Enabled", "Want", "Disabled", "DisabledAll"] as const;
const PROTOCOLS = ["TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1", "SSLv3", "SSLv2Hello"] as const;
const TYPES = ["jks", "pkcs12", "pem"] as const;

const client = mapping({
  /** `Enabled` and `Default` require a certificate, `Want` asks for one, `DisabledAll` also trusts servers blindly. */
  authType: oneOf(CLIENT_AUTHENTICATION).default("Disabled")
    .describe(
      "Whether clients have to show a certificate. DisabledAll takes any certificate of servers, too.",
    ),
  /** The runtime has no version older than TLSv1.2. */
  protocols: listOf(oneOf(PROTOCOLS)).default(["TLSv1.3", "TLSv1.2"]).describe("Accepted versions of TLS."),
  /** Forbidden by RFC 5922 §7.2. Not in the reference. */
  allowWildcards: flag().default(false).describe("Whether *.example.com will do for sip.example.com."),
});

/** Key and certificate for some names of this server. Not in the reference. */
const certificate = mapping({
  keyStore: text("a path").describe("Path to the certificate with its key: PEM, PKCS#12 or JKS."),
  keyStorePassword: password().default("changeit").describe("Password of the key store."),
  privateKey: text("a path").optional().describe("Path to the key, where it is in a file of its own."),
  domains: listOf(host("a host name")).optional()
    .describe("Server names it is chosen for, instead of those that the certificate names."),
});

/** `spec.securityContext`: keys and trust of the transports tls and wss. */
export const securityContext = mapping({
  /** Relative paths belong to the working directory, or else to the folder of `config.yaml`. */
  keyStore: text("a path").default("etc/certs/domains-cert.jks")
    .describe("Path to the certificate with its key: PEM, PKCS#12 or JKS."),
  keyStorePassword: password().default("changeit").describe("Password of the key store."),
  keyStoreType: oneOf(TYPES).default("jks").describe("Type of the key store; what the file holds counts."),
  /** Not in the reference. */
  privateKey: text("a path").optional().describe("Path to the key, where it is in a file of its own."),
  trustStore: text("a path").optional().describe("Path to the certificates of authorities."),
  trueStore: text("a path").optional().describe("The same as trustStore."),
  trustStorePassword: password().optional().describe("Password of the trust store."),
  trueStorePassword: password().optional().describe("The same as trustStorePassword."),
  certificates: listOf(certificate).default([]).describe(
    "Further keys, chosen by the server name asked for.",
  ),
  client: client.prefault({}).describe("What is asked of the other side."),
  debugging: flag().default(false).describe("Log each handshake."),
}).transform(({ trueStore, trueStorePassword, ...context }) => ({
  ...context,
  trustStore: context.trustStore ?? trueStore,
  trustStorePassword: context.trustStorePassword ?? trueStorePassword ?? "changeit",
}));
