/** Validation of requests by schemas. */
import type * as z from "zod";
import { documentProblems } from "../../data/document_problems.ts";
import { jsonPointer, type Problem } from "../../data/fault.ts";
import { HttpError } from "./http_error.ts";

/** Returns the value as the schema reads it. Throws `HttpError` 422 with all faults. */
export function validated<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw unprocessable(documentProblems(result.error, value));
}

/** Returns an `HttpError` 422 with all problems; its message names properties by `nameOf`. */
export function unprocessable(problems: readonly Problem[], nameOf = jsonPointer): HttpError {
  const faults = problems.map(({ path, found, expected }) => {
    return { path, message: `is ${found}, expected ${expected}` };
  });
  const text = faults.map(({ path, message }) => `${nameOf(path) || "the body"} ${message}`).join(", ");
  const details = faults.map(({ path, message }) => ({ pointer: jsonPointer(path), message }));
  return new HttpError(422, `Unprocessable entity: ${text}`, { details });
}
