/** A service of resources in memory with the protocol of Routr's REST service, on 127.0.0.1. */
import { hash } from "node:crypto";
import { type Kind, KINDS, readResource } from "../../src/data/resource.ts";
import type { Document } from "./resources.ts";
import type { TestCertificate } from "./certificates.ts";

export interface ResourceBackendOptions {
  /**
   * `first`: `{status, message, result}`, always with HTTP status 200; `later`: `{status, message, data, meta}` in
   * pages.
   */
  readonly era?: "first" | "later" | "plain";
  /** Sends entity tags and respects If-None-Match and If-Match. */
  readonly hasEtags?: boolean;
  /** Leaves out secrets. */
  readonly hidesSecrets?: "in lists" | "everywhere";
  /** Maximum number of documents on a page. */
  readonly maxPageItems?: number;
  /** Makes `dids` and `numbers` the same collection. */
  readonly hasOneNameForDids?: boolean;
  /** Serves HTTPS. */
  readonly certificate?: TestCertificate;
}

/** A faulty answer of the backend. */
export type Trouble =
  | "silence"
  | "status 500"
  | "status 403"
  | "garbage"
  | "another form"
  | "endless"
  | "cut"
  | "status 404 in the body"
  | { readonly redirectTo: string }
  | { readonly body: string; readonly status?: number };

export interface SeenRequest {
  readonly method: string;
  /** The path below the base: `/agents?filter=*`. */
  readonly path: string;
  readonly collection: string;
  readonly headers: Headers;
}

const BASE = "/v1/ctl";
const ITEMS_PER_PAGE = 30;
const TEXTS: Readonly<Record<number, string>> = {
  200: "Successful request",
  201: "Created",
  400: "Bad request",
  401: "Unauthorized",
  404: "Not found",
  409: "An attempt was made to create an object that already exists",
  412: "Precondition failed",
};

export class ResourceBackend implements AsyncDisposable {
  readonly username = "admin";
  readonly secret = "chängeit:1";
  /** All requests since the start. */
  readonly requests: SeenRequest[] = [];
  /** Called before each answer. */
  onRequest: (request: SeenRequest) => void | Promise<void> = () => {};
  readonly #options: ResourceBackendOptions;
  readonly #collections = new Map<string, Document[]>();
  readonly #troubles = new Map<string, Trouble>();
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #port = 0;
  #isStopping = false;
  #endSilence: (() => void)[] = [];
  #running = 0;
  mostAtOnce = 0;

  constructor(options: ResourceBackendOptions = {}) {
    this.#options = options;
    this.start();
  }

