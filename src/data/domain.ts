import * as z from "zod";
import { type AccessControlList, accessControlList } from "./access_control_list.ts";
import { expectedInsteadOf } from "./egress_rule.ts";
import { firstGeneratedRef } from "./generated_ref.ts";
import { host } from "./network_property.ts";
import { mapping, text } from "./property_types.ts";
import { envelope, namedMetadata, reference } from "./resource_document.ts";

/** A SIP domain that this server is responsible for. */
export interface Domain {
  readonly kind: "Domain";
  readonly ref: string;
  readonly name: string;
  /** Lower case. */
  readonly domainUri: string;
  readonly egressPolicy: EgressPolicy | undefined;
  readonly accessControlList: AccessControlList | undefined;
}

/** Calls of the domain's agents to users that match `rule` leave through the gateway of a DID. */
export interface EgressPolicy {
  /** A regular expression that `egressRule` accepts. It applies to the whole user part. */
  readonly rule: string;
  readonly didRef: string;
}

const egressPolicy = mapping({
  rule: text("a regular expression").check(({ value, issues }) => {
    const message = expectedInsteadOf(value);
    if (message !== undefined) issues.push({ code: "custom", message, input: value });
  }),
  didRef: reference("the ref of a DID").optional(),
  numberRef: reference("the ref of a DID").optional(),
}).transform(({ rule, didRef, numberRef }, context): EgressPolicy => {
  const ref = didRef ?? numberRef;
  if (ref !== undefined) return { rule, didRef: ref };
  context.issues.push({ code: "custom", message: "the ref of a DID", path: ["didRef"], input: undefined });
  return z.NEVER;
});

/** "Domain Resource" in the configuration reference; later v1 releases say `numberRef` for `didRef`. */
export const domainSchema = mapping({
  ...envelope("Domain"),
  metadata: mapping(namedMetadata()),
  spec: mapping({
    context: mapping({
      domainUri: host("a domain name such as sip.local"),
      egressPolicy: egressPolicy.optional(),
      accessControlList: accessControlList().optional(),
    }),
  }),
}).transform(({ metadata, spec: { context } }): Domain => ({
  kind: "Domain",
  ref: metadata.ref ?? firstGeneratedRef("dm", context.domainUri),
  name: metadata.name,
  domainUri: context.domainUri,
  egressPolicy: context.egressPolicy,
  accessControlList: context.accessControlList,
}));
