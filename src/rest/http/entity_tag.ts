/** Conditional requests (RFC 9110 §13), with Deno std's tags' form. */
import { hash } from "node:crypto";
import { HttpError } from "./http_error.ts";

/** The tag of what is shown: it differs whenever something shown does. */
export function entityTag(document: unknown): string {
  return `"${hash("sha1", JSON.stringify(document), "base64url")}"`;
}

/** Whether the client has it already (`If-None-Match`). */
export function isUnmodified(request: Request, etag: string): boolean {
  const wanted = request.headers.get("if-none-match");
  return wanted !== null && matches(wanted, etag);
}

/**
 * Throws `HttpError` 412 when what is there now is not what the client has seen (`If-Match`), or is what it does not want
 * to change: anything at all with `If-None-Match: *` (RFC 9110 §13.1.2).
 */
export function refuseUnlessConditionHolds(request: Request, current: unknown): void {
  const wanted = request.headers.get("if-match");
  if (wanted !== null && !matches(wanted, entityTag(current))) throw changedMeanwhile();
  const unwanted = request.headers.get("if-none-match");
  if (unwanted !== null && matches(unwanted, entityTag(current))) {
    throw new HttpError(412, "There is such an object already, which If-None-Match excludes");
  }
}

/** The same for what was changed just before it would have been written. */
export function refuseIfConditional(request: Request): void {
  const wanted = request.headers.get("if-match")?.trim() ?? "*";
  if (wanted !== "*") throw changedMeanwhile();
}

function changedMeanwhile(): HttpError {
  return new HttpError(412, "The object was changed by somebody else meanwhile");
}

function matches(list: string, etag: string): boolean {
  return list.trim() === "*" || list.split(",").some((each) => each.trim().replace(/^W\//, "") === etag);
}
