/** A client of the REST service of this server, and of all releases of Routr v1. */
import { Buffer } from "node:buffer";
import { ApiError, ClientError } from "./client_error.ts";
import { HttpConnection } from "./http_connection.ts";
import { valueAtPath } from "./table.ts";
import type { HttpResponse } from "./http_wire.ts";
import type { Trust } from "./trust.ts";

export interface Answer {
  readonly message: string;
  /** `data` or `result` of the envelope, or the body without an envelope. */
  readonly data: unknown;
  readonly body: unknown;
}

/** A service and how to reach it. */
export interface ServiceAccess {
  /** The URL without a slash at the end. */
  readonly apiUrl: string;
  readonly token: string | undefined;
  readonly trust: Trust;
}

type Query = Readonly<Record<string, string | undefined>>;

interface Sent {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

/** The maximum of Routr v1. */
const ITEMS_PER_PAGE = 1000;
const UNAUTHORIZED = 401;

export class ApiClient implements Disposable {
  readonly #access: ServiceAccess;
  readonly #connection: HttpConnection;

  constructor(access: ServiceAccess) {
    this.#access = access;
    this.#connection = new HttpConnection(new URL(access.apiUrl), access.trust);
  }

  /** Gets a path. This and all other methods reject with `ApiError` for a refusal, `ClientError` without an answer. */
  get(path: string, query?: Query): Promise<Answer> {
    return this.#ask("GET", path, { query });
  }

  post(path: string, { json, query }: { json?: unknown; query?: Query } = {}): Promise<Answer> {
    return this.#ask("POST", path, { json, query });
  }

  put(path: string, json: unknown): Promise<Answer> {
    return this.#ask("PUT", path, { json });
  }

  delete(path: string): Promise<Answer> {
    return this.#ask("DELETE", path, {});
  }

  /** Returns a whole list, page by page. Early services need a filter; `*` matches everything. */
  async list(path: string, filter = "*", more: Query = {}): Promise<unknown[]> {
    const items: unknown[] = [];
    for (let page = 1;; page++) {
      const query = { ...more, filter, page: String(page), itemsPerPage: String(ITEMS_PER_PAGE) };
      const { data, body } = await this.get(path, query);
      if (Array.isArray(data)) items.push(...data);
      // Early services have no pages, and later ones omit their number for an empty list.
      if (!(page < Number(valueAtPath(body, "meta.totalPages")))) return items;
    }
  }

  /** Logs in and returns a token. */
  async issueToken(user: string, secret: string): Promise<string> {
    const authorization = `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;
    const { body } = await this.#ask("GET", "/credentials", { headers: { authorization } });
    if (typeof body === "string" && /^[\w.~+/=-]+$/.test(body.trim())) return body.trim();
    throw new ApiError(
      200,
      `${this.#access.apiUrl} has answered without a token: is it the URL of the service?`,
    );
  }

  /** Returns the body as a stream; leaving it ends the request. */
  async stream(path: string, { query, headers }: Omit<Sent, "json">): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#send("GET", path, { query, headers });
    if (response.status === 200) return response.body;
    readAnswer(response, await textOf(response));
    throw new ApiError(response.status, `Unexpected answer ${response.status}`);
  }

  /** Reports whether the service creates a list in one step. Routr v1 creates one resource at a time. */
  async takesLists(): Promise<boolean> {
    const { body } = await this.get("/system/status");
    // Only this server answers with both names.
    return valueAtPath(body, "data") !== undefined && valueAtPath(body, "result") !== undefined;
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  async #ask(method: string, path: string, sent: Sent): Promise<Answer> {
    const response = await this.#send(method, path, sent);
    return readAnswer(response, await textOf(response));
  }

  #send(method: string, path: string, { query = {}, headers = {}, json }: Sent): Promise<HttpResponse> {
    const { apiUrl, token } = this.#access;
    const url = new URL(apiUrl + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return this.#connection.request({
      method,
      url,
      headers: {
        accept: "application/json",
        ...token !== undefined && { authorization: `Bearer ${token}` },
        ...json !== undefined && { "content-type": "application/json" },
        ...headers,
      },
      ...json !== undefined && { body: JSON.stringify(json) },
    });
  }
}

async function textOf({ body }: HttpResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body) chunks.push(chunk);
  } catch (error) {
    throw new ClientError(`The connection was lost: ${error instanceof Error ? error.message : error}`);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Reads an answer. Early services always answer HTTP 200, with the status in the body as a number or text. */
function readAnswer({ status: statusCode, headers }: HttpResponse, text: string): Answer {
  const body = parsed(text);
  const stated = Number(valueAtPath(body, "status"));
  const status = statusCode < 300 && stated >= 300 ? stated : statusCode;
  const message = valueAtPath(body, "message");
  if (status >= 300) {
    throw new ApiError(
      status,
      refusalText(status, typeof message === "string" ? message : "", headers),
      detailsOf(body),
    );
  }
  const data = valueAtPath(body, "data") ?? valueAtPath(body, "result");
  return { message: typeof message === "string" ? message : "", data: data ?? body, body };
}

function refusalText(status: number, message: string, headers: HttpResponse["headers"]): string {
  if (status === UNAUTHORIZED) return `${message || "Unauthorized"}: run routr login`;
  if (status < 400) return `The service is somewhere else: ${headers.location ?? `it answers ${status}`}`;
  const wait = headers["retry-after"];
  const later = wait === undefined ? "" : `; try again in ${wait} s`;
  return (message || `The service answers ${status}`) + later;
}

/** Returns `pointer: message` for each fault. */
function detailsOf(body: unknown): string[] {
  const errors = valueAtPath(body, "errors");
  if (!Array.isArray(errors)) return [];
  return errors.map((error: unknown) => {
    const [pointer, message] = [valueAtPath(error, "pointer"), valueAtPath(error, "message")];
    return pointer ? `${pointer}: ${message}` : String(message);
  });
}

/** Returns the value of a JSON text, or the text itself. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
