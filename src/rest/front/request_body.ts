/** Bodies of requests, within their limits. */
import type http from "node:http";
import { HttpError } from "../http/http_error.ts";
import type { FrontLimits } from "./front_messages.ts";

/** Matches whole media types, so that no other type gets the larger limit. */
const UPLOAD =
  /^\s*(?:multipart\/form-data|(?:application|text)\/(?:x-)?yaml|application\/x-ndjson)\s*(?:;|$)/i;

/** The number of full-size uploads that fit into memory at a time. */
const MAX_UPLOADS = 4;

/** Reads bodies, all of which together take bounded memory. */
export class BodyReader {
  readonly #limits: FrontLimits;
  /** Limit and sum of the bytes of all bodies. */
  readonly #maxTotalBytes: number;
  #totalBytes = 0;

  constructor(limits: FrontLimits) {
    this.#limits = limits;
    this.#maxTotalBytes = MAX_UPLOADS * Math.max(limits.maxBodyBytes, limits.maxUploadBytes);
  }

  /** Reads a body, which counts until `release`. Rejects when it is too big, or the client leaves. */
  async read(request: http.IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
    const limit = this.#limitOf(request);
    const parts: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const part of request.iterator({ destroyOnReturn: false })) {
        length += part.length;
        this.#totalBytes += part.length;
        if (length > limit) throw tooBig(limit);
        if (this.#totalBytes > this.#maxTotalBytes) throw new HttpError(503, "Too much is being uploaded");
        parts.push(part);
      }
    } catch (error) {
      this.#totalBytes -= length;
      throw error;
    }
    return joined(parts, length);
  }

  /** Throws a `HttpError` when a request announces a body over the limit. */
  check(request: http.IncomingMessage): void {
    const limit = this.#limitOf(request);
    if (Number(request.headers["content-length"] ?? 0) > limit) throw tooBig(limit);
  }

  release(body: Uint8Array): void {
    this.#totalBytes -= body.length;
  }

  #limitOf({ headers }: http.IncomingMessage): number {
    const { maxBodyBytes, maxUploadBytes } = this.#limits;
    return UPLOAD.test(headers["content-type"] ?? "") ? maxUploadBytes : maxBodyBytes;
  }
}

export function hasBody({ headers }: http.IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

function tooBig(limit: number): HttpError {
  return new HttpError(413, `The body has more than ${limit} bytes`);
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}
