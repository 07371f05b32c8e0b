/**
 * Envelopes of answers: `{status, message, result}` by the first releases of Routr v1, `{status, message, data, meta}`
 * by later ones, none by other services.
 */
import { BackendFailure, FaultyAnswer } from "./backend_failure.ts";
import { isMapping, type Mapping } from "../../runtime/mapping.ts";

export interface Envelope {
  /** Undefined where the body has no numeric status. */
  readonly status: number | undefined;
  readonly message: string;
  /** A document, a list of them, or a ref. */
  readonly content: unknown;
  readonly pages: PageNumbers;
}

/** The usable parts of `meta`. */
export interface PageNumbers {
  readonly currentPage?: number;
  readonly totalPages?: number;
  readonly totalItems?: number;
}

export function readEnvelope(value: unknown): Envelope {
  const bare = { status: undefined, message: "", content: value, pages: {} };
  if (!isMapping(value) || "spec" in value) return bare;
  const name = CONTENTS.find((each) => Object.hasOwn(value, each));
  if (name === undefined && !Object.hasOwn(value, "status")) return bare;
  return {
    status: wholeNumber(value.status),
    message: typeof value.message === "string" ? value.message : "",
    content: name === undefined ? undefined : value[name],
    pages: isMapping(value.meta) ? readPageNumbers(value.meta) : {},
  };
}

const CONTENTS = ["data", "result"];

/**
 * Converts a status to a failure.
 * @param message the backend's own
 */
export function failureOf(status: number, message: string): BackendFailure {
  return new BackendFailure(status, reasonOf(status, message));
}

function reasonOf(status: number, message: string): string {
  if (status === 401) return "user name or password is wrong";
  if (status >= 300 && status <= 399) return "it redirects to another place, which is not followed";
  const said = message.replace(CONTROLS, " ").slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
  const reason = status === 403 ? "this user is not allowed to do this" : `status ${status}`;
  return said === "" ? reason : `${reason} (${said})`;
}

const MAX_MESSAGE_LENGTH = 200;
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f-\x9f]+/g;

export function listIn({ content }: Envelope): readonly unknown[] {
  if (Array.isArray(content)) return content;
  throw new FaultyAnswer(nameOf(content), "a list of resources, by itself or as result or data");
}

export function documentIn({ content }: Envelope): Mapping {
  if (isMapping(content)) return content;
  throw new FaultyAnswer(nameOf(content), "a resource, by itself or as result or data");
}

function nameOf(value: unknown): string {
  if (value === undefined) return "JSON without result or data";
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : `a ${typeof value}`;
}

function readPageNumbers(meta: Mapping): PageNumbers {
  const numbers: Record<string, number> = {};
  for (const name of ["currentPage", "totalPages", "totalItems"]) {
    const number = wholeNumber(meta[name]);
    if (number !== undefined) numbers[name] = number;
  }
  return numbers;
}

/** Statuses are numbers in some answers and texts in others. */
function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
