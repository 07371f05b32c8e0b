import { type CallerLimits, callerLimits } from "./call_limits.ts";
import { firstGeneratedRef } from "./generated_ref.ts";
import type { Credentials } from "./ha1.ts";
import { host } from "./network_property.ts";
import { filledListOf, mapping, oneOf } from "./property_types.ts";
import {
  documentHead,
  maxContactsProperties,
  namedMetadata,
  readMaxContacts,
  type ResourceTimes,
  serialRingSeconds,
  timesOf,
  username,
} from "./resource_document.ts";
import { credentials, readHa1 } from "./secret_property.ts";

/** A person's device. It registers, calls within its domains, and calls out through their egress policy. */
export interface Agent extends Credentials, ResourceTimes {
  readonly kind: "Agent";
  readonly ref: string;
  readonly name: string;
  /** In lower case, at least one. The agent has one address-of-record in each. */
  readonly domains: readonly string[];
  /** `private` hides the caller's identity from the callee. */
  readonly privacy: "none" | "private";
  readonly maxContacts: number | undefined;
  /** Defaults to the configuration. */
  readonly serialRingSeconds?: number;
  /** Default to the configuration. */
  readonly limits?: CallerLimits | undefined;
}

/** "Agent Resource" in the configuration reference; `privacy` and `ex_maxContact` are of later v1 releases. */
export const agentSchema = mapping({
  ...documentHead("Agent"),
  metadata: mapping(namedMetadata()),
  spec: mapping({
    credentials: credentials(username(), "the agent's secret")
      .describe("What the agent's devices register with."),
    domains: filledListOf(host("a domain name such as sip.local"), "a list of domains")
      .meta({ description: "The domains that the agent belongs to.", examples: [["sip.local"]] }),
    privacy: oneOf(["none", "private"]).default("none")
      .describe("private withholds the caller's identity from those who are called."),
    ...maxContactsProperties(),
    serialRingSeconds: serialRingSeconds().optional().describe(
      "How long devices ring before those of a lower q are tried, in seconds; spec.registrar of config.yaml unless set.",
    ),
    limits: callerLimits(),
  }),
}).transform(({ metadata, spec }, { issues }): Agent => {
  const { username, secret, ha1 } = spec.credentials;
  const domains = spec.domains.length === 1 ? spec.domains : [...new Set(spec.domains)];
  return {
    kind: "Agent",
    ...timesOf(metadata),
    ref: metadata.ref ?? firstGeneratedRef("ag", username + spec.domains[0]),
    name: metadata.name,
    username,
    secret,
    ha1: readHa1(ha1, { realm: domains.length === 1 ? domains[0] : undefined, issues }),
    domains,
    privacy: spec.privacy,
    maxContacts: readMaxContacts(spec),
    serialRingSeconds: spec.serialRingSeconds,
    limits: spec.limits,
  };
});
