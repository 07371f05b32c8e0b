/**
 * The types of which configuration documents are made. Documents come from YAML, whose scalars are read as text, or from
 * JSON, where numbers and booleans have their own types: every type accepts both. The message of a type is what is
 * expected, in words that continue "expected …"; `document_problems.ts` turns it into a fault.
 */
import * as z from "zod";

/** A scalar that `read` understands; what it returns `undefined` for is a fault. */
export function property<T>(expected: string, read: (value: unknown) => T | undefined): z.ZodType<T> {
  return z.transform((value: unknown, context): T => {
    const result = value === undefined || value === null ? undefined : read(value);
    if (result !== undefined) return result;
    context.issues.push({ code: "custom", message: expected, input: value });
    return z.NEVER;
  });
}

/** Any text that is not empty. A number from JSON counts as its digits. */
export function text(expected: string): z.ZodType<string> {
  return property(expected, textOf);
}

/** Text of a certain form. */
export function textMatching(pattern: RegExp, expected: string): z.ZodType<string> {
  return property(expected, (value) => {
    const result = textOf(value);
    return result !== undefined && pattern.test(result) ? result : undefined;
  });
}

/** A whole number between two bounds, both included. */
export function integer(bounds: { min: number; max: number }): z.ZodType<number> {
  const expected = bounds.max === Infinity
    ? `a whole number of at least ${bounds.min}`
    : `a whole number between ${bounds.min} and ${bounds.max}`;
  return property(expected, (value) => {
    const number = typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    if (typeof number !== "number" || !Number.isSafeInteger(number)) return undefined;
    return number >= bounds.min && number <= bounds.max ? number : undefined;
  });
}

/** A port; 0 lets the system choose one where `min` is 0. */
export function port(min: 0 | 1): z.ZodType<number> {
  return integer({ min, max: 65535 });
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ...["true", "yes", "on"].map((word) => [word, true] as const),
  ...["false", "no", "off"].map((word) => [word, false] as const),
]);

/** `true` or `false`; YAML's older words yes, no, on and off are understood. */
export function flag(): z.ZodType<boolean> {
  return property("true or false", (value) => {
    return typeof value === "boolean" ? value : FLAGS.get(String(value).toLowerCase());
  });
}

/** One of the given words, in any case; the result is spelled as given. */
export function oneOf<const Words extends readonly string[]>(words: Words): z.ZodType<Words[number]> {
  const expected = words.length === 1 ? words[0] : `one of ${words.join(", ")}`;
  return property(expected, (value) => {
    const wanted = String(value).toLowerCase();
    return words.find((word) => word.toLowerCase() === wanted);
  });
}

/** A list; a single value stands for a list of one. */
export function listOf<T>(item: z.ZodType<T>, expected = "a list"): z.ZodType<T[]> {
  const list = z.array(item, { error: expected });
  return z.preprocess((value) => Array.isArray(value) || value === undefined ? value : [value], list);
}

/** A list with at least one item. */
export function filledListOf<T>(item: z.ZodType<T>, expected: string): z.ZodType<T[]> {
  return listOf(item, expected).refine((items) => items.length > 0, { error: expected });
}

/** A mapping that has no names but those of `shape`. */
export function mapping<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const names = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) => issue.code === "unrecognized_keys" ? names : "a mapping",
  });
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}
