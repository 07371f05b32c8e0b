import type * as z from "zod";
import { describeValue, type Problem, type PropertyPath } from "./fault.ts";
import { nearestName } from "./nearest_name.ts";

/**
 * Returns every problem that a schema of `property_types.ts` found in `document`. There, a message is the expected
 * phrase, or the list of known names for an unknown name.
 */
export function documentProblems(error: z.ZodError, document: unknown): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = issue.path.map((step) => typeof step === "number" ? step : String(step));
    if (issue.code === "unrecognized_keys") return unknownNames(issue, path);
    const value = valueAt(document, path);
    const found = foundBySchema(issue) ?? describeValue(value, path);
    const nearest = nearestWord(value, issue.message);
    return [{
      path,
      at: "value",
      found,
      expected: issue.message,
      ...(nearest === undefined ? {} : { nearest }),
    }];
  });
}

/** Schemas that parse a text describe the found part as `params: {found}`. */
function foundBySchema(issue: z.core.$ZodIssue): string | undefined {
  const found: unknown = issue.code === "custom" ? issue.params?.found : undefined;
  return typeof found === "string" ? found : undefined;
}

function unknownNames(issue: z.core.$ZodIssueUnrecognizedKeys, path: PropertyPath): Problem[] {
  const known = issue.message.split(", ");
  return issue.keys.map((key): Problem => {
    const nearest = nearestName(key, known);
    return {
      path: [...path, key],
      at: "key",
      found: "not a known property",
      expected: known.length === 1 ? known[0] : `one of ${issue.message}`,
      ...(nearest === undefined ? {} : { nearest }),
    };
  });
}

const ONE_OF = "one of ";

/** Returns the intended word where one of several words is expected. */
function nearestWord(value: unknown, expected: string): string | undefined {
  if (typeof value !== "string" || !expected.startsWith(ONE_OF)) return undefined;
  return nearestName(value, expected.slice(ONE_OF.length).split(", "));
}

/** Returns the value at a path, or undefined. A single value counts as a list of one, as in `listOf`. */
export function valueAt(document: unknown, path: PropertyPath): unknown {
  let value = document;
  for (const step of path) {
    if (step === 0 && !Array.isArray(value)) continue;
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}
