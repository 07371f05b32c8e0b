import { firstGeneratedRef } from "./generated_ref.ts";
import type { Credentials } from "./ha1.ts";
import { host, hostPortText } from "./network_property.ts";
import { mapping } from "./property_types.ts";
import {
  envelope,
  maxContactsProperties,
  namedMetadata,
  readMaxContacts,
  type ResourceTimes,
  timesOf,
  username,
} from "./resource_document.ts";
import { credentials, readHa1 } from "./secret_property.ts";

/** Another server that registers here, such as a PBX or a media server; it belongs to no domain. */
export interface Peer extends Credentials, ResourceTimes {
  readonly kind: "Peer";
  readonly ref: string;
  readonly name: string;
  /** Host part of the peer's address-of-record, in lower case, IPv6 in brackets; undefined: the address it registers from. */
  readonly device: string | undefined;
  /** `host` or `host:port`; takes the place of those in the contact that the peer registers. */
  readonly contactAddr: string | undefined;
  readonly maxContacts: number | undefined;
}

/** "Peer Resource" in the configuration reference; `ex_maxContact` is of later v1 releases. */
export const peerSchema = mapping({
  ...envelope("Peer"),
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
  };
});
