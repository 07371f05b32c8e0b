/** A routr process for one test, controlled by its REST service. */
import assert from "node:assert/strict";
import { stringify } from "yaml";
import type { Document } from "./resources.ts";
import { freePort } from "./ports.ts";
import { type RunningProcess, startProcess } from "./process.ts";
import { type RedisServer, startRedis } from "./redis_server.ts";
import { ResourceBackend } from "./resource_backend.ts";
import { pause } from "./pause.ts";

const projectRoot = new URL("../../", import.meta.url).pathname;
/** Compiling a cold module cache takes long. */
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;
const MAX_LIFETIME_MS = 240_000;

/** The data provider of its resources. */
export type Provider = "files" | "redis" | "restful";

export interface RestServerOptions {
  readonly provider?: Provider;
  /** HTTP instead of HTTPS. */
  readonly unsecured?: boolean;
  /** The secret of the user `admin`. */
  readonly secret?: string;
  /** The address of the REST service. */
  readonly bindAddr?: string;
  /** Properties of `spec.restService`. */
  readonly restService?: Readonly<Record<string, unknown>>;
  /** Properties of `spec`. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Resources by collection, besides the user `admin`; for files only. */
  readonly resources?: Readonly<Record<string, readonly Document[]>>;
}

/** A received answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The value of a JSON body; undefined for another body. */
  // deno-lint-ignore no-explicit-any -- a test fails when an expected property is missing
  readonly body: any;
}

export interface Asked extends Omit<RequestInit, "body"> {
  /** A value to send as JSON. */
  readonly json?: unknown;
  readonly body?: BodyInit;
  /** Replaces the credentials of `admin`; "" sends none. */
  readonly authorization?: string;
}

export const USER = "admin";
export const BASE = "/api/v1beta1";

export function basic(username: string, secret: string): string {
  return `Basic ${btoa(`${username}:${secret}`)}`;
}

export class RestServer implements AsyncDisposable {
  readonly user = USER;
  readonly secret: string;
  /** The port of UDP and TCP on 127.0.0.1. */
  readonly sipPort = freePort();
  readonly restPort = freePort();
  /** Secrets that no answer to `ask` may contain. */
  readonly secrets = new Set<string>();
  readonly #options: RestServerOptions;
  readonly #parts = new AsyncDisposableStack();
  directory = "";
  /** The backend of the provider `restful`. */
  backend: ResourceBackend | undefined;
  /** The server of the provider `redis`. */
  redis: RedisServer | undefined;
  #process: RunningProcess | undefined;
  #client: Deno.HttpClient | undefined;

  private constructor(options: RestServerOptions) {
    this.#options = options;
    this.secret = options.secret ?? "s3cret-of-admin";
    if (options.secret === undefined) this.secrets.add(this.secret);
  }

  static async start(options: RestServerOptions = {}): Promise<RestServer> {
    const server = new RestServer(options);
    try {
      await server.#start();
    } catch (error) {
      await server.#parts.disposeAsync();
      throw error;
    }
    return server;
  }

