import { type ResourceRefs, resourceRefs } from "./generated_ref.ts";
import { type HostPort, hostPort } from "./network_property.ts";
import { flag, integer, listOf, mapping, oneOf, port, text } from "./property_types.ts";
import { envelope, namedMetadata } from "./resource_document.ts";

/** A provider or SBC that calls of the telephone network come from and go to. */
export interface Gateway extends ResourceRefs {
  readonly kind: "Gateway";
  readonly name: string;
  /** Lower case, without port. */
  readonly host: string;
  readonly port: number | undefined;
  readonly transport: GatewayTransport;
  /** Absent for gateways that know this server by its address. */
  readonly credentials: { readonly username: string; readonly secret: string } | undefined;
  /** Realms that credentials are given to besides those that the gateway took them for. */
  readonly realms: readonly string[];
  /** Requested lifetime of the registration, in seconds. */
  readonly expires: number;
  /** Further hosts to register at. */
  readonly registries: readonly HostPort[];
  /** Whether to register at all: needs credentials, and `spec.sendRegister` that is not false. */
  readonly sendRegister: boolean;
}

const GATEWAY_TRANSPORTS = ["udp", "tcp", "tls", "sctp", "ws", "wss"] as const;
export type GatewayTransport = (typeof GATEWAY_TRANSPORTS)[number];

/** "Gateway Resource" in the configuration reference; `port` and `sendRegister` are of later v1 releases, `realms` is an extension. */
export const gatewaySchema = mapping({
  ...envelope("Gateway"),
  metadata: mapping(namedMetadata()),
  spec: mapping({
    host: hostPort("the host of the gateway, such as sip.provider.com"),
    port: port(1).optional(),
    transport: oneOf(GATEWAY_TRANSPORTS),
    credentials: mapping({ username: text("a username"), secret: text("the gateway's secret") }).optional(),
    realms: listOf(text("a realm")).default([]),
    expires: integer({ min: 0, max: 2 ** 32 - 1 }).default(3600),
    registries: listOf(hostPort("a host with or without a port")).default([]),
    sendRegister: flag().default(true),
  }),
}).transform(({ metadata, spec }): Gateway => ({
  kind: "Gateway",
  ...resourceRefs(metadata.ref, "gw", spec.host.host),
  name: metadata.name,
  host: spec.host.host,
  port: spec.port ?? spec.host.port,
  transport: spec.transport,
  credentials: spec.credentials,
  realms: spec.realms,
  expires: spec.expires,
  registries: spec.registries,
  sendRegister: spec.credentials !== undefined && spec.sendRegister,
}));
