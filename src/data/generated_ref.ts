import { hash } from "node:crypto";
import { xxh32 } from "./xxh32.ts";

/** The refs by which a resource is found. */
export interface ResourceRefs {
  readonly ref: string;
  /** A second ref, where the first is a generated one. */
  readonly otherRef: string | undefined;
}

const XXH32_SEED = 0xabcd;
const encoder = new TextEncoder();

/**
 * Returns the given `metadata.ref`, or the refs that Routr v1 generated: `gweef506` (last six hex digits of an MD5,
 * first releases) and `gw50a1a4ca` (XXH32, later ones), since configurations use either. A document that was written
 * back with its first generated ref keeps both.
 *
 * @param prefix two letters for the kind
 * @param naturalKey distinguishes the resource from others of its kind
 */
export function resourceRefs(given: string | undefined, prefix: string, naturalKey: string): ResourceRefs {
  const ref = firstGeneratedRef(prefix, naturalKey);
  if (given !== undefined && given !== ref) return { ref: given, otherRef: undefined };
  return { ref, otherRef: laterGeneratedRef(prefix, naturalKey) };
}

export function firstGeneratedRef(prefix: string, naturalKey: string): string {
  return prefix + hash("md5", naturalKey).slice(-6);
}

export function laterGeneratedRef(prefix: string, naturalKey: string): string {
  return prefix + xxh32(encoder.encode(naturalKey), XXH32_SEED).toString(16);
}
