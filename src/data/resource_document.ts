/** The common parts of resource documents: `{apiVersion, kind, metadata, spec}` ("Resources" in the reference). */
import type * as z from "zod";
import { integer, oneOf, property, Refused, text, textMatching } from "./property_types.ts";

/** `v1beta1` is the version of the reference; later releases of Routr v1 wrote the others. */
export const API_VERSIONS = ["v1beta1", "v1.0", "v1"] as const;

/** Versions before the first release of Routr v1. */
const FORMER_VERSIONS = /^v1draft\d*$/i;

/** One of `API_VERSIONS`; the fault of a former version names the present one. */
export function apiVersion(): z.ZodType<(typeof API_VERSIONS)[number]> {
  const known = oneOf(API_VERSIONS);
  const named = property(`one of ${API_VERSIONS.join(", ")}`, (value) => {
    if (typeof value !== "string" || !FORMER_VERSIONS.test(value)) return known.safeParse(value).data;
    return new Refused(JSON.stringify(value), "v1beta1, which is what it is called now");
  }, {});
  return named.meta(known.meta() ?? {});
}

/** `apiVersion` and `kind`; some resources have several kinds, such as DID and Number. */
export function documentHead(...kinds: string[]) {
  return {
    apiVersion: apiVersion().describe("The version of the resource."),
    kind: oneOf(kinds).describe("The type of the resource."),
  };
}

/** The metadata of every resource. Providers of Routr v1 write the last three. */
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

/** The name of a resource in references and in its URL. */
export function reference(expected: string): z.ZodType<string> {
  // deno-lint-ignore no-control-regex
  return textMatching(/^(?!\.{1,2}$)[^\s\x00-\x1f\x7f]+$/, expected);
}

// deno-lint-ignore no-control-regex
const USERNAME = /^[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$/;

/** The unescaped user part of an address-of-record, also for authentication; it may be an e-mail address. */
export function username(): z.ZodType<string> {
  return textMatching(USERNAME, "a username without line breaks, or spaces around it")
    .describe("The name to authenticate with, and the user part of the address-of-record.");
}

/** Maximum number of bindings of an address-of-record; Routr v1 calls it `ex_maxContact`. */
export function maxContactsProperties() {
  const count = integer({ min: 0, max: Infinity });
  return {
    maxContacts: count.optional()
      .describe("How many devices may be registered at a time; spec.maxContacts of config.yaml unless set."),
    ex_maxContact: count.optional().describe("The same by its name in Routr v1."),
  };
}

/** Less than Timer C, which ends ringing (§16.8). */
export function serialRingSeconds() {
  return integer({ min: 1, max: 180 });
}

/** Returns undefined where `spec.maxContacts` of the configuration applies. Zero means one, as in Routr v1. */
export function readMaxContacts(spec: { maxContacts?: number; ex_maxContact?: number }): number | undefined {
  const count = spec.maxContacts ?? spec.ex_maxContact;
  return count === undefined ? undefined : Math.max(1, count);
}

/**
 * ISO 8601 times of creation and last change, where the provider keeps them. They are not part of a resource's content:
 * the directory changes them in place.
 */
export interface ResourceTimes {
  createdOn?: string | undefined;
  modifiedOn?: string | undefined;
}

export function timesOf({ createdOn, modifiedOn }: Readonly<ResourceTimes>): ResourceTimes {
  return { ...createdOn !== undefined && { createdOn }, ...modifiedOn !== undefined && { modifiedOn } };
}
