import { host, ipAddress } from "../data/network_property.ts";
import { SCALAR } from "../data/json_form.ts";
import { flag, mapping, oneOf, password, port, property, text } from "../data/property_types.ts";

/** A value of any type, which is ignored. */
const anything = () => property("a value", (value) => value, { type: [...SCALAR, "object", "array"] });

const NO_EFFECT = "Of later releases of Routr v1. Has no effect yet.";

/** Properties of later releases of Routr v1 outside of the reference; most begin with `ex_`. */
export const laterExtensions = {
  grpcService: mapping({
    bind: ipAddress().default("127.0.0.1"),
    port: port(0).default(50099),
  }).prefault({}).describe(NO_EFFECT),
  ex_rtpEngine: mapping({
    enabled: flag().default(false),
    proto: oneOf(["http", "https"]).default("http"),
    host: host("a host").optional(),
    port: port(1).default(8080),
    bridgeParams: anything().default({}),
  }).prefault({}).describe(NO_EFFECT),
  ex_kafka: mapping({
    enabled: flag().default(false),
    bootstrapServers: text("hosts with ports").optional(),
    securityProtocol: text("a protocol").optional(),
    saslMechanism: text("a mechanism").optional(),
    saslJaasConfig: password("a login configuration").optional(),
    topic: text("a topic").optional(),
  }).prefault({}).describe(NO_EFFECT),
  /** The spelling of some charts. */
  ex_kafkaPublisher: anything().optional().describe(NO_EFFECT),
  /** The receiver of call records, known by its environment variables only. */
  ex_logsDriver: mapping({ host: host("a host").optional(), port: port(1).optional() }).prefault({})
    .describe(NO_EFFECT),
  ex_convertTelToE164: flag().default(false)
    .describe(
      "Numbers with a country code leave and come in as +17066041487: in Request-URI, From, To and identities.",
    ),
  ex_uniqueGatewayPerHostPort: flag().default(false)
    .describe("The REST service makes no second gateway of a host and port."),
};
