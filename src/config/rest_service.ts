import { ipAddress } from "../data/network_property.ts";
import { flag, integer, mapping, password, port, text } from "../data/property_types.ts";

const count = integer({ min: 0, max: Infinity });

/** `spec.restService`: the HTTP face. The reference's spellings `trueStore…` and v1's `timeOutMillis` are understood. */
export const restService = mapping({
  bindAddr: ipAddress().default("0.0.0.0").describe("Address to listen on."),
  port: port(0).default(4567).describe("Port to listen on; 0 lets the system choose."),
  unsecured: flag().default(false).describe("HTTP instead of HTTPS."),
  keyStore: text("a path").default("etc/certs/api-cert.jks").describe("Path to the key store."),
  keyStorePassword: password().default("changeit").describe("Password of the key store."),
  trustStore: text("a path").optional().describe("Path to the trust store."),
  trueStore: text("a path").optional().describe("The same as trustStore."),
  trustStorePassword: password().optional().describe("Password of the trust store."),
  trueStorePassword: password().optional().describe("The same as trustStorePassword."),
  minThreads: count.default(8).describe("Has no effect here."),
  maxThreads: count.default(200).describe("Has no effect here."),
  timeoutMillis: count.optional().describe("How long a request may take, in milliseconds; 5000 unless set."),
  timeOutMillis: count.optional().describe("The same as timeoutMillis."),
  salt: password("a salt").optional().describe("What signs tokens, in base64."),
  saltFile: text("a path").optional().describe("The file that holds the salt."),
  initialApiSecret: password("a secret").optional()
    .describe("The secret of the user that a data provider creates when it has none."),
}).transform(({ trueStore, trueStorePassword, timeOutMillis, ...service }) => ({
  ...service,
  trustStore: service.trustStore ?? trueStore,
  trustStorePassword: service.trustStorePassword ?? trueStorePassword,
  timeoutMillis: service.timeoutMillis ?? timeOutMillis ?? 5000,
}));