  /** Starts serving, or again on the same port. */
  start(): void {
    const { certificate } = this.#options;
    const tls = certificate && {
      cert: Deno.readTextFileSync(certificate.chain),
      key: Deno.readTextFileSync(certificate.privateKey),
    };
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: this.#port, onListen() {}, onError: () => new Response(null), ...tls },
      (request) => this.#serve(request),
    );
    this.#server = server;
    this.#isStopping = false;
    this.#port = server.addr.port;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const end of this.#endSilence) end();
    this.#endSilence = [];
    await this.#server?.shutdown();
    this.#server = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get baseUrl(): string {
    return `${this.#options.certificate ? "https" : "http"}://127.0.0.1:${this.#port}${BASE}`;
  }

  /** Replaces a collection; documents without a ref get one, as by a service. */
  put(collection: string, documents: readonly Document[]): void {
    this.#troubles.delete(collection);
    this.#collections.set(
      this.#nameOf(collection),
      documents.map((document) => withRef(collection, document)),
    );
  }

  get(collection: string): readonly Document[] {
    return this.#collections.get(this.#nameOf(collection)) ?? [];
  }

  /** Removes a collection: status 404. */
  remove(collection: string): void {
    this.#collections.delete(collection);
  }

  /** Sets faulty answers for one collection, or for all by `*`; undefined ends them. */
  trouble(collection: string, trouble: Trouble | undefined): void {
    if (trouble === undefined) this.#troubles.delete(collection);
    else this.#troubles.set(collection, trouble);
  }

  requestsFor(collection: string): SeenRequest[] {
    return this.requests.filter((request) => request.collection === collection);
  }

  #nameOf(collection: string): string {
    return this.#options.hasOneNameForDids && collection === "numbers" ? "dids" : collection;
  }

  async #serve(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [collection = "", ref] = url.pathname.slice(BASE.length + 1).split("/").map(decodeURIComponent);
    const { method, headers } = request;
    const path = `${url.pathname.slice(BASE.length)}${decodeURIComponent(url.search)}`;
    const seen = { method, path, collection, headers };
    this.requests.push(seen);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#running);
    try {
      const body = await request.text();
      await this.onRequest(seen);
      const trouble = this.#troubles.get(collection) ?? this.#troubles.get("*");
      if (trouble !== undefined) return await this.#makeTrouble(trouble);
      if (!url.pathname.startsWith(`${BASE}/`)) return this.#answer(404);
      if (!this.#isAllowed(headers)) return this.#fixed(401);
      return this.#handle({ method, headers, collection: this.#nameOf(collection), ref, url, body });
    } finally {
      this.#running--;
    }
  }

  #isAllowed(headers: Headers): boolean {
    const credentials = new TextEncoder().encode(`${this.username}:${this.secret}`);
    return headers.get("authorization") === `Basic ${btoa(String.fromCharCode(...credentials))}`;
  }

  #handle(request: {
    readonly method: string;
    readonly headers: Headers;
    readonly collection: string;
    readonly ref: string | undefined;
    readonly url: URL;
    readonly body: string;
  }): Response {
    const { method, headers, collection, ref, url, body } = request;
    const documents = this.#collections.get(collection);
    if (method === "POST" && kindOf(collection)) return this.#create(collection, JSON.parse(body));
    if (documents === undefined) return this.#answer(404);
    if (ref === undefined) {
      return method === "GET" ? this.#list(documents, url.searchParams, headers) : this.#answer(400);
    }
    const index = documents.findIndex((document) => refOf(document) === ref);
    if (index < 0) return this.#answer(404);
    const etag = etagOf(documents[index]);
    if (method === "GET") {
      const document = this.#options.hidesSecrets === "everywhere"
        ? withoutSecret(documents[index])
        : documents[index];
      return this.#answer(200, { content: document, headers: this.#tagged(etag) });
    }
    const ifMatch = this.#options.hasEtags ? headers.get("if-match") : null;
    if (ifMatch !== null && ifMatch !== etag) return this.#answer(412);
    if (method === "PUT") documents[index] = withRef(collection, JSON.parse(body));
    else if (method === "DELETE" && body === '"noobj"') documents.splice(index, 1);
    else return this.#answer(400);
    return this.#answer(200, { content: ref });
  }

  #create(collection: string, given: Document): Response {
    const documents = this.#collections.get(collection) ?? [];
    this.#collections.set(collection, documents);
    const document = withRef(collection, given);
    const ref = refOf(document);
    if (documents.some((each) => refOf(each) === ref)) return this.#answer(409);
    documents.push(document);
    return this.#answer(201, { content: ref });
  }

  #list(documents: readonly Document[], query: URLSearchParams, headers: Headers): Response {
    if ((query.get("filter") ?? "*") !== "*") return this.#answer(400);
    const { era = "first", maxPageItems = Infinity, hidesSecrets } = this.#options;
    const shown = hidesSecrets === undefined ? documents : documents.map(withoutSecret);
    if (era !== "later") return this.#tag(this.#answer(200, { content: shown }), headers, documents);
    const currentPage = Number(query.get("page") ?? 1);
    const itemsPerPage = Math.min(Number(query.get("itemsPerPage") ?? ITEMS_PER_PAGE), maxPageItems);
    const begin = (currentPage - 1) * itemsPerPage;
    const content = shown.slice(begin, begin + itemsPerPage);
    const totalItems = shown.length;
    const totalPages = Math.ceil(totalItems / itemsPerPage);
    // Empty lists have no meta.
    const meta = content.length > 0 ? { currentPage, totalPages, itemsPerPage, totalItems } : undefined;
    return this.#tag(this.#answer(200, { content, meta }), headers, [content, meta]);
  }

  #tag(answer: Response, headers: Headers, content: unknown): Response {
    if (!this.#options.hasEtags) return answer;
    const etag = `W/${etagOf(content)}`;
    if (headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers: { etag } });
    answer.headers.set("etag", etag);
    return answer;
  }

  #tagged(etag: string): Record<string, string> {
    return this.#options.hasEtags ? { etag } : {};
  }

  #answer(
    status: number,
    { content, meta, headers = {} }: { content?: unknown; meta?: unknown; headers?: Record<string, string> } =
      {},
  ): Response {
    const { era = "first" } = this.#options;
    const message = TEXTS[status];
    if (era === "first") return Response.json({ status, message, result: content }, { headers });
    if (era === "later") return Response.json({ status, message, data: content, meta }, { status, headers });
    return Response.json(content ?? null, { status, headers });
  }

  /** Returns an answer whose status is text in all releases. */
  #fixed(status: number): Response {
    const { era = "first" } = this.#options;
    return Response.json({ status: String(status), message: TEXTS[status] }, {
      status: era === "first" ? 200 : status,
    });
  }

  async #makeTrouble(trouble: Trouble): Promise<Response> {
    const { secret } = this;
    switch (trouble) {
      case "silence":
        if (!this.#isStopping) await new Promise<void>((resolve) => this.#endSilence.push(resolve));
        return new Response(null, { status: 503 });
      case "status 500":
        return Response.json({ status: 500, message: `Not with\n${secret}` }, { status: 500 });
      case "status 403":
        return Response.json({ status: 403, message: "Forbidden" }, { status: 403 });
      case "status 404 in the body":
        return Response.json({ status: "404", message: "Not found" });
      case "garbage":
        return new Response("<html>Welcome</html>");
      case "another form":
        return Response.json({ agents: [] });
      case "endless":
        return new Response(endless());
      case "cut":
        return new Response(cut());
    }
    if ("redirectTo" in trouble) {
      return new Response(null, { status: 307, headers: { location: trouble.redirectTo } });
    }
    return new Response(trouble.body, { status: trouble.status ?? 200 });
  }
}

