/** An HTTP front under test, and its clients. */
import assert from "node:assert/strict";
import type { Clock } from "../../src/runtime/clock.ts";
import { Metrics } from "../../src/runtime/metrics.ts";
import { DEFAULT_FRONT_LIMITS, type FrontLimits } from "../../src/rest/front/front_messages.ts";
import { HttpFront, type RequestHandler } from "../../src/rest/front/http_front.ts";
import type { Client } from "../../src/rest/operation.ts";
import type { TlsSettings } from "../../src/transport/tls/tls_contexts.ts";
import { within } from "./served_transport.ts";
import { localIdentity, tlsSettings } from "./test_authority.ts";
import { pause } from "../support/pause.ts";

export interface FrontOptions {
  /** Makes it HTTPS. */
  readonly tls?: TlsSettings;
  readonly limits?: Partial<FrontLimits>;
  readonly handler?: RequestHandler;
  readonly bindAddr?: string;
  readonly port?: number;
  readonly program?: URL;
  readonly clock?: Clock;
}

/** The options for each scheme. */
export const SCHEMES: Readonly<Record<"HTTP" | "HTTPS", FrontOptions>> = {
  HTTP: {},
  HTTPS: { tls: tlsSettings() },
};

/** The answer of `echo`. */
export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly client: Client;
}

/** Answers with the received request. */
export async function echo(request: Request, client: Client): Promise<Response> {
  return Response.json({
    method: request.method,
    url: request.url,
    headers: Object.fromEntries(request.headers),
    body: await request.text(),
    client,
  });
}

export class ServedFront implements AsyncDisposable {
  readonly front: HttpFront;
  readonly metrics = new Metrics();
  /** Method and path of each request that reached the handler. */
  readonly requests: string[] = [];
  readonly #isSecure: boolean;
  readonly #httpClient: Deno.HttpClient;
  port = 0;
  address = "";

  private constructor({ tls, limits, handler = echo, bindAddr = "127.0.0.1", ...rest }: FrontOptions) {
    this.#isSecure = tls !== undefined;
    this.#httpClient = Deno.createHttpClient({ caCerts: [localIdentity.authority] });
    const options = { port: 0, bindAddr, limits: { ...DEFAULT_FRONT_LIMITS, ...limits }, ...rest };
    this.front = new HttpFront(
      { ...options, metrics: this.metrics, ...tls && { tls } },
      (request, client) => {
        this.requests.push(`${request.method} ${new URL(request.url).pathname}`);
        return handler(request, client);
      },
    );
  }

  static async start(options: FrontOptions = {}): Promise<ServedFront> {
    const served = new ServedFront(options);
    try {
      const { address, port } = await within(served.front.start(), "a listening front");
      served.address = address;
      served.port = port;
    } catch (error) {
      await served[Symbol.asyncDispose]();
      throw error;
    }
    return served;
  }

  url(path: string, host = "127.0.0.1"): string {
    return `${this.#isSecure ? "https" : "http"}://${host}:${this.port}${path}`;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return within(fetch(this.url(path), { ...init, client: this.#httpClient }), `an answer to ${path}`);
  }

  async echo(path: string, init: RequestInit = {}): Promise<Echo> {
    const response = await this.fetch(path, init);
    assert.equal(response.status, 200);
    return await response.json();
  }

  /** Opens a connection for arbitrary bytes. */
  async connect(host = "127.0.0.1"): Promise<RawClient> {
    const place = { hostname: host, port: this.port };
    return new RawClient(
      this.#isSecure
        ? await Deno.connectTls({ ...place, caCerts: [localIdentity.authority] })
        : await Deno.connect(place),
    );
  }

  /** Sends `text` and returns everything up to the end of the connection. */
  async exchange(text: string): Promise<string> {
    using client = await this.connect();
    await client.write(text);
    return await client.rest();
  }

  metric(name: string): number {
    return this.metrics.snapshot()[name];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.front.stop();
    this.#httpClient.close();
  }
}

/** A client that sends arbitrary bytes, as latin1 text. */
export class RawClient implements Disposable {
  readonly #connection: Deno.Conn;
  #text = "";
  #isClosed = false;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  async write(text: string): Promise<void> {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** Returns everything received once it contains `end`. */
  async until(end: string): Promise<string> {
    while (!this.#text.includes(end)) {
      const text = await within(this.#read(), JSON.stringify(end));
      assert.ok(text !== undefined, `The connection ended after ${JSON.stringify(this.#text)}`);
      this.#text += text;
    }
    const at = this.#text.indexOf(end) + end.length;
    const found = this.#text.slice(0, at);
    this.#text = this.#text.slice(at);
    return found;
  }

  /** Returns everything up to the end of the connection. */
  async rest(): Promise<string> {
    for (;;) {
      const text = await within(this.#read(), `the end after ${JSON.stringify(this.#text.slice(-200))}`);
      if (text === undefined) return this.#text;
      this.#text += text;
    }
  }

  close(): void {
    if (!this.#isClosed) this.#connection.close();
    this.#isClosed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #read(): Promise<string | undefined> {
    const bytes = new Uint8Array(65536);
    const count = await this.#connection.read(bytes).catch(() => null);
    if (count === null) return undefined;
    return Array.from(bytes.subarray(0, count), (byte) => String.fromCharCode(byte)).join("");
  }
}

/** Resolves when `isSo` is true; metrics of another thread arrive once a second. */
export async function eventually(isSo: () => boolean, what: string): Promise<void> {
  let isLate = false;
  const look = async () => {
    while (!isSo() && !isLate) await pause(10);
  };
  await within(look(), what).finally(() => isLate = true);
}
