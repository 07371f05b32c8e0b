/** The REST service: finds the operation of a request, authenticates the user, and answers. */
import type * as z from "zod";
import { mapping } from "../data/property_types.ts";
import type { User } from "../data/user.ts";
import type { Clock } from "../runtime/clock.ts";
import { logger } from "../runtime/log.ts";
import { errorResponse } from "./http/envelope.ts";
import { HttpError } from "./http/http_error.ts";
import { validated } from "./http/validation.ts";
import { RequestDocuments } from "./http/request_documents.ts";
import { RequestLog } from "./observe/request_log.ts";
import type { Client, Operation } from "./operation.ts";
import { type Route, Routes } from "./routes.ts";

const log = logger("rest");

export interface RestServiceOptions {
  readonly operations: readonly Operation[];
  readonly clock: Clock;
  /** Throws `HttpError` 401 or 429. */
  authenticate(request: Request, client: Client): Promise<User>;
  /** Returns header fields that let pages of other origins read the answer. */
  corsHeaders(request: Request): Readonly<Record<string, string>>;
}

/** Facts for the log that are found while a request is served. */
interface Trail {
  user: User | undefined;
  /** The changed thing. */
  note: string;
}

export class RestService implements Disposable {
  readonly #options: RestServiceOptions;
  readonly #routes: Routes;
  readonly #queries = new Map<Operation, z.ZodType>();
  readonly #documents = new RequestDocuments();
  readonly #log: RequestLog;

  constructor(options: RestServiceOptions) {
    this.#options = options;
    this.#routes = new Routes(options.operations);
    this.#log = new RequestLog(options.clock);
  }

  /** Answers a request. Never rejects. */
  async handle(request: Request, client: Client): Promise<Response> {
    const response = await this.#serve(request, client);
    for (const [name, value] of Object.entries(this.#options.corsHeaders(request))) {
      response.headers.set(name, value);
    }
    if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
    response.headers.set("x-content-type-options", "nosniff");
    return response;
  }

  [Symbol.dispose](): void {
    this.#documents[Symbol.dispose]();
    this.#log[Symbol.dispose]();
  }

  async #serve(request: Request, client: Client): Promise<Response> {
    const trail: Trail = { user: undefined, note: "" };
    const answered = () => {
      const { method, url } = request;
      return { method, path: new URL(url).pathname, client, username: trail.user?.username };
    };
    try {
      const response = await this.#answer(request, client, trail);
      if (response.ok) this.#log.changed(answered(), trail.note);
      return response;
    } catch (error) {
      if (error instanceof HttpError) this.#log.refused(answered(), error);
      return answerTo(error, request);
    }
  }

  async #answer(request: Request, client: Client, trail: Trail): Promise<Response> {
    const url = new URL(request.url);
    if (request.method === "OPTIONS") return new Response("OK");
    const { operation, parameters } = await this.#find(request, client, url);
    const user = operation.isOpen ? undefined : await this.#options.authenticate(request, client);
    trail.user = user;
    const query = this.#readQuery(operation, url.searchParams);
    return await operation.handle({
      request,
      client,
      parameters,
      query,
      user,
      readBody: (options) => this.#documents.read(request, options),
      note: (what) => trail.note = what,
    });
  }

  /** Finds the operation. Below `/api` only authenticated users are told that a path does not exist. */
  async #find(request: Request, client: Client, { pathname }: URL): Promise<Route> {
    try {
      return this.#routes.find(request.method, pathname);
    } catch (error) {
      if (pathname.startsWith("/api/")) await this.#options.authenticate(request, client);
      throw error;
    }
  }

  #readQuery(operation: Operation, search: URLSearchParams): Readonly<Record<string, unknown>> {
    const { query } = operation;
    if (query === undefined) return {};
    let schema = this.#queries.get(operation);
    if (schema === undefined) this.#queries.set(operation, schema = mapping(query));
    const given: Record<string, string> = {};
    for (const name of Object.keys(query)) {
      const value = search.get(name);
      if (value !== null && value !== "") given[name] = value;
    }
    try {
      return validated(schema, given) as Readonly<Record<string, unknown>>;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      throw new HttpError(400, error.message.replace("Unprocessable entity", "Bad request"), error);
    }
  }
}

function answerTo(error: unknown, request: Request): Response {
  if (error instanceof HttpError) return errorResponse(error);
  // Without the query and the body, which may hold secrets.
  const { pathname } = new URL(request.url);
  log.error("{method} {path} failed: {error}", { method: request.method, path: pathname, error });
  return errorResponse(new HttpError(500, "The execution of the service failed"));
}
