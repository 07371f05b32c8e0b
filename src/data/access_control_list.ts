import { listOf, mapping } from "./property_types.ts";
import { network } from "./network_property.ts";

/** Addresses that may send requests; the most specific matching rule decides. */
export interface AccessControlList {
  /** Addresses, networks (`192.168.0.0/16`) and masked networks (`192.168.1.0/255.255.255.0`). */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

export function accessControlList() {
  return mapping({
    allow: listOf(network()).default([]).describe("Addresses and networks that are let in: 192.168.0.0/16."),
    deny: listOf(network()).default([]).describe("Addresses and networks that are not: 0.0.0.0/0."),
  });
}

/** Returns the rules that look like "everything" but end at 127.255.255.255, such as `0.0.0.0/1`. */
export function halfCoveringRules(list: AccessControlList | undefined): string[] {
  if (list === undefined) return [];
  return [...list.deny, ...list.allow].filter((rule) => /^0\.0\.0\.0\/(1|128\.0\.0\.0)$/.test(rule));
}
