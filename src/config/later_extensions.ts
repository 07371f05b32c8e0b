import { host, ipAddress } from "../data/network_property.ts";
import { flag, mapping, oneOf, port, text } from "../data/property_types.ts";

/** Properties of later releases of Routr v1 that the reference does not describe; most begin with `ex_`. */
export const laterExtensions = {
  grpcService: mapping({
    bind: ipAddress().default("127.0.0.1"),
    port: port(0).default(50099),
  }).prefault({}),
  ex_rtpEngine: mapping({
    enabled: flag().default(false),
    proto: oneOf(["http", "https"]).default("http"),
    host: host("a host").optional(),
    port: port(1).default(8080),
    bridgeParams: mapping({
      webToWeb: text("parameters").optional(),
      webToSip: text("parameters").optional(),
      sipToWeb: text("parameters").optional(),
      sipToSip: text("parameters").optional(),
    }).prefault({}),
  }).prefault({}),
  ex_kafka: mapping({
    enabled: flag().default(false),
    bootstrapServers: text("hosts with ports").optional(),
    securityProtocol: text("a protocol").optional(),
    saslMechanism: text("a mechanism").optional(),
    saslJaasConfig: text("a login configuration").optional(),
    topic: text("a topic").optional(),
  }).prefault({}),
  /** Where call records are sent to; known by its environment names only. */
  ex_logsDriver: mapping({ host: host("a host").optional(), port: port(1).optional() }).prefault({}),
  ex_convertTelToE164: flag().default(false),
  ex_uniqueGatewayPerHostPort: flag().default(false),
};
