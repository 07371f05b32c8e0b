/** Validation of requests by schemas. */
import type * as z from "zod";
import { documentProblems } from "../../data/document_problems.ts";
import { jsonPointer } from "../../data/fault.ts";
import { type ErrorDetail, HttpError } from "./http_error.ts";

/** Returns the value as the schema reads it. Throws `HttpError` 422 with all faults. */
export function validated<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const details = documentProblems(result.error, value).map(({ path, found, expected }): ErrorDetail => ({
    pointer: jsonPointer(path),
    message: `is ${found}, expected ${expected}`,
  }));
  const text = details.map(({ pointer, message }) => `${pointer || "the body"} ${message}`).join(", ");
  throw new HttpError(422, `Unprocessable entity: ${text}`, { details });
}
