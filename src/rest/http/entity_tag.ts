/** Conditional requests (RFC 9110 §13). */
// @ts-types="./deno_std_http.d.ts"
import { ifNoneMatch } from "@std/http/etag";
import { hash } from "node:crypto";
import { HttpError } from "./http_error.ts";

/** Returns the tag of a shown document. Does not wait, so that a check and the change after it are one step. */
export function entityTag(document: unknown): string {
  return `"${hash("sha1", JSON.stringify(document), "base64url")}"`;
}

/** Reports whether the client has the document already (`If-None-Match`). */
export function isUnmodified(request: Request, etag: string): boolean {
  return !ifNoneMatch(request.headers.get("if-none-match"), etag);
}

/**
 * Throws `HttpError` 412 when the current document is not the one that the client has seen (`If-Match`), or is one that
 * it excludes (`If-None-Match`, RFC 9110 §13.1.2; `*` excludes every document). Weak tags match too, because proxies that
 * compress make them.
 */
export function refuseUnlessConditionHolds(request: Request, current: unknown): void {
  const etag = entityTag(current);
  const wanted = request.headers.get("if-match");
  if (wanted !== null && ifNoneMatch(wanted, etag)) throw changedMeanwhile();
  if (isUnmodified(request, etag)) {
    throw new HttpError(412, "There is such an object already, which If-None-Match excludes");
  }
}

/** Throws `HttpError` 412 when a conditional request finds a document that changed between its check and its write. */
export function refuseIfConditional(request: Request): void {
  const wanted = request.headers.get("if-match")?.trim() ?? "*";
  if (wanted !== "*") throw changedMeanwhile();
}

function changedMeanwhile(): HttpError {
  return new HttpError(412, "The object was changed by somebody else meanwhile");
}
