import { firstGeneratedRef } from "./generated_ref.ts";
import { host, hostPortText } from "./network_property.ts";
import { mapping, text } from "./property_types.ts";
import {
  envelope,
  maxContactsProperties,
  namedMetadata,
  readMaxContacts,
  username,
} from "./resource_document.ts";

/** Another server that registers here, such as a PBX or a media server; it belongs to no domain. */
export interface Peer {
  readonly kind: "Peer";
  readonly ref: string;
  readonly name: string;
  readonly username: string;
  readonly secret: string;
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
    credentials: mapping({ username: username(), secret: text("the peer's secret") }),
    device: host("the name of a device, such as astserver").optional(),
    contactAddr: hostPortText("a host with or without a port, such as 192.168.1.2:6060").optional(),
    ...maxContactsProperties(),
  }),
}).transform(({ metadata, spec }): Peer => ({
  kind: "Peer",
  ref: metadata.ref ?? firstGeneratedRef("pr", spec.credentials.username),
  name: metadata.name,
  username: spec.credentials.username,
  secret: spec.credentials.secret,
  device: spec.device?.includes(":") ? `[${spec.device}]` : spec.device,
  contactAddr: spec.contactAddr,
  maxContacts: readMaxContacts(spec),
}));
