import { host } from "../data/network_property.ts";
import { flag, listOf, mapping, oneOf, text } from "../data/property_types.ts";

const CLIENT_AUTHENTICATION = ["Default", "Enabled", "Want", "Disabled", "DisabledAll"] as const;
const PROTOCOLS = ["TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1", "SSLv3", "SSLv2Hello"] as const;
const TYPES = ["jks", "pkcs12", "pem"] as const;

const client = mapping({
  /** `Enabled` and `Default` require a certificate, `Want` asks for one, `DisabledAll` trusts servers blindly too. */
  authType: oneOf(CLIENT_AUTHENTICATION).default("Disabled"),
  /** Those that the runtime speaks; it has none older than TLSv1.2. */
  protocols: listOf(oneOf(PROTOCOLS)).default(["TLSv1.3", "TLSv1.2"]),
  /** Whether `*.example.com` will do for `sip.example.com`, which RFC 5922 §7.2 forbids. Not in the reference. */
  allowWildcards: flag().default(false),
});

/** The key and certificate for some of the names of this server. Not in the reference. */
const certificate = mapping({
  keyStore: text("a path"),
  keyStorePassword: text("a password").default("changeit"),
  privateKey: text("a path").optional(),
  /** Server names it is chosen for, in the place of those that the certificate names. */
  domains: listOf(host("a host name")).optional(),
});

/** `spec.securityContext`: keys and trust of the transports tls and wss. */
export const securityContext = mapping({
  /** Relative paths are looked for where the server was started, then beside `config.yaml`. */
  keyStore: text("a path").default("etc/certs/domains-cert.jks"),
  keyStorePassword: text("a password").default("changeit"),
  keyStoreType: oneOf(TYPES).default("jks"),
  /** The private key, when `keyStore` is a certificate in PEM and the key is in a file of its own. Not in the reference. */
  privateKey: text("a path").optional(),
  trustStore: text("a path").optional(),
  trueStore: text("a path").optional(),
  trustStorePassword: text("a password").optional(),
  trueStorePassword: text("a password").optional(),
  certificates: listOf(certificate).default([]),
  client: client.prefault({}),
  debugging: flag().default(false),
}).transform(({ trueStore, trueStorePassword, ...context }) => ({
  ...context,
  trustStore: context.trustStore ?? trueStore,
  trustStorePassword: context.trustStorePassword ?? trueStorePassword ?? "changeit",
}));
