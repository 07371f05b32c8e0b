import { type Clock, sleep, systemClock } from "../runtime/clock.ts";
import { CONNECTION_LOST, describeRedisError, redisErrorCode } from "../runtime/redis/redis_errors.ts";
import type { RedisConnection } from "../runtime/redis/redis_connection.ts";
import { logger } from "../runtime/log.ts";
import { SerialTasks } from "../runtime/serial_tasks.ts";
import {
  type DataProvider,
  type DocumentAddress,
  type DocumentChange,
  type DocumentProblem,
  type NewDocument,
  type ResourceDocument,
  type Source,
  type StoredDocument,
  unreadableSource,
  WriteRefused,
} from "./data_provider.ts";
import type { Position } from "./fault.ts";
import { makeDefaultUser } from "./redis/default_user.ts";
import { RedisChanges } from "./redis/redis_changes.ts";
import { RedisCollection } from "./redis/redis_collection.ts";
import { parseExactly, versionOf } from "./redis/redis_document.ts";
import { RedisReader } from "./redis/redis_reader.ts";
import { connected, createDocuments, redisRefusal, writeDocument } from "./redis/redis_writes.ts";
import { createOneByOne } from "./one_by_one.ts";
import { type Kind, KINDS } from "./resource.ts";
import { refuseRepeatedRefs } from "./write_refusal.ts";
import { isMapping } from "../runtime/mapping.ts";

export interface RedisDataProviderOptions {
  /** Milliseconds that the first load waits for Redis; unlimited by default. */
  readonly patienceMs?: number;
  /** Secret of the user `admin` who is made when there are no users; `null` makes none. */
  readonly initialSecret?: string | null;
  /** Milliseconds between two full refreshes. */
  readonly checkIntervalMs?: number;
  readonly clock?: Clock;
}

const CHECK_INTERVAL_MS = 30_000;
/** Interval where Redis does not report changes: a second, or a multiple of the duration of a refresh. */
const MIN_CHECK_INTERVAL_MS = 1000;
const REFRESHES_PER_INTERVAL = 10;
/** Milliseconds between a notice and the refresh: changes often come in series. */
const REFRESH_DELAY_MS = 30;
/** The delay after a slow or failed refresh. */
const MAX_REFRESH_DELAY_MS = 500;

/** Errors that last until the server's configuration is changed. */
const FINAL: ReadonlySet<string> = new Set(["NOPERM", "NOAUTH", "ERR"]);

const log = logger("redis");

/**
 * Resources in Redis, stored as by Routr v1 (`redis_data_provider`): the sets `agents`, `domains`, … hold the refs, and
 * the key of each ref its JSON document. Documents are kept in memory, and serve while Redis is away.
 *
 * Changes come as messages of other nodes (`routr:changes`) and, unless the server refuses or is a cluster, as keyspace
 * notifications. A full refresh now and then finds the rest; it is frequent where there are no notifications. Redis
 * makes digests of the documents for it, so little is sent; in a cluster, and where scripts are not allowed, it sends
 * all documents.
 */
export class RedisDataProvider implements DataProvider {
  readonly #connection: RedisConnection;
  readonly #options: RedisDataProviderOptions;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #collections: ReadonlyMap<string, RedisCollection>;
  readonly #changes: RedisChanges;
  /** By collection that could not be read. */
  readonly #loggedReasons = new Map<string, string>();
  #onChange: (() => void) | undefined;
  #isLoaded = false;
  #closed = false;
  readonly #refreshes = new SerialTasks();
  #refreshAlarm: unknown;
  #refreshDelayMs = REFRESH_DELAY_MS;
  #checkAlarm: unknown;
  /** Duration of the last full refresh. */
  #costMs = 0;

