import type { ResourceDocument } from "./data_provider.ts";
import { isMapping, type Mapping } from "../runtime/mapping.ts";

/** Two names for one property: that of the reference, and another that releases of Routr v1 have. */
const SYNONYMS: Readonly<Record<string, string>> = {
  didRef: "numberRef",
  numberRef: "didRef",
  maxContacts: "ex_maxContact",
  ex_maxContact: "maxContacts",
};

/** Properties that stand for each other: who brings one takes the other away. */
const ALTERNATIVES: Readonly<Record<string, string>> = { secret: "ha1", ha1: "secret", ...SYNONYMS };

/**
 * `changes` laid over `document`: mappings are merged, everything else replaces what was there, null takes it away.
 */
export function mergeDocuments(document: ResourceDocument, changes: ResourceDocument): ResourceDocument {
  const merged: Record<string, unknown> = { ...document };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    const known = merged[name];
    if (isOutdone(name, changes, document)) {
      delete merged[name];
      continue;
    }
    if (value === null) delete merged[name];
    else merged[name] = isMapping(value) && isMapping(known) ? mergeDocuments(known, value) : value;
    if (value !== null && Object.hasOwn(ALTERNATIVES, name) && !Object.hasOwn(changes, ALTERNATIVES[name])) {
      delete merged[ALTERNATIVES[name]];
    }
  }
  return merged;
}

/** Whether the other name brings something new, and this one only what was read under both. */
function isOutdone(name: string, changes: Mapping, document: Mapping): boolean {
  if (!Object.hasOwn(SYNONYMS, name)) return false;
  const other = SYNONYMS[name];
  return Object.hasOwn(changes, other) && changes[other] !== changes[name] &&
    changes[name] === (document[name] ?? document[other]);
}
