/**
 * What the documents of all resources have in common: `{apiVersion, kind, metadata, spec}`
 * ("Resources" in the configuration reference).
 */
import type * as z from "zod";
import { integer, oneOf, text, textMatching } from "./property_types.ts";

/** `v1beta1` is the version of the reference; the other two were written by later releases of Routr v1. */
export const API_VERSIONS = ["v1beta1", "v1.0", "v1"] as const;

/** `apiVersion` and `kind`; a resource may be known by several kinds, such as DID and Number. */
export function envelope(...kinds: string[]) {
  return { apiVersion: oneOf(API_VERSIONS), kind: oneOf(kinds) };
}

/** The metadata that every resource may carry. The last three are written by Routr v1's providers. */
export function commonMetadata() {
  return {
    ref: reference("a ref").optional(),
    createdOn: text("a time").optional(),
    modifiedOn: text("a time").optional(),
    accessKeyId: text("an access key").optional(),
  };
}

export function namedMetadata() {
  return { name: text("a name"), ...commonMetadata() };
}

/** The name by which one resource is found by another. */
export function reference(expected: string): z.ZodType<string> {
  return textMatching(/^\S+$/, expected);
}

/** The user part of an address-of-record, which is also the name used to authenticate. */
export function username(): z.ZodType<string> {
  return textMatching(/^[^\s"<>@\\]+$/, 'a username without spaces, quotes or "@"');
}

/** How many contacts may be bound to one address-of-record; `ex_maxContact` is the name in Routr v1. */
export function maxContactsProperties() {
  const count = integer({ min: 0, max: Infinity });
  return { maxContacts: count.optional(), ex_maxContact: count.optional() };
}

/** Undefined where the document leaves it to `spec.maxContacts` of the configuration. Zero means one, as in Routr v1. */
export function readMaxContacts(spec: { maxContacts?: number; ex_maxContact?: number }): number | undefined {
  const count = spec.maxContacts ?? spec.ex_maxContact;
  return count === undefined ? undefined : Math.max(1, count);
}
