/** Changes of the configuration while the server runs. */
import { documentProblems } from "../data/document_problems.ts";
import { formatPath, type Problem } from "../data/fault.ts";
import { mergeDocuments } from "../data/merged_document.ts";
import { LIVE_LIMITS } from "./call_limits.ts";
import { type Configuration, configurationSchema } from "./configuration.ts";
import { withoutEmpty } from "./filled_document.ts";
import { unredacted } from "./shown_configuration.ts";
import { isMapping } from "../runtime/mapping.ts";

/** Properties of `spec` that take effect at once; of `limits` those of calls. */
export const LIVE_PROPERTIES = [
  "access",
  "accessControlList",
  "limits",
  "logging",
  "maxContacts",
  "registrar",
] as const;

export type LiveConfiguration = Pick<Configuration, (typeof LIVE_PROPERTIES)[number]>;

/** The result of a change. */
export type ConfigurationChange =
  | {
    readonly kind: "done";
    readonly config: Configuration;
    readonly document: unknown;
    /** Names of the changed properties. */
    readonly changed: readonly string[];
  }
  | { readonly kind: "faulty"; readonly problems: readonly Problem[] }
  /** Names of properties that need a restart. */
  | { readonly kind: "fixed"; readonly properties: readonly string[] };

export interface CurrentConfiguration {
  readonly config: Configuration;
  readonly document: unknown;
}

/** Merges `changes` into the document: mappings are merged, null removes, redacted secrets stay. */
export function changeConfiguration(current: CurrentConfiguration, changes: unknown): ConfigurationChange {
  if (!isMapping(changes)) {
    const expected = "a mapping with metadata and spec";
    return { kind: "faulty", problems: [{ path: [], at: "value", found: "no mapping", expected }] };
  }
  const before = isMapping(current.document) ? current.document : {};
  const { kind: _, ...named } = changes;
  const document = mergeDocuments(before, unredacted(before, named) as typeof named);
  const { success, data: config, error } = configurationSchema.safeParse(withoutEmpty(document));
  if (!success) return { kind: "faulty", problems: documentProblems(error, document) };
  const { live, fixed } = changedProperties(current.config, config);
  if (fixed.length > 0) return { kind: "fixed", properties: fixed.map(pathOf) };
  return { kind: "done", config, document, changed: live.map(pathOf) };
}

/** Returns the names of changed properties: live ones, and those that need a restart. */
export function changedProperties(
  before: Configuration,
  after: Configuration,
): { live: string[]; fixed: string[] } {
  const names = Object.keys({ ...before, ...after }) as (keyof Configuration)[];
  const changed = names.filter((name) => name !== "limits" && !isSame(before[name], after[name]));
  const live: string[] = changed.filter(isLive);
  const fixed: string[] = changed.filter((name) => !isLive(name));
  if (!isSame(limitsOf(before, isLiveLimit), limitsOf(after, isLiveLimit))) live.push("limits");
  if (!isSame(limitsOf(before, isFixedLimit), limitsOf(after, isFixedLimit))) fixed.push("limits");
  return { live, fixed };
}

/** Returns the live properties of a configuration; what else stands beside them stays as it was. */
export function livePart(config: Configuration, before: Configuration): LiveConfiguration {
  const { access, accessControlList, logging, maxContacts, registrar } = config;
  const limits = { ...before.limits, ...limitsOf(config, isLiveLimit) };
  return { access, accessControlList, limits, logging, maxContacts, registrar };
}

function limitsOf({ limits }: Configuration, isWanted: (name: string) => boolean): object {
  return Object.fromEntries(Object.entries(limits).filter(([name]) => isWanted(name)));
}

function isLiveLimit(name: string): boolean {
  return LIVE_LIMITS.includes(name);
}

function isFixedLimit(name: string): boolean {
  return !isLiveLimit(name);
}

/** Returns the path of a property: `spec.logging`. */
export function pathOf(name: string): string {
  return formatPath([name === "userAgent" ? "metadata" : "spec", name]);
}

function isLive(name: string): boolean {
  return (LIVE_PROPERTIES as readonly string[]).includes(name);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
