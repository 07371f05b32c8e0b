/** A validator of the part of JSON Schema (draft 07) that routr's schemas use. */

type Schema = Readonly<Record<string, unknown>>;
type Mapping = Readonly<Record<string, unknown>>;

/** Keywords that check nothing. */
const ANNOTATIONS = new Set(
  "$schema title description definitions default examples writeOnly patternErrorMessage then else".split(" "),
);

/** Returns the violations of a value, such as `/spec/domains/0: pattern`. Throws for an unknown keyword. */
export function violations(schema: Schema, value: unknown): string[] {
  return check(schema, value, "", schema);
}

function check(schema: Schema, value: unknown, path: string, root: Schema): string[] {
  const within = (inner: unknown, value: unknown, step = "") =>
    check(inner as Schema, value, step === "" ? path : `${path}/${step}`, root);
  const holds = (inner: unknown) => within(inner, value).length === 0;
  const all = (inner: unknown) => inner as readonly unknown[];
  const mapping = typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Mapping
    : undefined;
  const entries = Object.entries(mapping ?? {});
  const patterns = Object.entries(schema.patternProperties ?? {});

  const keywords: Record<string, (operand: never) => boolean | string[]> = {
    $ref: (name: string) => within((root.definitions as Mapping)[name.replace("#/definitions/", "")], value),
    type: (types: string | string[]) => [types].flat().some((type) => isOfType(value, type)),
    enum: (words: unknown[]) => words.includes(value),
    pattern: (pattern: string) => typeof value !== "string" || new RegExp(pattern, "u").test(value),
    minLength: (length: number) => typeof value !== "string" || [...value].length >= length,
    minimum: (bound: number) => typeof value !== "number" || value >= bound,
    maximum: (bound: number) => typeof value !== "number" || value <= bound,
    items: (item: unknown) =>
      Array.isArray(value) ? value.flatMap((each, i) => within(item, each, String(i))) : [],
    minItems: (count: number) => !Array.isArray(value) || value.length >= count,
    minProperties: (count: number) => mapping === undefined || entries.length >= count,
    required: (names: string[]) =>
      mapping === undefined
        ? []
        : names.filter((name) => !Object.hasOwn(mapping, name)).map((name) => `${path}/${name}: required`),
    properties: (schemas: Mapping) =>
      entries.flatMap(([name, each]) =>
        Object.hasOwn(schemas, name) ? within(schemas[name], each, name) : []
      ),
    patternProperties: () =>
      entries.flatMap(([name, each]) =>
        patterns.flatMap(([pattern, inner]) =>
          new RegExp(pattern, "u").test(name) ? within(inner, each, name) : []
        )
      ),
    additionalProperties: (isAllowed: boolean) =>
      isAllowed ? [] : entries.flatMap(([name]) => {
        const isKnown = Object.hasOwn(schema.properties ?? {}, name) ||
          patterns.some(([pattern]) => new RegExp(pattern, "u").test(name));
        return isKnown ? [] : [`${path}/${name}: additionalProperties`];
      }),
    anyOf: (schemas: unknown) => all(schemas).some(holds),
    oneOf: (schemas: unknown) => all(schemas).filter(holds).length === 1,
    allOf: (schemas: unknown) => all(schemas).flatMap((inner) => within(inner, value)),
    if: (condition: unknown) => within((holds(condition) ? schema.then : schema.else) ?? {}, value),
  };
  return Object.entries(schema).flatMap(([name, operand]) => {
    if (ANNOTATIONS.has(name)) return [];
    if (!Object.hasOwn(keywords, name)) throw new TypeError(`Cannot check keyword "${name}"`);
    const result = keywords[name](operand as never);
    if (typeof result !== "boolean") return result;
    return result ? [] : [`${path}: ${name}`];
  });
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type && (type !== "object" || value !== null && !Array.isArray(value));
}
