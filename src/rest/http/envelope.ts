/** The form of answers in Routr v1: `result` for early clients, `data` and `meta` for later ones. */
import type { HttpError } from "./http_error.ts";

/** The position of a page in its collection. */
export interface PageMeta {
  readonly currentPage: number;
  readonly totalPages: number;
  readonly itemsPerPage: number;
  readonly totalItems: number;
}

export interface EnvelopeOptions {
  readonly status?: number;
  readonly message?: string;
  readonly meta?: PageMeta | Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Members beside those of the envelope. */
  readonly beside?: Readonly<Record<string, unknown>>;
}

const JSON_TYPE = "application/json; charset=utf-8";

/** The words of Routr v1. */
const MESSAGES: Readonly<Record<number, string>> = {
  200: "Successful request",
  201: "Created",
  202: "Accepted",
};

/** Returns an answer `{status, message, data, result, meta?}`; `result` is the early name of `data`. */
export function enveloped(data: unknown, options: EnvelopeOptions = {}): Response {
  const { status = 200, message = MESSAGES[status] ?? "", meta, headers, beside } = options;
  // Serialized once for both names: pages may be long.
  const text = JSON.stringify(data) ?? "null";
  const parts = [
    `"status":${status},"message":${JSON.stringify(message)},"data":${text},"result":${text}`,
    ...meta === undefined ? [] : [`"meta":${JSON.stringify(meta)}`],
    ...Object.entries(beside ?? {}).map(([name, value]) =>
      `${JSON.stringify(name)}:${JSON.stringify(value) ?? "null"}`
    ),
  ];
  return new Response(`{${parts.join(",")}}`, { status, headers: { ...headers, "content-type": JSON_TYPE } });
}

/** Returns an answer without an envelope, such as the fixed ones of Routr v1. */
export function bareJson(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { "content-type": JSON_TYPE } });
}

export function plainText(text: string, type = "text/plain; charset=utf-8"): Response {
  return new Response(text, { headers: { "content-type": type } });
}

/** Returns the answer to a refused request: the envelope, with all faults in `errors`. */
export function errorResponse({ status, message, headers, details }: HttpError): Response {
  const body = JSON.stringify({ status, message, ...details.length > 0 && { errors: details } });
  return new Response(body, { status, headers: { ...headers, "content-type": JSON_TYPE } });
}
