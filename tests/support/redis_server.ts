// A real redis-server for one test: temporary folder, free port on 127.0.0.1, ended by its pid.

import { freePort } from "./ports.ts";
import { type RunningProcess, runProcess, startProcess } from "./process.ts";

const readyWithin = 10_000;

export interface RedisServerOptions {
  /** `requirepass`. */
  readonly password?: string;
  /** A user with the rights of `rules`; the default user then has none. */
  readonly user?: { readonly name: string; readonly password: string; readonly rules: readonly string[] };
  /** Further arguments: `["--notify-keyspace-events", "KA"]`. */
  readonly args?: readonly string[];
  /** The time in milliseconds after which it is killed. */
  readonly lifetime?: number;
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = await Deno.makeTempDir({ prefix: "routr-redis-" });
  const server = new RedisServer(folder, options);
  try {
    await server.restart();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

export class RedisServer implements AsyncDisposable {
  readonly port = freePort();
  readonly #folder: string;
  readonly #options: RedisServerOptions;
  #process: RunningProcess | undefined;

  constructor(folder: string, options: RedisServerOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  get output(): string {
    return this.#process?.output ?? "";
  }

  /** Starts the server again, on the same port and with its stored data, which is everything it has acknowledged. */
  async restart(): Promise<void> {
    await this.#process?.stop();
    this.#process = startProcess("redis-server", {
      args: this.#arguments(),
      cwd: this.#folder,
      lifetime: this.#options.lifetime,
    });
    await this.#process.waitForLine(/Ready to accept connections/, readyWithin);
  }

  async kill(): Promise<void> {
    this.#process?.signal("SIGKILL");
    await this.#process?.exitCode(readyWithin);
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process?.signal(signal);
  }

  async stop(): Promise<void> {
    this.#process?.signal("SIGCONT");
    await this.#process?.stop();
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
  }

  /** Returns the output of `redis-cli` for one command. Rejects when the answer is an error. */
  async run(...command: readonly string[]): Promise<string> {
    const { password, user } = this.#options;
    const credentials = user !== undefined
      ? ["--user", user.name, "--pass", user.password]
      : password !== undefined
      ? ["--pass", password]
      : [];
    const args = ["-h", "127.0.0.1", "-p", String(this.port), "-e", "--no-auth-warning", ...credentials];
    const { code, output } = await runProcess("redis-cli", { args: [...args, ...command] });
    if (code !== 0) throw new Error(`redis-cli ${command[0]} ended with code ${code}: ${output}`);
    return output.trimEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #arguments(): string[] {
    const { password, user, args = [] } = this.#options;
    return [
      ...["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#folder, "--save", ""],
      ...["--appendonly", "yes", "--appendfsync", "always"],
      ...password === undefined ? [] : ["--requirepass", password],
      ...user === undefined
        ? []
        : ["--user", user.name, "on", `>${user.password}`, ...user.rules, "--user", "default", "off"],
      ...args,
    ];
  }
}
