/** Refusals that list the faults of what was to be written. */
import type { ConstraintViolation } from "./constraint_violations.ts";
import { type NewDocument, type RefusalReason, type WriteProblem, WriteRefused } from "./data_provider.ts";
import { faultOf, formatFault, jsonPointer, type PropertyProblem } from "./fault.ts";
import type { Kind } from "./resource.ts";

/** Messages of Routr v1. */
export const DUPLICATE = "An attempt was made to create an object that already exists";
const UNPROCESSABLE = "Unprocessable entity";
const UNFULFILLED = "Found one or more unfulfilled dependencies";

/** Problems named in a message; `details` lists more. */
const MAX_NAMED = 20;
/** Problems kept: an upload of millions of empty mappings has a multiple of them. */
export const MAX_DETAILS = 10_000;

/** Throws if there are any violations. */
export function refuseViolations(kind: Kind, violations: readonly ConstraintViolation[]): void {
  if (violations.length === 0) return;
  const isUnfulfilled = violations.some(({ rule }) => rule === "dependency");
  const message = isUnfulfilled ? UNFULFILLED : DUPLICATE;
  throw refusal({ reason: "conflict", message, kind, problems: violations });
}

export function invalidDocument(kind: Kind, problems: readonly PropertyProblem[]): WriteRefused {
  return refusal({ reason: "invalid", message: UNPROCESSABLE, kind, problems });
}

/** Throws if two documents of a batch have one ref. */
export function refuseRepeatedRefs(documents: readonly NewDocument[]): void {
  const refs = new Set<string>();
  for (const [i, { ref }] of documents.entries()) {
    if (refs.has(ref)) {
      const expected = "a ref that no other has";
      const problem = { path: [i, "metadata", "ref"], found: JSON.stringify(ref), expected };
      const message = `${DUPLICATE}: two have the ref ${problem.found}`;
      throw new WriteRefused("conflict", message, [detailOf(problem)]);
    }
    refs.add(ref);
  }
}

export function detailOf({ path, found, expected }: PropertyProblem): WriteProblem {
  return { pointer: jsonPointer(path), message: `is ${found}, expected ${expected}`, found, expected };
}

interface RefusalParts {
  readonly reason: RefusalReason;
  readonly message: string;
  readonly kind: Kind;
  readonly problems: readonly PropertyProblem[];
}

function refusal({ reason, message, kind, problems }: RefusalParts): WriteRefused {
  const named = problems.slice(0, MAX_NAMED).map((problem) =>
    formatFault(faultOf({ at: "value", ...problem }, { file: kind }))
  );
  const rest = problems.length - named.length;
  const more = problems.length < MAX_DETAILS ? `and ${rest} more` : "and many more";
  const text = [...named, ...rest > 0 ? [more] : []].join(", ");
  return new WriteRefused(reason, `${message}: ${text}`, problems.slice(0, MAX_DETAILS).map(detailOf));
}
