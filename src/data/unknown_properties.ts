/** Properties that other programs add to documents. They have no effect and are kept. */
import { valueAt } from "./document_problems.ts";
import { formatPath, type Problem, type PropertyPath } from "./fault.ts";
import { editDistance } from "./nearest_name.ts";

/** Reports whether an unknown property of `document` is tolerated; otherwise it is a fault. */
export type Tolerance = (problem: Problem, document: unknown) => boolean;

/** Names that programs write, and that people do not mistype. */
const WRITTEN_BY_PROGRAMS: ReadonlySet<string> = new Set(["createdOn", "modifiedOn", "accessKeyId"]);
const MAX_TYPING_MISTAKES = 2;
/** Names listed in one warning. */
const MAX_NAMES = 10;
const MAX_NAME_LENGTH = 60;

/** Documents of administrators have no unknown properties. */
export const tolerateNothing: Tolerance = () => false;

/** Tolerates unknown properties unless they are probably misspelt: similar to a known name that the document lacks. */
export const tolerateOthers: Tolerance = ({ path, nearest }, document) => {
  const name = String(path.at(-1));
  if (nearest === undefined || WRITTEN_BY_PROGRAMS.has(nearest)) return true;
  if (editDistance(name.toLowerCase(), nearest.toLowerCase()) > MAX_TYPING_MISTAKES) return true;
  return valueAt(document, [...path.slice(0, -1), nearest]) !== undefined;
};

/** Returns a copy without the values at these paths. */
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

/** Returns one line for all documents of a source, none when they have no unknown property. */
export function unknownPropertiesWarning(
  source: string,
  documents: Iterable<readonly string[] | undefined>,
): string[] {
  const names = new Set<string>();
  let count = 0;
  for (const unknown of documents) {
    if (unknown === undefined) continue;
    count++;
    for (const name of unknown) if (names.size <= MAX_NAMES) names.add(name);
  }
  if (count === 0) return [];
  const listed = [...names].slice(0, MAX_NAMES).join(", ") + (names.size > MAX_NAMES ? ", …" : "");
  const documentsHave = count === 1 ? "1 document has" : `${count} documents have`;
  return [`${source}: ${documentsHave} properties that are not known and have no effect: ${listed}`];
}

/** Returns the name for a warning, with a similar known name, and without list indexes. */
export function nameOfUnknown({ path, nearest }: Problem): string {
  const name = formatPath(path.filter((step) => typeof step === "string")).slice(0, MAX_NAME_LENGTH);
  return nearest === undefined ? name : `${name} (did you mean "${nearest}"?)`;
}
