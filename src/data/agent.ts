import { firstGeneratedRef } from "./generated_ref.ts";
import { host } from "./network_property.ts";
import { filledListOf, mapping, oneOf, text } from "./property_types.ts";
import {
  envelope,
  maxContactsProperties,
  namedMetadata,
  readMaxContacts,
  username,
} from "./resource_document.ts";

/** A person's device: registers, calls within its domains, and through their egress policy. */
export interface Agent {
  readonly kind: "Agent";
  readonly ref: string;
  readonly name: string;
  readonly username: string;
  readonly secret: string;
  /** Lower case; at least one. The agent has one address-of-record in each. */
  readonly domains: readonly string[];
  /** `private` withholds the caller's identity from those who are called. */
  readonly privacy: "none" | "private";
  readonly maxContacts: number | undefined;
}

/** "Agent Resource" in the configuration reference; `privacy` and `ex_maxContact` are of later v1 releases. */
export const agentSchema = mapping({
  ...envelope("Agent"),
  metadata: mapping(namedMetadata()),
  spec: mapping({
    credentials: mapping({ username: username(), secret: text("the agent's secret") }),
    domains: filledListOf(host("a domain name such as sip.local"), "a list of domains"),
    privacy: oneOf(["none", "private"]).default("none"),
    ...maxContactsProperties(),
  }),
}).transform(({ metadata, spec }): Agent => {
  const { username, secret } = spec.credentials;
  return {
    kind: "Agent",
    ref: metadata.ref ?? firstGeneratedRef("ag", username + spec.domains[0]),
    name: metadata.name,
    username,
    secret,
    domains: spec.domains.length === 1 ? spec.domains : [...new Set(spec.domains)],
    privacy: spec.privacy,
    maxContacts: readMaxContacts(spec),
  };
});
