import type { ResourceDocument } from "./data_provider.ts";

type Mapping = Readonly<Record<string, unknown>>;

/** Secrets that stand for each other: who brings one takes the other away. */
const ALTERNATIVES: Readonly<Record<string, string>> = { secret: "ha1", ha1: "secret" };

/**
 * `changes` laid over `document`: mappings are merged, everything else replaces what was there, null takes it away.
 */
export function mergeDocuments(document: ResourceDocument, changes: ResourceDocument): ResourceDocument {
  const merged: Record<string, unknown> = { ...document };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    const known = merged[name];
    if (value === null) delete merged[name];
    else merged[name] = isMapping(value) && isMapping(known) ? mergeDocuments(known, value) : value;
    if (value !== null && Object.hasOwn(ALTERNATIVES, name) && !Object.hasOwn(changes, ALTERNATIVES[name])) {
      delete merged[ALTERNATIVES[name]];
    }
  }
  return merged;
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
