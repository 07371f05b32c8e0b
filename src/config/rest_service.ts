import type * as z from "zod";
import { ipAddress } from "../data/network_property.ts";
import { flag, integer, listOf, mapping, password, port, property, text } from "../data/property_types.ts";

const count = integer({ min: 0, max: Infinity });
/** An origin has no path. */
const ORIGIN = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/[^\s\/?#@*\\]+\/?$/;

/** `spec.restService`: the HTTP interface; `trueStore…` and `timeOutMillis` are spellings of Routr v1. */
export const restService = mapping({
  bindAddr: ipAddress().default("0.0.0.0").describe("Address to listen on."),
  port: port(0).default(4567).describe("Port to listen on; 0 lets the system choose."),
  unsecured: flag().default(false).describe("HTTP instead of HTTPS."),
  keyStore: text("a path").optional()
    .describe(
      "Path to the key store: JKS, PKCS#12 or PEM. Without one, the service makes a certificate of its own.",
    ),
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
  tokenLifetimeSeconds: count.default(86_400).describe("How long a token lasts, in seconds; 0: for ever."),
  acceptsTokensWithoutExpiry: flag().default(false)
    .describe("Whether tokens of Routr v1 with the same salt are good; they never end."),
  corsOrigins: listOf(origin()).default([])
    .describe("Origins whose pages may send credentials of their own."),
  maxBodyBytes: integer({ min: 1024, max: 2 ** 30 }).default(1_048_576).describe(
    "Bytes of a request's body.",
  ),
  maxUploadBytes: integer({ min: 1024, max: 2 ** 30 }).default(16_777_216)
    .describe("Bytes of a file with many resources."),
  maxRequestsPerAddress: integer({ min: 1, max: 10_000 }).default(16)
    .describe("Requests of one address that are served at a time."),
}).transform(({ trueStore, trueStorePassword, timeOutMillis, ...service }) => ({
  ...service,
  trustStore: service.trustStore ?? trueStore,
  trustStorePassword: service.trustStorePassword ?? trueStorePassword,
  timeoutMillis: service.timeoutMillis ?? timeOutMillis ?? 5000,
}));

/** An origin as in the header field `Origin` (RFC 6454 §6.2), from any case, with or without the default port. */
function origin(): z.ZodType<string> {
  return property("an origin such as https://console.example.com", (value) => {
    return typeof value === "string" && ORIGIN.test(value) && URL.canParse(value)
      ? new URL(value).origin
      : undefined;
  }, { type: "string", pattern: ORIGIN.source });
}
