// A REST service with given answers, which records its requests.

export interface ServiceRequest {
  readonly method: string;
  /** The path below the base path: `/agents/ag3f77f6`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Headers;
  /** The value of a JSON body. */
  readonly body: unknown;
}

/** Answers by method and path, `GET /agents`; another value than a `Response` is the `data` of an envelope. */
export type Answers = Readonly<Record<string, (request: ServiceRequest) => unknown>>;

const BASE_PATH = "/api/v1beta1";

export class FakeService implements AsyncDisposable {
  readonly requests: ServiceRequest[] = [];
  readonly #answers: Answers;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #scheme: string;

  /** @param tls key and certificate in PEM */
  constructor(answers: Answers, tls: { key: string; cert: string; port?: number } | undefined = undefined) {
    this.#answers = answers;
    this.#scheme = tls === undefined ? "http" : "https";
    const options = { hostname: "127.0.0.1", port: tls?.port ?? 0, onListen() {} };
    this.#server = Deno.serve(
      tls === undefined ? options : { ...options, ...tls },
      (request) => this.#answer(request),
    );
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get origin(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get apiUrl(): string {
    return this.origin + BASE_PATH;
  }

  /** Method and path of each request, in order. */
  get calls(): string[] {
    return this.requests.map(({ method, path }) => `${method} ${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const text = await request.text();
    const asked: ServiceRequest = {
      method: request.method,
      path: decodeURIComponent(url.pathname.slice(BASE_PATH.length)),
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
    this.requests.push(asked);
    if (!url.pathname.startsWith(BASE_PATH)) return enveloped(404, "Not found");
    const answer = this.#answers[`${asked.method} ${asked.path}`]?.(asked);
    if (answer instanceof Response) return answer;
    return answer === undefined ? enveloped(404, "Not found") : enveloped(200, "Successful request", answer);
  }
}

/** Returns an answer in the form of the server. */
export function enveloped(status: number, message: string, data?: unknown, more: object = {}): Response {
  const named = data === undefined ? {} : { data, result: data };
  return Response.json({ status, message, ...named, ...more }, { status });
}
