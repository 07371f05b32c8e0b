/**
 * JSON Schemas for editors, made from the schemas that check documents. All editors understand draft 07. They cannot
 * see relations between documents, and limits of numbers written as text; `routr check` reports those. An entry without
 * a value is absent when files are read, but an error here: it was probably forgotten.
 */
import * as z from "zod";
import { type Kind, KINDS } from "./resource.ts";

/** A JSON Schema, as it is written to a file. */
export type JsonSchema = Record<string, unknown>;

type Form = z.core.JSONSchema.BaseSchema;

const DRAFT = "http://json-schema.org/draft-07/schema#";

/** Returns a schema of the documents that a schema of `property_types.ts` reads. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...form } = z.toJSONSchema(schema, {
    target: "draft-7",
    io: "input",
    // Property types carry their own form.
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) =>
      complete(jsonSchema, zodSchema._zod.def as Definition, zodSchema),
  });
  return form;
}

/** The used parts of zod's descriptions of its types. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly defaultValue?: unknown;
}

/** Adds what zod omits where values are transformed. */
function complete(form: Form, { type, shape, defaultValue }: Definition, schema: z.core.$ZodType): void {
  const examples = z.globalRegistry.get(schema)?.examples;
  if (examples !== undefined) form.examples = examples as Form["examples"];
  if (type === "array") acceptSingle(form);
  const required = shape && Object.keys(shape).filter((name) => !isOptional(shape[name]));
  if (required !== undefined && required.length > 0) form.required = required;
  if (hasDefault(type)) form.default = defaultValue as Form["default"];
  if (isEmpty(form.default)) delete form.default;
}

/** Accepts a single value as a list of one (`listOf`). */
function acceptSingle(list: Form): void {
  const { type, items, minItems } = list;
  delete list.type;
  delete list.items;
  delete list.minItems;
  list.anyOf = [{ type, items, ...(minItems === undefined ? {} : { minItems }) }, items as Form];
}

function isOptional(schema: z.core.$ZodType): boolean {
  const { type } = schema._zod.def;
  return type === "optional" || hasDefault(type);
}

function hasDefault(type: string): boolean {
  return type === "default" || type === "prefault";
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Returns the schema of a file with one document of its own kind. */
export function documentFileSchema(title: string, schema: z.ZodType): JsonSchema {
  return { $schema: DRAFT, title, ...jsonSchemaOf(schema) };
}

/** Returns the schema of a resource file: a list, a single resource, or nothing yet. */
export function resourceFileSchema(kind: Kind): JsonSchema {
  const one = { $ref: `#/definitions/${kind}` };
  return {
    $schema: DRAFT,
    title: `${kind} resources`,
    anyOf: [{ type: "array", items: one }, one, { type: "null" }],
    definitions: { [kind]: { title: kind, ...jsonSchemaOf(KINDS[kind].schema) } },
  };
}