  async #start(): Promise<void> {
    this.directory = await Deno.makeTempDir({ prefix: "routr-rest-" });
    this.#parts.defer(() => Deno.remove(this.directory, { recursive: true }));
    await this.#writeConfiguration(await this.#dataSource());
    this.#process = this.#parts.use(startProcess(Deno.execPath(), {
      args: ["run", "--permission-set=start", "main.ts", "--config", this.directory],
      cwd: projectRoot,
      env: { NO_COLOR: "1", STATE_DIR: `${this.directory}/state` },
      lifetime: MAX_LIFETIME_MS,
    }));
    await this.#process.waitForLine(/\bReady\b/, READY_TIMEOUT_MS);
    const caCerts = this.#options.unsecured
      ? []
      : [await Deno.readTextFile(`${this.directory}/state/api-cert.pem`)];
    const client = this.#client = Deno.createHttpClient({ caCerts });
    this.#parts.defer(() => client.close());
  }

  get output(): string {
    return this.#process?.output ?? "";
  }

  /** Resolves when the pattern was logged `times` times. */
  async logged(pattern: RegExp, times = 1): Promise<void> {
    const repeated = new RegExp(pattern.source, "g");
    for (let i = 0; i < 200; i++) {
      if ([...this.output.matchAll(repeated)].length >= times) return;
      await pause(50);
    }
    assert.fail(`"${pattern}" was not logged ${times} times:\n${this.output}`);
  }

  /** Returns the exit code of a server that ends by itself. */
  exitCode(): Promise<number> {
    return this.#process!.exitCode(STOP_TIMEOUT_MS * 2);
  }

  url(path: string, host = "127.0.0.1"): string {
    const root = path === "" || /^\/(?:$|[?]|api|metrics|healthz|readyz)/.test(path) ? "" : BASE;
    return `${this.#options.unsecured ? "http" : "https"}://${host}:${this.restPort}${root}${path}`;
  }

  /** @param path a whole path, or one below `/api/v1beta1` */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url(path), {
      redirect: "manual",
      ...init,
      client: this.#client,
      signal: AbortSignal.timeout(20_000),
    });
  }

  /** Sends a request as `admin`. Fails when the answer contains a secret. */
  async ask(request: string, { json, authorization, headers, ...init }: Asked = {}): Promise<Answer> {
    const [method, path] = request.split(" ");
    const all = new Headers(headers);
    const credentials = authorization ?? basic(this.user, this.secret);
    if (credentials !== "") all.set("authorization", credentials);
    if (json !== undefined) all.set("content-type", "application/json");
    const body = json === undefined ? init.body : JSON.stringify(json);
    const response = await this.fetch(path, {
      ...init,
      method,
      headers: all,
      ...body !== undefined && { body },
    });
    const text = await response.text();
    for (const secret of this.secrets) {
      assert.ok(!text.includes(secret), `The answer to ${request} has a secret in it:\n${text}`);
    }
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  }

  /** Ends the server. Fails when it crashed or has logged a secret. */
  async [Symbol.asyncDispose](): Promise<void> {
    const code = await this.#process?.stop(STOP_TIMEOUT_MS);
    const { output } = this;
    await this.#parts.disposeAsync();
    assert.equal(code, 0, output);
    for (const secret of this.secrets) assert.ok(!output.includes(secret), "A secret was logged");
    assert.doesNotMatch(output, /Unexpected (?:error|rejection)|execution of the service failed/);
  }

  async #dataSource(): Promise<unknown> {
    switch (this.#options.provider ?? "files") {
      case "files":
        return undefined;
      case "redis":
        this.redis = this.#parts.use(await startRedis());
        return { provider: "redis_data_provider", parameters: { host: "127.0.0.1", port: this.redis.port } };
      case "restful": {
        const backend = this.backend = this.#parts.use(new ResourceBackend({ hasEtags: true }));
        backend.put("users", [admin(this.secret)]);
        const { baseUrl, username, secret } = backend;
        return { provider: "restful_data_provider", parameters: { baseUrl, username, secret } };
      }
    }
  }

  async #writeConfiguration(dataSource: unknown): Promise<void> {
    const { bindAddr = "127.0.0.1", unsecured = false, provider = "files", resources = {} } = this.#options;
    const write = (name: string, content: unknown) =>
      Deno.writeTextFile(`${this.directory}/${name}.yaml`, stringify(content));
    await write("config", {
      apiVersion: "v1beta1",
      spec: {
        bindAddr: "127.0.0.1",
        transport: ["udp", "tcp"].map((protocol) => ({ protocol, port: this.sipPort })),
        restService: {
          bindAddr,
          port: this.restPort,
          unsecured,
          ...provider === "redis" && { initialApiSecret: this.secret },
          ...this.#options.restService,
        },
        ...dataSource !== undefined && { dataSource },
        ...this.#options.spec,
      },
    });
    if (provider !== "files") return;
    for (const [name, documents] of Object.entries({ users: [admin(this.secret)], ...resources })) {
      await write(name, documents);
    }
  }
}

function admin(secret: string): Document {
  return {
    apiVersion: "v1beta1",
    kind: "User",
    metadata: { name: "Admin" },
    spec: { credentials: { username: USER, secret } },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
