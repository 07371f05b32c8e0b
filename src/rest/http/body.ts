/** Bodies of requests: JSON, YAML, or a form with a file of YAML as Routr v1's console sends it. */
import { readYamlList } from "../../data/yaml/yaml_reader.ts";
import { Turn } from "../../runtime/turn.ts";
import { HttpError } from "./http_error.ts";

/** How deep, and how many values: aliases make much of little YAML. */
const DEEPEST = 64;
/** Milliseconds that reading keeps the thread at a time. */
const TURN = 1;
const MOST_VALUES = 2_000_000;
/** How much longer than what was sent all texts together may be: one long text may have many aliases. */
const MOST_CHARACTERS = 8_388_608;

/** Clients of Routr v1 send JSON as plain text, or do not say what they send. */
const JSON_TYPES: ReadonlySet<string> = new Set(["", "application/json", "text/plain"]);
const YAML_TYPES: ReadonlySet<string> = new Set([
  "application/yaml",
  "application/x-yaml",
  "text/yaml",
  "text/x-yaml",
]);
const FORM_TYPE = "multipart/form-data";

/** The media types that bodies may have; without uploads, JSON only. */
export const UPLOAD_TYPES: readonly string[] = ["application/json", "application/yaml", FORM_TYPE];

/** What was sent, and whether it is a file, which v1 answers in other words. */
export interface SentDocument {
  readonly value: unknown;
  readonly isFile: boolean;
}

/** Throws `HttpError` 415 for another type, 400 with line and column for what cannot be read. */
export async function readBody(request: Request, { isUpload = false } = {}): Promise<SentDocument> {
  const type = mediaTypeOf(request);
  if (JSON_TYPES.has(type)) return { value: await readJson(await readText(request)), isFile: false };
  if (isUpload && YAML_TYPES.has(type)) {
    return { value: await readYamlText(await readText(request)), isFile: false };
  }
  if (isUpload && type === FORM_TYPE) {
    return { value: await readYamlText(await readFile(request)), isFile: true };
  }
  const accepted = isUpload ? UPLOAD_TYPES.join(", ") : "application/json";
  throw new HttpError(415, `Unsupported media type "${type}", expected ${accepted}`, {
    headers: { accept: accepted },
  });
}

function mediaTypeOf(request: Request): string {
  return (request.headers.get("content-type") ?? "").split(";", 1)[0].trim().toLowerCase();
}

async function readText(request: Request): Promise<string> {
  const bytes = await request.arrayBuffer();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError(400, "The body is not UTF-8");
  }
}

async function readFile(request: Request): Promise<string> {
  let form: FormData;
  try {
    form = await request.formData();
  } catch {
    throw new HttpError(400, "The form cannot be read");
  }
  const file = form.get("file");
  if (file === null) throw new HttpError(400, 'The form has no part "file"');
  return typeof file === "string" ? file : await file.text();
}

async function readJson(text: string): Promise<unknown> {
  if (text.trim() === "") throw new HttpError(400, "The body is empty, expected JSON");
  const value = await parseJson(text);
  new Check(text.length).visit(value, 1);
  return value;
}

async function parseJson(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    const { line, column } = await firstFault(text);
    throw new HttpError(400, `The body is not JSON: line ${line}, column ${column}`);
  }
}

/** The engine does not always tell where. */
async function firstFault(text: string): Promise<{ line: number; column: number }> {
  const { visit } = await import("jsonc-parser");
  let at = text.length;
  const onError = (_: unknown, offset: number) => at = Math.min(at, offset);
  visit(text, { onError }, { disallowComments: true });
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

/** Long lists are read in turns with others. */
async function readYamlText(text: string): Promise<unknown> {
  const turn = new Turn(TURN);
  const { items, isList, problem } = await readYamlList(text, (item) => item);
  if (problem === undefined) {
    const check = new Check(text.length);
    for (const item of items) {
      check.visit(item, 2);
      if (turn.isOver) await turn.next();
    }
    return isList ? items : items[0];
  }
  const { found, expected, position } = problem;
  throw new HttpError(
    400,
    `The body is not YAML: line ${position?.line ?? 1}, column ${
      position?.column ?? 1
    }: found ${found}, expected ${expected}`,
  );
}

/** Nothing that would cost whoever walks through it more than it cost to send, or that could not be written. */
class Check {
  readonly #mostCharacters: number;
  #count = 0;
  #characters = 0;

  /** @param length of what was sent, in characters */
  constructor(length: number) {
    this.#mostCharacters = length + MOST_CHARACTERS;
  }

  visit(value: unknown, depth: number): void {
    if (++this.#count > MOST_VALUES) throw new HttpError(400, "The body has too many values");
    if (typeof value === "string") return this.#read(value);
    if (typeof value !== "object" || value === null) return;
    if (depth > DEEPEST) throw new HttpError(400, `The body is nested deeper than ${DEEPEST} levels`);
    if (Object.hasOwn(value, "__proto__")) throw new HttpError(400, 'The body has a property "__proto__"');
    if (!Array.isArray(value)) { for (const name of Object.keys(value)) this.#read(name); }
    for (const item of Object.values(value)) this.visit(item, depth + 1);
  }

  #read(text: string): void {
    this.#characters += text.length;
    if (this.#characters > this.#mostCharacters) {
      throw new HttpError(400, "The body has too many long values");
    }
    // Such as half of a surrogate pair, which is not UTF-8.
    if (!text.isWellFormed()) throw new HttpError(400, "The body has a text that is not Unicode");
  }
}
