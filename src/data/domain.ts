import * as z from "zod";
import { type AccessControlList, accessControlList } from "./access_control_list.ts";
import { expectedInsteadOf } from "./egress_rule.ts";
import { firstGeneratedRef } from "./generated_ref.ts";
import { host } from "./network_property.ts";
import { mapping, text } from "./property_types.ts";
import { documentHead, namedMetadata, reference, type ResourceTimes, timesOf } from "./resource_document.ts";

/** A SIP domain that this server is responsible for. */
export interface Domain extends ResourceTimes {
  readonly kind: "Domain";
  readonly ref: string;
  readonly name: string;
  /** In lower case. */
  readonly domainUri: string;
  readonly egressPolicy: EgressPolicy | undefined;
  readonly accessControlList: AccessControlList | undefined;
}

/** Sends calls of the domain's agents to users that match `rule` through the gateway of a DID. */
export interface EgressPolicy {
  /** A regular expression that `egressRule` accepts. It must match the whole user part. */
  readonly rule: string;
  readonly didRef: string;
}

const egressPolicy = mapping({
  rule: text("a regular expression").meta({
    description:
      "Regular expression that the whole dialled user has to match. RE2: no lookaround, no backreferences.",
    examples: ["\\+?[0-9]{7,15}"],
  }).check(({ value, issues }) => {
    const message = expectedInsteadOf(value);
    if (message !== undefined) issues.push({ code: "custom", message, input: value });
  }),
  didRef: reference("the ref of a DID").optional()
    .describe("The DID that calls leave by, through its gateway: its metadata.ref."),
  numberRef: reference("the ref of a DID").optional().describe("The same by the name of later releases."),
}).meta({ anyOf: [{ required: ["didRef"] }, { required: ["numberRef"] }] }).transform(
  ({ rule, didRef, numberRef }, context): EgressPolicy => {
    const ref = didRef ?? numberRef;
    if (ref !== undefined) return { rule, didRef: ref };
    context.issues.push({ code: "custom", message: "the ref of a DID", path: ["didRef"], input: undefined });
    return z.NEVER;
  },
);

/** "Domain Resource" in the configuration reference; later releases of Routr v1 say `numberRef` for `didRef`. */
export const domainSchema = mapping({
  ...documentHead("Domain"),
  metadata: mapping(namedMetadata()),
  spec: mapping({
    context: mapping({
      domainUri: host("a domain name such as sip.local")
        .meta({ description: "What comes after the @. FQDN is recommended.", examples: ["sip.local"] }),
      egressPolicy: egressPolicy.optional().describe(
        "Which calls of the domain's agents leave, and by which number.",
      ),
      accessControlList: accessControlList().optional()
        .describe(
          "Who may register and call within this domain. The most specific rule that matches decides.",
        ),
    }),
  }),
}).transform(({ metadata, spec: { context } }): Domain => ({
  kind: "Domain",
  ...timesOf(metadata),
  ref: metadata.ref ?? firstGeneratedRef("dm", context.domainUri),
  name: metadata.name,
  domainUri: context.domainUri,
  egressPolicy: context.egressPolicy,
  accessControlList: context.accessControlList,
}));
