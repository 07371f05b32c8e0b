import { ipAddress } from "../data/network_property.ts";
import { flag, integer, mapping, port, text } from "../data/property_types.ts";

const count = integer({ min: 0, max: Infinity });

/** `spec.restService`: the HTTP face. The reference's spellings `trueStore…` and v1's `timeOutMillis` are understood. */
export const restService = mapping({
  bindAddr: ipAddress().default("0.0.0.0"),
  /** 0 lets the system choose. */
  port: port(0).default(4567),
  /** HTTP instead of HTTPS. */
  unsecured: flag().default(false),
  keyStore: text("a path").default("etc/certs/api-cert.jks"),
  keyStorePassword: text("a password").default("changeit"),
  trustStore: text("a path").optional(),
  trueStore: text("a path").optional(),
  trustStorePassword: text("a password").optional(),
  trueStorePassword: text("a password").optional(),
  minThreads: count.default(8),
  maxThreads: count.default(200),
  timeoutMillis: count.optional(),
  timeOutMillis: count.optional(),
  /** What signs tokens, in base64, or the file that holds it. */
  salt: text("a salt").optional(),
  saltFile: text("a path").optional(),
  /** The secret of the user that a data provider creates when it has none. */
  initialApiSecret: text("a secret").optional(),
}).transform(({ trueStore, trueStorePassword, timeOutMillis, ...service }) => ({
  ...service,
  trustStore: service.trustStore ?? trueStore,
  trustStorePassword: service.trustStorePassword ?? trueStorePassword,
  timeoutMillis: service.timeoutMillis ?? timeOutMillis ?? 5000,
}));
