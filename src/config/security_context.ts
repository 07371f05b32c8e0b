import { flag, listOf, mapping, oneOf, text } from "../data/property_types.ts";

const CLIENT_AUTHENTICATION = ["Default", "Enabled", "Want", "Disabled", "DisabledAll"] as const;
const PROTOCOLS = ["TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1", "SSLv3", "SSLv2Hello"] as const;

const client = mapping({
  /** `Enabled` and `Default` require a certificate, `Want` asks for one, `DisabledAll` trusts servers blindly too. */
  authType: oneOf(CLIENT_AUTHENTICATION).default("Disabled"),
  protocols: listOf(oneOf(PROTOCOLS)).default(["TLSv1.2", "TLSv1.1", "TLSv1"]),
});

/** `spec.securityContext`: keys and trust of the transports tls and wss. */
export const securityContext = mapping({
  keyStore: text("a path").default("etc/certs/domains-cert.jks"),
  keyStorePassword: text("a password").default("changeit"),
  keyStoreType: oneOf(["jks", "pkcs12", "pem"]).default("jks"),
  trustStore: text("a path").optional(),
  trueStore: text("a path").optional(),
  trustStorePassword: text("a password").optional(),
  trueStorePassword: text("a password").optional(),
  client: client.prefault({}),
  debugging: flag().default(false),
}).transform(({ trueStore, trueStorePassword, ...context }) => ({
  ...context,
  trustStore: context.trustStore ?? trueStore ?? "etc/certs/domains-cert.jks",
  trustStorePassword: context.trustStorePassword ?? trueStorePassword ?? "changeit",
}));
