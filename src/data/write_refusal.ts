/** What is told to whoever wants to write something that is not right. */
import { type NewDocument, type RefusalReason, type WriteProblem, WriteRefused } from "./data_provider.ts";
import { faultOf, formatFault, jsonPointer, type Problem } from "./fault.ts";
import type { Objection } from "./objections.ts";
import type { Kind } from "./resource.ts";

/** Messages of Routr v1. */
export const UNPROCESSABLE = "Unprocessable entity";
export const DUPLICATE = "An attempt was made to create an object that already exists";
const UNFULFILLED = "Found one or more unfulfilled dependencies";

export type WrongPart = Pick<Problem, "path" | "found" | "expected" | "nearest">;

/** That a message names; `details` has more. */
const MOST_NAMED = 20;
/** That are kept: an upload of millions of empty mappings has a multiple of wrong parts. */
export const MOST_DETAILS = 10_000;

/** Throws if there are any. */
export function refuseObjections(kind: Kind, objections: readonly Objection[]): void {
  if (objections.length === 0) return;
  const isUnfulfilled = objections.some(({ rule }) => rule === "dependency");
  throw refusal("conflict", isUnfulfilled ? UNFULFILLED : DUPLICATE, { kind, problems: objections });
}

/** `message` and what is wrong, in words and as `details`, up to `MOST_DETAILS`. */
export function refusal(
  reason: RefusalReason,
  message: string,
  { kind, problems }: { kind: Kind; problems: readonly WrongPart[] },
): WriteRefused {
  const named = problems.slice(0, MOST_NAMED).map((problem) =>
    formatFault(faultOf({ at: "value", ...problem }, { file: kind }))
  );
  const rest = problems.length - named.length;
  const more = problems.length < MOST_DETAILS ? `and ${rest} more` : "and many more";
  const text = [...named, ...rest > 0 ? [more] : []].join(", ");
  return new WriteRefused(reason, `${message}: ${text}`, problems.slice(0, MOST_DETAILS).map(detailOf));
}

/** Throws if two of many have one ref. */
export function refuseRepeatedRefs(documents: readonly NewDocument[]): void {
  const refs = new Set<string>();
  for (const [i, { ref }] of documents.entries()) {
    if (refs.has(ref)) {
      const expected = "a ref that no other has";
      const problem = { path: [i, "metadata", "ref"], found: JSON.stringify(ref), expected };
      throw new WriteRefused("conflict", `${DUPLICATE}: two have the ref ${problem.found}`, [
        detailOf(problem),
      ]);
    }
    refs.add(ref);
  }
}

export function detailOf({ path, found, expected }: WrongPart): WriteProblem {
  return { pointer: jsonPointer(path), message: `is ${found}, expected ${expected}`, found, expected };
}