function endless(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunk = new Uint8Array(64 * 1024).fill(32);
  return new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
}

function cut(): ReadableStream<Uint8Array<ArrayBuffer>> {
  let isFirst = true;
  return new ReadableStream({
    pull: (controller) => {
      if (isFirst) controller.enqueue(new TextEncoder().encode('{"status": 200, "result": ['));
      else controller.error(new Error("Cut"));
      isFirst = false;
    },
  });
}

function kindOf(collection: string): Kind | undefined {
  const [kind] = Object.entries(KINDS).find(([, { collections }]) => collections.includes(collection)) ?? [];
  return kind as Kind | undefined;
}

function withRef(collection: string, document: Document): Document {
  const metadata = document.metadata as Document;
  if (metadata.ref !== undefined) return document;
  const kind = kindOf(collection);
  const ref = kind && readResource(kind, document).resource?.ref || etagOf(document).slice(1, 9);
  return { ...document, metadata: { ...metadata, ref } };
}

function refOf({ metadata }: Document): unknown {
  return (metadata as Document).ref;
}

function withoutSecret(document: Document): Document {
  const spec = document.spec as Document;
  const credentials = spec.credentials as Document | undefined;
  if (credentials === undefined) return document;
  const { secret: _, ...shown } = credentials;
  return { ...document, spec: { ...spec, credentials: shown } };
}

function etagOf(content: unknown): string {
  return `"${hash("md5", JSON.stringify(content) ?? "")}"`;
}
