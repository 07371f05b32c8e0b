/**
 * The types of configuration documents. YAML is read with every scalar as text, JSON has numbers and booleans: every
 * type accepts both. The message of a type completes "expected …"; `document_problems.ts` turns it into a fault.
 */
import * as z from "zod";
import { type JsonForm, SCALAR, wordsPattern } from "./json_form.ts";

/** A refused value, described where the type's own words are not enough. */
export class Refused {
  readonly found: string;
  readonly expected: string;

  constructor(found: string, expected: string) {
    this.found = found;
    this.expected = expected;
  }
}

/**
 * A scalar that `read` parses; undefined is a fault.
 * @param form the type for editors, as far as they can check it
 */
export function property<T>(
  expected: string,
  read: (value: unknown) => T | Refused | undefined,
  form: JsonForm,
): z.ZodType<T> {
  const type = z.transform((value: unknown, context): T => {
    const result = value === undefined || value === null ? undefined : read(value);
    if (result instanceof Refused) {
      const params = { found: result.found };
      context.issues.push({ code: "custom", message: result.expected, params, input: value });
      return z.NEVER;
    }
    if (result !== undefined) return result;
    context.issues.push({ code: "custom", message: expected, input: value });
    return z.NEVER;
  });
  return type.meta(
    form.pattern === undefined ? form : { ...form, patternErrorMessage: `Expected ${expected}` },
  );
}

/** A text that is not empty. A number from JSON counts as its digits. */
export function text(expected: string): z.ZodType<string> {
  return property(expected, textOf, { type: SCALAR, minLength: 1 });
}

/** A secret text. */
export function password(expected = "a password"): z.ZodType<string> {
  return text(expected).meta({ writeOnly: true });
}

/** A text that matches a pattern. The pattern has no flags, so that editors can use it. */
export function textMatching(pattern: RegExp, expected: string): z.ZodType<string> {
  return property(expected, (value) => {
    const result = textOf(value);
    return result !== undefined && pattern.test(result) ? result : undefined;
  }, { type: SCALAR, pattern: pattern.source });
}

/** A whole number between two limits, both included. */
export function integer(bounds: { min: number; max: number }): z.ZodType<number> {
  const expected = bounds.max === Infinity
    ? `a whole number of at least ${bounds.min}`
    : `a whole number between ${bounds.min} and ${bounds.max}`;
  const { min, max } = bounds;
  return property(expected, (value) => {
    const number = typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    if (typeof number !== "number" || !Number.isSafeInteger(number)) return undefined;
    return number >= min && number <= max ? number : undefined;
  }, {
    type: ["integer", "string"],
    minimum: min,
    ...(max === Infinity ? {} : { maximum: max }),
    pattern: "^-?[0-9]{1,15}$",
  });
}

/** A limit: a whole number; 0, also written `unlimited`, is no limit. */
export function limit(): z.ZodType<number> {
  const count = integer({ min: 0, max: Infinity });
  const isNone = new RegExp(wordsPattern([UNLIMITED]));
  return property(`a whole number, or ${UNLIMITED}`, (value) => {
    return typeof value === "string" && isNone.test(value) ? 0 : count.safeParse(value).data;
  }, {
    type: ["integer", "string"],
    minimum: 0,
    pattern: `^[0-9]{1,15}$|${wordsPattern([UNLIMITED])}`,
  });
}

const UNLIMITED = "unlimited";

/** A port; 0 lets the system choose one where `min` is 0. */
export function port(min: 0 | 1): z.ZodType<number> {
  return integer({ min, max: 65535 });
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ...["true", "yes", "on"].map((word) => [word, true] as const),
  ...["false", "no", "off"].map((word) => [word, false] as const),
]);

/** `true` or `false`, or YAML's older words yes, no, on and off. */
export function flag(): z.ZodType<boolean> {
  return property("true or false", (value) => {
    if (typeof value === "boolean") return value;
    return typeof value === "string" ? FLAGS.get(value.toLowerCase()) : undefined;
  }, { type: ["boolean", "string"], pattern: wordsPattern([...FLAGS.keys()]) });
}

/** `true`, `false`, or one further word in any case. */
export function flagOr<const Word extends string>(word: Word): z.ZodType<boolean | Word> {
  const words = [...FLAGS.keys(), word];
  return property(`true, false or ${word}`, (value) => {
    if (typeof value === "boolean") return value;
    if (typeof value !== "string") return undefined;
    return value.toLowerCase() === word ? word : FLAGS.get(value.toLowerCase());
  }, { type: ["boolean", "string"], pattern: wordsPattern(words) });
}

/** One of these words, in any case; the result has the given spelling. */
export function oneOf<const Words extends readonly string[]>(words: Words): z.ZodType<Words[number]> {
  const expected = words.length === 1 ? words[0] : `one of ${words.join(", ")}`;
  return property(expected, (value) => {
    const wanted = typeof value === "string" ? value.toLowerCase() : undefined;
    return words.find((word) => word.toLowerCase() === wanted);
  }, { anyOf: [{ enum: words }, { type: "string", pattern: wordsPattern(words) }] });
}

/** A list; a single value stands for a list of one. */
export function listOf<T>(item: z.ZodType<T>, expected = "a list"): z.ZodType<T[]> {
  return orSingle(z.array(item, { error: expected }));
}

/** A list with at least one item. */
export function filledListOf<T>(item: z.ZodType<T>, expected: string): z.ZodType<T[]> {
  return orSingle(z.array(item, { error: expected }).min(1, { error: expected }));
}

function orSingle<T>(list: z.ZodType<T[]>): z.ZodType<T[]> {
  return z.preprocess((value) => Array.isArray(value) || value === undefined ? value : [value], list);
}

/** A mapping with no other names than those of `shape`. */
export function mapping<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const names = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) => issue.code === "unrecognized_keys" ? names : "a mapping",
  });
}

/** Returns the text of a scalar; undefined for no scalar and for an empty one. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}
