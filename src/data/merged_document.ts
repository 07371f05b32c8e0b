import type { ResourceDocument } from "./data_provider.ts";
import { isMapping, type Mapping } from "../runtime/mapping.ts";

/** Two names of one property: that of the reference, and another of some release of Routr v1. */
const SYNONYMS: Readonly<Record<string, string>> = {
  didRef: "numberRef",
  numberRef: "didRef",
  maxContacts: "ex_maxContact",
  ex_maxContact: "maxContacts",
};

/** Alternative properties: setting one removes the other. */
const ALTERNATIVES: Readonly<Record<string, string>> = { secret: "ha1", ha1: "secret", ...SYNONYMS };

/** Merges `changes` into `document`: mappings are merged, other values are replaced, null removes them. */
export function mergeDocuments(document: ResourceDocument, changes: ResourceDocument): ResourceDocument {
  const merged: Record<string, unknown> = { ...document };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    const known = merged[name];
    if (isSuperseded(name, changes, document)) {
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

/** Reports whether the synonym has a new value, and the property the one that was read under both names. */
function isSuperseded(name: string, changes: Mapping, document: Mapping): boolean {
  if (!Object.hasOwn(SYNONYMS, name)) return false;
  const other = SYNONYMS[name];
  return Object.hasOwn(changes, other) && changes[other] !== changes[name] &&
    changes[name] === (document[name] ?? document[other]);
}
