import { type CallerLimits, callerLimits } from "./call_limits.ts";
import { firstGeneratedRef } from "./generated_ref.ts";
import type { Credentials } from "./ha1.ts";
import { host, hostPortText } from "./network_property.ts";
import { mapping } from "./property_types.ts";
import {
  documentHead,
  maxContactsProperties,
  namedMetadata,
  readMaxContacts,
  type ResourceTimes,
  timesOf,
  username,
} from "./resource_document.ts";
import { credentials, readHa1 } from "./secret_property.ts";

/** Another server that registers here, such as a PBX or a media server. It belongs to no domain. */
export interface Peer extends Credentials, ResourceTimes {
  readonly kind: "Peer";
  readonly ref: string;
  readonly name: string;
  /** The host of its address-of-record, in lower case, IPv6 in brackets; by default the address it registers from. */
  readonly device: string | undefined;
  /** `host` or `host:port`, which replaces that of the peer's registered Contact. */
  readonly contactAddr: string | undefined;
  readonly maxContacts: number | undefined;
  /** Default to the configuration. */
  readonly limits?: CallerLimits | undefined;
}

/** "Peer Resource" in the configuration reference; `ex_maxContact` is of later releases of Routr v1. */
export const peerSchema = mapping({
  ...documentHead("Peer"),
  metadata: mapping(namedMetadata()),
  spec: mapping({
    credentials: credentials(username(), "the peer's secret").describe("What the peer registers with."),
    device: host("the name of a device, such as astserver").optional()
      .describe("The peer is reached as username@device; without it, by the address that it registers from."),
    contactAddr: hostPortText("a host with or without a port, such as 192.168.1.2:6060").optional()
      .meta({
        description: "Takes the place of the address in what the peer registers.",
        examples: ["192.168.1.2:6060"],
      }),
    ...maxContactsProperties(),
    limits: callerLimits(),
  }),
}).transform(({ metadata, spec }, { issues }): Peer => {
  const { username, secret, ha1 } = spec.credentials;
  const device = spec.device?.includes(":") ? `[${spec.device}]` : spec.device;
  return {
    kind: "Peer",
    ...timesOf(metadata),
    ref: metadata.ref ?? firstGeneratedRef("pr", username),
    name: metadata.name,
    username,
    secret,
    ha1: readHa1(ha1, { realm: device, issues }),
    device,
    contactAddr: spec.contactAddr,
    maxContacts: readMaxContacts(spec),
    limits: spec.limits,
  };
});
