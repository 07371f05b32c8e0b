/** Properties that programs write into documents for themselves: they have no effect, and stay where they are. */
import { valueAt } from "./document_problems.ts";
import { formatPath, type Problem, type PropertyPath } from "./fault.ts";
import { editDistance } from "./nearest_name.ts";

/** Whether a property that is not known may stand in `document`; what may not is a fault. */
export type Tolerance = (problem: Problem, document: unknown) => boolean;

/** Names that programs write, beside which people do not mistype others. */
const WRITTEN_BY_PROGRAMS: ReadonlySet<string> = new Set(["createdOn", "modifiedOn", "accessKeyId"]);
const MOST_TYPING_MISTAKES = 2;
/** That one warning tells. */
const MOST_NAMES = 10;
const LONGEST_NAME = 60;

/** No document of an administrator has properties that are not known. */
export const tolerateNothing: Tolerance = () => false;

/**
 * Properties of others, but not what is probably a misspelt name: one that resembles a known name which the document
 * lacks.
 */
export const tolerateOthers: Tolerance = ({ path, nearest }, document) => {
  const name = String(path.at(-1));
  if (nearest === undefined || WRITTEN_BY_PROGRAMS.has(nearest)) return true;
  if (editDistance(name.toLowerCase(), nearest.toLowerCase()) > MOST_TYPING_MISTAKES) return true;
  return valueAt(document, [...path.slice(0, -1), nearest]) !== undefined;
};

/** A copy without what stands at these paths. */
export function without(document: unknown, paths: readonly PropertyPath[]): unknown {
  const copy = structuredClone(document);
  for (const path of paths) {
    const parent = valueAt(copy, path.slice(0, -1));
    if (typeof parent === "object" && parent !== null) {
      delete (parent as Record<string, unknown>)[String(path.at(-1))];
    }
  }
  return copy;
}

/** One line for all documents of a place, none when they have no such property. */
export function unknownPropertiesWarning(
  place: string,
  documents: Iterable<readonly string[] | undefined>,
): string[] {
  const names = new Set<string>();
  let count = 0;
  for (const unknown of documents) {
    if (unknown === undefined) continue;
    count++;
    for (const name of unknown) if (names.size <= MOST_NAMES) names.add(name);
  }
  if (count === 0) return [];
  const listed = [...names].slice(0, MOST_NAMES).join(", ") + (names.size > MOST_NAMES ? ", …" : "");
  const documentsHave = count === 1 ? "1 document has" : `${count} documents have`;
  return [`${place}: ${documentsHave} properties that are not known and have no effect: ${listed}`];
}

/** As a warning names it: with the known name that is like it, without the index in a list. */
export function nameOfUnknown({ path, nearest }: Problem): string {
  const name = formatPath(path.filter((step) => typeof step === "string")).slice(0, LONGEST_NAME);
  return nearest === undefined ? name : `${name} (did you mean "${nearest}"?)`;
}
