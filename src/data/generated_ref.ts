import { hash } from "node:crypto";
import { xxh32 } from "./xxh32.ts";

/** The names by which a resource is found. */
export interface ResourceRefs {
  readonly ref: string;
  /** A second name; only where the first is a generated one. */
  readonly otherRef: string | undefined;
}

const XXH32_SEED = 0xabcd;
const encoder = new TextEncoder();

/**
 * The given `metadata.ref`; without one, the names that Routr v1 made up, such as `gweef506` (last six hex digits of an
 * MD5, its first releases) and `gw50a1a4ca` (XXH32, the later ones). Configurations that use either are around.
 * A document that was read without a ref may be written back with it: it keeps both names.
 *
 * `prefix` is two letters for the kind, `naturalKey` what tells the resource from others of its kind.
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
