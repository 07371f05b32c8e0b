import type { DataProvider } from "../../src/data/data_provider.ts";
import { RedisDataProvider, type RedisDataProviderOptions } from "../../src/data/redis_data_provider.ts";
import { RedisConnection, type RedisConnectionOptions } from "../../src/runtime/redis/redis_connection.ts";
import { type RedisServer, type RedisServerOptions, startRedis } from "../support/redis_server.ts";
import type { Document } from "../support/resources.ts";
import type { DataProviderHarness } from "./data_provider_contract.ts";

export interface RedisStorageOptions {
  readonly server?: RedisServerOptions;
  readonly provider?: RedisDataProviderOptions;
  /** Makes a cluster of the one server; its arguments must allow it. */
  readonly isCluster?: boolean;
}

/** A Redis server of one test, and an operator's changes of it: plain commands, without messages. */
export class RedisStorage implements DataProviderHarness {
  readonly server: RedisServer;
  readonly #options: RedisStorageOptions;
  readonly #operator: RedisConnection;
  readonly #opened: DataProvider[] = [];

  private constructor(server: RedisServer, options: RedisStorageOptions) {
    this.server = server;
    this.#options = options;
    this.#operator = this.connect();
  }

  static async start(options: RedisStorageOptions = {}): Promise<RedisStorage> {
    const server = await startRedis(options.server);
    if (options.isCluster) {
      await server.run("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
      // A server waits some seconds before it becomes a cluster.
      for (let i = 0; i < 100 && !(await server.run("CLUSTER", "INFO")).includes("cluster_state:ok"); i++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    return new RedisStorage(server, options);
  }

  /** Opens a provider, which makes no user by default. */
  open(
    options: RedisDataProviderOptions = {},
    connection: Partial<RedisConnectionOptions> = {},
  ): RedisDataProvider {
    const provider = new RedisDataProvider(this.connect(connection), {
      initialSecret: null,
      ...this.#options.provider,
      ...options,
    });
    this.#opened.push(provider);
    return provider;
  }

  /** Runs one command; rejects when the answer is an error. */
  async run(command: string, ...words: readonly string[]): Promise<unknown> {
    await this.#operator.ready(10_000);
    return await this.#operator.commands.call(command, ...words);
  }

  async put(collection: string, documents: readonly Document[]): Promise<void> {
    await this.remove(collection);
    for (const [i, document] of documents.entries()) {
      const { ref = `${collection}-${i}` } = document.metadata as { readonly ref?: string };
      await this.run("SET", ref, JSON.stringify(document));
      await this.run("SADD", collection, ref);
    }
  }

  async spoil(collection: string): Promise<void> {
    await this.run("SET", collection, "no set");
  }

  async remove(collection: string): Promise<void> {
    const isSet = await this.run("TYPE", collection) === "set";
    const refs = isSet ? await this.run("SMEMBERS", collection) as string[] : [];
    for (const key of [collection, ...refs]) await this.run("DEL", key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const provider of this.#opened) provider.close();
    this.#operator.close();
    await this.server.stop();
  }

  /** Opens a connection, which the caller closes. */
  connect(options: Partial<RedisConnectionOptions> = {}): RedisConnection {
    const { server: { password, user } = {}, isCluster } = this.#options;
    return new RedisConnection({
      host: "127.0.0.1",
      port: this.server.port,
      ...(user === undefined ? {} : { username: user.name, secret: user.password }),
      ...(password === undefined ? {} : { secret: password }),
      db: 0,
      tls: false,
      max_retry: -1,
      retry_interval: 0.2,
      timeout: 2000,
      ...(isCluster ? { url: `redis-cluster://127.0.0.1:${this.server.port}` } : {}),
      ...options,
    });
  }
}
