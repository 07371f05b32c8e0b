/**
 * What the documents of all resources have in common: `{apiVersion, kind, metadata, spec}`
 * ("Resources" in the configuration reference).
 */
import type * as z from "zod";
import { integer, oneOf, property, Refused, text, textMatching } from "./property_types.ts";

/** `v1beta1` is the version of the reference; the other two were written by later releases of Routr v1. */
export const API_VERSIONS = ["v1beta1", "v1.0", "v1"] as const;

/** What releases before the first one of Routr v1 wrote. */
const FORMER_VERSIONS = /^v1draft\d*$/i;

/** One of `API_VERSIONS`; a former one is told what it is called now. */
export function apiVersion(): z.ZodType<(typeof API_VERSIONS)[number]> {
  const known = oneOf(API_VERSIONS);
  const named = property(`one of ${API_VERSIONS.join(", ")}`, (value) => {
    if (typeof value !== "string" || !FORMER_VERSIONS.test(value)) return known.safeParse(value).data;
    return new Refused(JSON.stringify(value), "v1beta1, which is what it is called now");
  }, {});
  return named.meta(known.meta() ?? {});
}

/** `apiVersion` and `kind`; a resource may be known by several kinds, such as DID and Number. */
export function envelope(...kinds: string[]) {
  return {
    apiVersion: apiVersion().describe("The version of the resource."),
    kind: oneOf(kinds).describe("The type of the resource."),
  };
}

/** The metadata that every resource may carry. The last three are written by Routr v1's providers. */
export function commonMetadata() {
  return {
    ref: reference("a ref").optional()
      .describe("The name by which others refer to this resource; generated where it is left out."),
    createdOn: text("a time").optional().describe("Written by data providers."),
    modifiedOn: text("a time").optional().describe("Written by data providers."),
    accessKeyId: text("an access key").optional().describe("Written by data providers. Has no effect."),
  };
}

export function namedMetadata() {
  return { name: text("a name").describe("Friendly name."), ...commonMetadata() };
}

/** The name by which one resource is found by another, and that its URL ends with. */
export function reference(expected: string): z.ZodType<string> {
  // deno-lint-ignore no-control-regex
  return textMatching(/^(?!\.{1,2}$)[^\s\x00-\x1f\x7f]+$/, expected);
}

// deno-lint-ignore no-control-regex
const USERNAME = /^[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$/;

/** The user part of an address-of-record, unescaped, which is also the name used to authenticate: it may be an e-mail address. */
export function username(): z.ZodType<string> {
  return textMatching(USERNAME, "a username without line breaks, or spaces around it")
    .describe("The name to authenticate with, and the user part of the address-of-record.");
}

/** How many contacts may be bound to one address-of-record; `ex_maxContact` is the name in Routr v1. */
export function maxContactsProperties() {
  const count = integer({ min: 0, max: Infinity });
  return {
    maxContacts: count.optional()
      .describe("How many devices may be registered at a time; spec.maxContacts of config.yaml unless set."),
    ex_maxContact: count.optional().describe("The same by its name in Routr v1."),
  };
}

/** Less than Timer C, which ends what rings (RFC 3261 §16.8). */
export function serialRingSeconds() {
  return integer({ min: 1, max: 180 });
}

/** Undefined where the document leaves it to `spec.maxContacts` of the configuration. Zero means one, as in Routr v1. */
export function readMaxContacts(spec: { maxContacts?: number; ex_maxContact?: number }): number | undefined {
  const count = spec.maxContacts ?? spec.ex_maxContact;
  return count === undefined ? undefined : Math.max(1, count);
}

/**
 * When the document of a resource was made and changed, where its provider keeps that: ISO 8601. They are no part of
 * what a resource says: the directory changes them where they stand.
 */
export interface ResourceTimes {
  createdOn?: string | undefined;
  modifiedOn?: string | undefined;
}

export function timesOf({ createdOn, modifiedOn }: Readonly<ResourceTimes>): ResourceTimes {
  return { ...createdOn !== undefined && { createdOn }, ...modifiedOn !== undefined && { modifiedOn } };
}