  /** The provider owns the connection. */
  constructor(connection: RedisConnection, options: RedisDataProviderOptions = {}) {
    this.#connection = connection;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#name = `redis ${connection.name}${connection.isCluster ? "" : `/${connection.db}`}`;
    const reader = new RedisReader(connection);
    this.#collections = new Map(
      Object.entries(KINDS).flatMap(([kind, { collections }]) =>
        collections.map((name) => {
          const file = `${this.#name} ${name}`;
          return [name, new RedisCollection({ kind: kind as Kind, name, file, reader })];
        })
      ),
    );
    this.#changes = new RedisChanges(connection, this.#collections, () => this.#refreshSoon());
  }

  async load(): Promise<readonly Source[]> {
    if (!this.#isLoaded) return await this.#firstLoad();
    // Without notices, everything has to be read.
    if (this.#onChange === undefined) this.#changes.noteEverything();
    await this.#refresh();
    return this.#sources();
  }

  /**
   * Documents are written one by one, so an unnoticed change disturbs no other. But no notice tells that Redis was
   * emptied, and the next written document would be the only one.
   */
  async isLoaded(): Promise<boolean> {
    const names = [...this.#collections.values()].filter(({ isFilled }) => isFilled).map(({ name }) => name);
    const { commands, isUp } = this.#connection;
    if (!isUp) return true;
    try {
      const found = await Promise.all(names.map((name) => commands.exists(name)));
      if (found.every((count) => count > 0)) return true;
    } catch {
      // The next read or write reports the error.
      return true;
    }
    this.#changes.noteEverything();
    return false;
  }

  get isReachable(): boolean {
    return this.#connection.isUp;
  }

  locate(_: Source, problems: readonly DocumentProblem[]): Promise<readonly (Position | undefined)[]> {
    return Promise.resolve(problems.map(() => undefined));
  }

  watch(onChange: () => void): void {
    const isListening = this.#onChange !== undefined;
    this.#onChange = onChange;
    if (isListening || this.#closed) return;
    this.#changes.listen();
    this.#connection.onUp(() => this.#changes.noteEverything());
    this.#checkLater();
  }

  async read(address: DocumentAddress): Promise<StoredDocument | undefined> {
    const { collection, ref } = this.#find(address);
    await connected(this.#connection);
    const { commands } = this.#connection;
    const [isMember, bytes] = await Promise.all([
      commands.sismember(collection.name, ref),
      commands.getBuffer(ref),
    ]).catch((error) => {
      throw redisRefusal(error, `Redis at ${this.#connection.name}`);
    });
    if (isMember === 0 || bytes === null) return undefined;
    const document = parseExactly(bytes);
    if (isMapping(document)) return { document, version: versionOf(bytes) };
    throw new WriteRefused("conflict", `${JSON.stringify(ref)} holds no document any more`);
  }

  async write(change: DocumentChange): Promise<string> {
    const { collection, ref } = change.action === "create"
      ? { collection: this.#collectionOf(change.kind, change.document), ref: change.ref }
      : this.#find(change.address);
    await writeDocument(this.#connection, {
      collection: collection.name,
      ref,
      version: change.action === "create" ? undefined : change.version,
      text: change.action === "remove" ? undefined : JSON.stringify(change.document),
    });
    this.#changes.note(collection.name, ref);
    return change.ref;
  }

  async createAll(kind: Kind, documents: readonly NewDocument[]): Promise<readonly string[]> {
    if (this.#connection.isCluster) return await createOneByOne(this, kind, documents);
    refuseRepeatedRefs(documents);
    const byCollection = Map.groupBy(documents, ({ document }) => this.#collectionOf(kind, document).name);
    if (byCollection.size > 1) {
      throw new WriteRefused("invalid", "DIDs and Numbers are kept in different places");
    }
    for (const [collection, ofCollection] of byCollection) {
      const texts = ofCollection.map(({ ref, document }) => ({ ref, text: JSON.stringify(document) }));
      await createDocuments(this.#connection, { collection, documents: texts });
      for (const { ref } of ofCollection) this.#changes.note(collection, ref);
    }
    return documents.map(({ ref }) => ref);
  }

  close(): void {
    this.#closed = true;
    this.#clock.clearAlarm(this.#refreshAlarm);
    this.#clock.clearAlarm(this.#checkAlarm);
    this.#connection.close();
  }

  /** Waits until Redis has been read once, or patience is over. */
  async #firstLoad(): Promise<readonly Source[]> {
    const { patienceMs = Infinity } = this.#options;
    const end = this.#clock.now() + patienceMs;
    for (let pause = REFRESH_DELAY_MS;; pause = MAX_REFRESH_DELAY_MS) {
      const left = end - this.#clock.now();
      try {
        await this.#connection.ready(left === Infinity ? undefined : Math.max(0, left));
      } catch (error) {
        return this.#unreachable(error instanceof Error ? error.message : String(error));
      }
      const { initialSecret } = this.#options;
      if (initialSecret !== null) await makeDefaultUser(this.#connection, initialSecret);
      this.#changes.noteEverything();
      await this.#refresh();
      if (this.#isLoaded) return this.#sources();
      if (this.#closed || left <= 0) {
        return this.#unreachable(`Cannot read from Redis at ${this.#connection.name}`);
      }
      await sleep(pause, this.#clock);
    }
  }

  #unreachable(reason: string): Source[] {
    const faults = [{ file: this.#name, property: "", found: reason, expected: "Redis to answer" }];
    return [...this.#collections.values()].map(({ name, kind }, i) =>
      unreadableSource({ kind, name: `${this.#name} ${name}` }, i === 0 ? faults : [])
    );
  }

  #sources(): Source[] {
    return [...this.#collections.values()].flatMap(({ source }) => source ?? []);
  }

  #refreshSoon(): void {
    if (this.#refreshAlarm !== undefined || this.#onChange === undefined || this.#closed) return;
    this.#refreshAlarm = this.#clock.setAlarm(async () => {
      this.#refreshAlarm = undefined;
      if (await this.#refresh() && !this.#closed) this.#onChange?.();
    }, this.#refreshDelayMs);
  }

  #checkLater(): void {
    const interval = this.#checkIntervalMs;
    this.#checkAlarm = this.#clock.setAlarm(() => {
      // Redis may report changes by now.
      if (interval >= this.#checkIntervalMs) {
        if (this.#connection.isUp) this.#changes.noteEverything();
        if (this.#changes.noticesAllClients) void this.#changes.turnOnNotifications();
      }
      this.#checkLater();
    }, interval);
  }

  get #checkIntervalMs(): number {
    const { checkIntervalMs } = this.#options;
    if (checkIntervalMs !== undefined) return checkIntervalMs;
    if (this.#changes.noticesAllClients) return CHECK_INTERVAL_MS;
    return Math.min(
      CHECK_INTERVAL_MS,
      Math.max(MIN_CHECK_INTERVAL_MS, REFRESHES_PER_INTERVAL * this.#costMs),
    );
  }

  /** Reads the noted changes after earlier refreshes. Resolves with true when something changed; never rejects. */
  #refresh(): Promise<boolean> {
    return this.#refreshes.run(() => this.#refreshNow());
  }

  async #refreshNow(): Promise<boolean> {
    if (!this.#connection.isUp || this.#closed) return false;
    const started = this.#clock.now();
    let [isChanged, isWhole, isEverything] = [false, true, true];
    for (const [name, collection] of this.#collections) {
      const change = this.#changes.take(name);
      if (change !== "all") isEverything = false;
      if (change === undefined) continue;
      try {
        if (await collection.refresh(change === "all" ? undefined : change)) isChanged = true;
        this.#loggedReasons.delete(name);
      } catch (error) {
        this.#logFailure(name, describeRedisError(error));
        if (FINAL.has(redisErrorCode(error) ?? "")) {
          if (collection.refuse(describeRedisError(error))) isChanged = true;
          continue;
        }
        isWhole = false;
        this.#changes.noteEverything(name);
      }
    }
    if (isWhole) this.#isLoaded = true;
    if (isEverything) this.#costMs = this.#clock.now() - started;
    this.#refreshDelayMs = isWhole
      ? Math.min(MAX_REFRESH_DELAY_MS, Math.max(REFRESH_DELAY_MS, this.#clock.now() - started))
      : MAX_REFRESH_DELAY_MS;
    return isChanged;
  }

  /** Logs each reason once, until the collection can be read again. The connection logs its own loss. */
  #logFailure(name: string, reason: string): void {
    if (reason === CONNECTION_LOST || !this.#connection.isUp || this.#loggedReasons.get(name) === reason) {
      return;
    }
    this.#loggedReasons.set(name, reason);
    log.warn("Cannot read {name} from {redis}: {reason}", { name, redis: this.#name, reason });
  }

  #find({ source, index }: DocumentAddress): { collection: RedisCollection; ref: string } {
    for (const collection of this.#collections.values()) {
      const ref = collection.refAt(source, index);
      if (ref !== undefined) return { collection, ref };
    }
    throw new WriteRefused("missing", `There is no such document in ${source.name}`);
  }

  /** Returns `numbers` for a document of kind Number, as Routr v1 does. */
  #collectionOf(kind: Kind, { kind: name }: ResourceDocument): RedisCollection {
    const { collections } = KINDS[kind];
    const own = collections.find((collection) => collection === `${String(name).toLowerCase()}s`);
    const collection = this.#collections.get(own ?? collections[0]);
    if (collection === undefined) throw new RangeError(`No collection has resources of kind ${kind}`);
    return collection;
  }
}
