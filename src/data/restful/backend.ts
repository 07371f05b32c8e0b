import { createHash } from "node:crypto";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { BackendFailure, describeNetworkError, FaultyAnswer } from "./backend_failure.ts";
import { type Envelope, failureOf, readEnvelope } from "./envelope.ts";
import { isMapping } from "../../runtime/mapping.ts";

export interface BackendOptions {
  /** `http:` or `https:`; requests go to paths below it. */
  readonly baseUrl: string;
  readonly username: string;
  readonly secret: string;
  /** Milliseconds of silence that end a request. */
  readonly timeout: number;
  /** A file of PEM certificates that may sign the backend's, besides those of the system. */
  readonly trustStore?: string | undefined;
  readonly clock?: Clock;
}

export interface BackendRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the base, not yet escaped. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly ifNoneMatch?: string | undefined;
  readonly ifMatch?: string | undefined;
  /** JSON text. */
  readonly body?: string;
  /** Larger bodies are refused. */
  readonly maxBytes: number;
}

interface Body {
  readonly text: string;
  /** Bytes of the body. */
  readonly length: number;
  /** Differs whenever the body does. */
  readonly digest: string;
}

export interface BackendAnswer extends Body {
  /** 304 or a 2xx. */
  readonly status: number;
  readonly etag: string | undefined;
}

const MAX_REQUESTS_AT_ONCE = 4;
/** A slow body ends after this multiple of the timeout. */
const MAX_ANSWER_TIMEOUTS = 24;
/** Bytes read of the answer to a failed request. */
const MAX_FAILURE_BYTES = 64 * 1024;

/**
 * HTTP requests to a backend with Basic authentication (RFC 7617). Redirects are not followed, so that credentials go
 * nowhere else. All errors are a `BackendFailure`.
 */
export class Backend {
  /** The URL without credentials. */
  readonly url: string;
  readonly #options: BackendOptions;
  readonly #clock: Clock;
  readonly #authorization: string;
  readonly #running = new Set<AbortController>();
  readonly #waiting: (() => void)[] = [];
  #free = MAX_REQUESTS_AT_ONCE;
  #client: Deno.HttpClient | undefined;
  #isClosed = false;

  constructor(options: BackendOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const url = new URL(options.baseUrl);
    url.username =
      url.password =
      url.hash =
      url.search =
        "";
    this.url = url.href.replace(/\/+$/, "");
    const credentials = new TextEncoder().encode(`${options.username}:${options.secret}`);
    this.#authorization = `Basic ${btoa(String.fromCharCode(...credentials))}`;
  }

  urlOf(path: readonly string[]): string {
    return [this.url, ...path.map((segment) => encodeURIComponent(segment.toWellFormed()))].join("/");
  }

  async request(request: BackendRequest): Promise<BackendAnswer> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#request(request);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  /** Returns the envelope of a successful body. The first releases of Routr v1 put the status into the body alone. */
  open(body: unknown): Envelope {
    const envelope = readEnvelope(body);
    const { status = 200, message } = envelope;
    if (status < 200 || status > 299) throw failureOf(status, this.#hide(message));
    return envelope;
  }

  /** Fails present and later requests. */
  close(): void {
    this.#isClosed = true;
    for (const controller of this.#running) controller.abort(CLOSED);
    this.#client?.close();
    this.#client = undefined;
  }

  async #request(request: BackendRequest): Promise<BackendAnswer> {
    if (this.#isClosed) throw CLOSED;
    const { timeout } = this.#options;
    const controller = new AbortController();
    const giveUp = () => controller.abort(new BackendFailure(0, "no answer in time"));
    const whole = this.#clock.setAlarm(giveUp, MAX_ANSWER_TIMEOUTS * timeout);
    let silence = this.#clock.setAlarm(giveUp, timeout);
    const onBytes = () => {
      this.#clock.clearAlarm(silence);
      silence = this.#clock.setAlarm(giveUp, timeout);
    };
    this.#running.add(controller);
    try {
      const response = await this.#fetch(request, controller.signal);
      onBytes();
      return await this.#readAnswer(response, { maxBytes: request.maxBytes, onBytes });
    } catch (error) {
      if (controller.signal.aborted) throw controller.signal.reason;
      throw error instanceof BackendFailure ? error : new BackendFailure(0, describeNetworkError(error));
    } finally {
      this.#running.delete(controller);
      this.#clock.clearAlarm(silence);
      this.#clock.clearAlarm(whole);
    }
  }

  async #fetch(request: BackendRequest, signal: AbortSignal): Promise<Response> {
    const { method, path, query = {}, ifNoneMatch, ifMatch, body } = request;
    const headers = new Headers({ authorization: this.#authorization, accept: "application/json" });
    if (ifNoneMatch !== undefined) headers.set("if-none-match", ifNoneMatch);
    if (ifMatch !== undefined) headers.set("if-match", ifMatch);
    if (body !== undefined) headers.set("content-type", "application/json");
    const url = new URL(this.urlOf(path));
    url.search = new URL(this.#options.baseUrl).search;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const client = this.#client ??= this.#connect();
    // A redirect would show the credentials to another server.
    return await fetch(url, { method, headers, body: body ?? null, signal, client, redirect: "manual" });
  }

  #connect(): Deno.HttpClient {
    const { trustStore } = this.#options;
    if (trustStore === undefined) return Deno.createHttpClient({});
    try {
      return Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(trustStore)] });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new BackendFailure(0, `the certificates to trust cannot be read (${reason})`);
    }
  }

  async #readAnswer(
    response: Response,
    { maxBytes, onBytes }: { maxBytes: number; onBytes: () => void },
  ): Promise<BackendAnswer> {
    const { status, headers } = response;
    if (status === 304 || response.ok) {
      const body = await readBody(response, { maxBytes, onBytes });
      return { status, etag: headers.get("etag") ?? undefined, ...body };
    }
    if (status >= 300 && status <= 399) {
      await response.body?.cancel();
      throw failureOf(status, "");
    }
    const { text } = await readBody(response, { maxBytes: MAX_FAILURE_BYTES, onBytes })
      .catch((error) => {
        if (error instanceof FaultyAnswer) return { text: "" };
        throw error;
      });
    throw failureOf(status, this.#hide(messageOf(text)));
  }

  /** Some services repeat the request in their messages. */
  #hide(message: string): string {
    const { secret } = this.#options;
    return [secret, this.#authorization.slice("Basic ".length)]
      .filter((text) => text !== "")
      .reduce((text, hidden) => text.replaceAll(hidden, "…"), message);
  }
}

const CLOSED = new BackendFailure(0, "the connection was given up");

async function readBody(
  response: Response,
  { maxBytes, onBytes }: { maxBytes: number; onBytes: () => void },
): Promise<Body> {
  const decoder = new TextDecoder();
  const digest = createHash("sha256");
  let text = "";
  let length = 0;
  // An exception in the loop cancels the body.
  for await (const chunk of response.body ?? []) {
    onBytes();
    length += chunk.length;
    if (length > maxBytes) throw new FaultyAnswer(`more than ${maxBytes} bytes`, "less");
    digest.update(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  return { text: text + decoder.decode(), length, digest: digest.digest("base64") };
}

function messageOf(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    return isMapping(body) && typeof body.message === "string" ? body.message : "";
  } catch {
    return "";
  }
}
