/**
 * Reads documents from the bytes of a body: JSON, YAML, or a form with a YAML file as the console of Routr v1 sends it.
 */
import { readYamlList } from "../../data/yaml/yaml_reader.ts";
import { DocumentCheck, MAX_DEPTH, tooDeep } from "./document_check.ts";
import { HttpError } from "./http_error.ts";
import { firstFault, isDeeperThan } from "./json_text.ts";

/** A body as it was received. */
export interface SentBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The field `Content-Type` with parameters; "" without one. */
  readonly type: string;
  /** YAML and forms are accepted. */
  readonly isUpload: boolean;
}

/** The content of a body: `items` are those of a list, or the only document. */
export interface ReadDocument {
  readonly items: readonly unknown[];
  readonly isList: boolean;
  /** It is a file of a form, which Routr v1 answers in other words. */
  readonly isFile: boolean;
}

/** Clients of Routr v1 send JSON as plain text, or without a type. */
const JSON_TYPES: ReadonlySet<string> = new Set(["", "application/json", "text/plain"]);
const YAML_TYPES: ReadonlySet<string> = new Set([
  "application/yaml",
  "application/x-yaml",
  "text/yaml",
  "text/x-yaml",
]);
const FORM_TYPE = "multipart/form-data";

/** The media types of uploads; other bodies are JSON. */
export const UPLOAD_TYPES: readonly string[] = ["application/json", "application/yaml", FORM_TYPE];

/** The parts of a form, one of which is the file. */
const MAX_FORM_PARTS = 100;

/** Reports whether a body of this type is read as JSON. */
export function isJson(type: string): boolean {
  return JSON_TYPES.has(mediaTypeOf(type));
}

export function isYaml(type: string): boolean {
  return YAML_TYPES.has(mediaTypeOf(type));
}

export function isForm(type: string): boolean {
  return mediaTypeOf(type) === FORM_TYPE;
}

/** Reads a body. Rejects with `HttpError`: 415 for another type, 400 for faults, with line and column if known. */
export async function readDocument({ bytes, type, isUpload }: SentBody): Promise<ReadDocument> {
  if (isJson(type)) return { ...await readJson(decode(bytes)), isFile: false };
  if (isUpload && isYaml(type)) return { ...await readYaml(decode(bytes)), isFile: false };
  if (isUpload && isForm(type)) {
    return { ...await readYaml(await readFile(bytes, type)), isFile: true };
  }
  const accepted = isUpload ? UPLOAD_TYPES.join(", ") : "application/json";
  throw new HttpError(415, `Unsupported media type "${mediaTypeOf(type)}", expected ${accepted}`, {
    headers: { accept: accepted },
  });
}

function mediaTypeOf(type: string): string {
  return type.split(";", 1)[0].trim().toLowerCase();
}

function decode(bytes: Uint8Array<ArrayBuffer> | ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError(400, "The body is not UTF-8");
  }
}

async function readFile(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<string> {
  if (hasManyParts(bytes)) throw new HttpError(400, `The form has more than ${MAX_FORM_PARTS} parts`);
  let form: FormData;
  try {
    form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  } catch {
    throw new HttpError(400, "The form cannot be read");
  }
  const file = form.get("file");
  if (file === null) throw new HttpError(400, 'The form has no part "file"');
  return typeof file === "string" ? file : decode(await file.arrayBuffer());
}

/** Counts the parts by their header `Content-Disposition`, which each must have. */
function hasManyParts(bytes: Uint8Array<ArrayBuffer>): boolean {
  const text = new TextDecoder("latin1").decode(bytes);
  const headers = text.matchAll(/content-disposition:/gi);
  return headers.drop(MAX_FORM_PARTS).next().done === false;
}

async function readJson(text: string): Promise<Omit<ReadDocument, "isFile">> {
  if (text.trim() === "") throw new HttpError(400, "The body is empty, expected JSON");
  if (isDeeperThan(text, MAX_DEPTH)) throw tooDeep();
  const value = await parseJson(text);
  new DocumentCheck(text.length).visit(value, 1);
  return Array.isArray(value) ? { items: value, isList: true } : { items: [value], isList: false };
}

async function parseJson(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    const { line, column } = await firstFault(text);
    throw new HttpError(400, `The body is not JSON: line ${line}, column ${column}`);
  }
}

async function readYaml(text: string): Promise<Omit<ReadDocument, "isFile">> {
  const { items, isList, problem } = await readYamlList(text, (item) => item);
  if (problem !== undefined) {
    const { found, expected, position: { line, column } = { line: 1, column: 1 } } = problem;
    throw new HttpError(
      400,
      `The body is not YAML: line ${line}, column ${column}: found ${found}, expected ${expected}`,
    );
  }
  const check = new DocumentCheck(text.length);
  for (const item of items) check.visit(item, 2);
  return { items, isList };
}
