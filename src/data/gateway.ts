import { type GatewayLimits, gatewayLimits } from "./call_limits.ts";
import { type ResourceRefs, resourceRefs } from "./generated_ref.ts";
import type { Credentials } from "./ha1.ts";
import { type HostPort, hostPort } from "./network_property.ts";
import { flag, integer, listOf, mapping, oneOf, port, text } from "./property_types.ts";
import { documentHead, namedMetadata, type ResourceTimes, timesOf } from "./resource_document.ts";
import { credentials, readHa1 } from "./secret_property.ts";

/** A provider or SBC that connects to the telephone network. */
export interface Gateway extends ResourceRefs, ResourceTimes {
  readonly kind: "Gateway";
  readonly name: string;
  /** In lower case, without port. */
  readonly host: string;
  readonly port: number | undefined;
  readonly transport: GatewayTransport;
  /** Absent for gateways that trust this server's address. */
  readonly credentials: Credentials | undefined;
  /** Realms that get the credentials, besides those of the gateway's own challenges and of `ha1`. */
  readonly realms: readonly string[];
  /** Requested lifetime of the registration in seconds. */
  readonly expires: number;
  /** Further hosts to register at. */
  readonly registries: readonly HostPort[];
  /** False without credentials, or when `spec.sendRegister` is false. */
  readonly sendRegister: boolean;
  /** Default to the configuration. */
  readonly limits?: GatewayLimits | undefined;
}

export const TRANSPORTS = ["udp", "tcp", "tls", "sctp", "ws", "wss"] as const;
export type GatewayTransport = (typeof TRANSPORTS)[number];

/** "Gateway Resource" in the configuration reference; `realms` is an extension. */
export const gatewaySchema = mapping({
  ...documentHead("Gateway"),
  metadata: mapping(namedMetadata()),
  spec: mapping({
    host: hostPort("the host of the gateway, such as sip.provider.com")
      .describe("Name or address of the gateway, with or without a port."),
    port: port(1).optional().describe("Port of the gateway."),
    transport: oneOf(TRANSPORTS).describe("Transport protocol."),
    credentials: credentials(
      text("a username").describe("The account at the gateway."),
      "the gateway's secret",
    )
      .optional().describe("Without credentials, the gateway knows this server by its address."),
    realms: listOf(text("a realm")).default([])
      .describe("Realms that the gateway may ask the credentials for, besides its own."),
    expires: integer({ min: 0, max: 2 ** 32 - 1 }).default(3600)
      .describe("Requested lifetime of the registration, in seconds."),
    registries: listOf(hostPort("a host with or without a port")).default([])
      .describe("Further hosts to register at."),
    sendRegister: flag().default(true).describe("Whether to register at all."),
    limits: gatewayLimits(),
  }),
}).transform(({ metadata, spec }, { issues }): Gateway => ({
  kind: "Gateway",
  ...timesOf(metadata),
  ...resourceRefs(metadata.ref, "gw", spec.host.host),
  name: metadata.name,
  host: spec.host.host,
  port: spec.port ?? spec.host.port,
  transport: spec.transport,
  credentials: spec.credentials && {
    username: spec.credentials.username,
    secret: spec.credentials.secret,
    ha1: readHa1(spec.credentials.ha1, { realm: undefined, issues }),
  },
  realms: spec.realms,
  expires: spec.expires,
  registries: spec.registries,
  sendRegister: spec.credentials !== undefined && spec.sendRegister,
  limits: spec.limits,
}));
