/** Bodies of requests, within their limits. */
import type http from "node:http";
import type { FrontLimits } from "./front_messages.ts";

/** A request that is not served, with what it is answered. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The whole type, so that no other type gets the larger limit. */
const UPLOAD =
  /^\s*(?:multipart\/form-data|(?:application|text)\/(?:x-)?yaml|application\/x-ndjson)\s*(?:;|$)/i;

/** Uploads that may be under way at once, in parts or whole. */
const UPLOADS_AT_ONCE = 4;

/** Reads bodies, which take a bounded room all together, whoever sends them. */
export class BodyReader {
  readonly #limits: FrontLimits;
  /** Bytes that bodies may have all together, and do have. */
  readonly #room: number;
  #taken = 0;

  constructor(limits: FrontLimits) {
    this.#limits = limits;
    this.#room = UPLOADS_AT_ONCE * Math.max(limits.maxBodyBytes, limits.maxUploadBytes);
  }

  /**
   * Rejects with a `Refusal` as soon as it is known, and when the client leaves. The room that it takes is free when
   * `release` has been called with the body.
   */
  async read(request: http.IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
    const limit = this.#limitOf(request);
    const parts: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const part of request.iterator({ destroyOnReturn: false })) {
        length += part.length;
        this.#taken += part.length;
        if (length > limit) throw tooBig(limit);
        if (this.#taken > this.#room) throw new Refusal(503, "Too much is being uploaded");
        parts.push(part);
      }
    } catch (error) {
      this.#taken -= length;
      throw error;
    }
    return joined(parts, length);
  }

  /** Throws a `Refusal` when a request says that its body is over the limit. */
  check(request: http.IncomingMessage): void {
    const limit = this.#limitOf(request);
    if (Number(request.headers["content-length"] ?? 0) > limit) throw tooBig(limit);
  }

  release(body: Uint8Array): void {
    this.#taken -= body.length;
  }

  #limitOf({ headers }: http.IncomingMessage): number {
    const { maxBodyBytes, maxUploadBytes } = this.#limits;
    return UPLOAD.test(headers["content-type"] ?? "") ? maxUploadBytes : maxBodyBytes;
  }
}

export function hasBody({ headers }: http.IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

function tooBig(limit: number): Refusal {
  return new Refusal(413, `The body has more than ${limit} bytes`);
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
