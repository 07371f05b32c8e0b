import { CONNECTION_LOST, describeRedisError, redisErrorCode } from "../runtime/redis/redis_client.ts";
import type { RedisConnection } from "../runtime/redis/redis_connection.ts";
import { logger } from "../runtime/log.ts";
import {
  type DataProvider,
  type DocumentChange,
  type DocumentPlace,
  type DocumentProblem,
  type NewDocument,
  type ResourceDocument,
  type Source,
  type StoredDocument,
  WriteRefused,
} from "./data_provider.ts";
import type { Position } from "./fault.ts";
import { makeDefaultUser } from "./redis/default_user.ts";
import { RedisChanges } from "./redis/redis_changes.ts";
import { RedisCollection } from "./redis/redis_collection.ts";
import { parseExactly, versionOf } from "./redis/redis_document.ts";
import { RedisReader } from "./redis/redis_reader.ts";
import { createDocuments, reached, refusal, writeDocument } from "./redis/redis_writes.ts";
import { createOneByOne } from "./one_by_one.ts";
import { type Kind, KINDS } from "./resource.ts";
import { refuseRepeatedRefs } from "./write_refusal.ts";
import { isMapping } from "../runtime/mapping.ts";

export interface RedisDataProviderOptions {
  /** Milliseconds to wait for Redis when there is no content yet; for ever unless given. */
  readonly patience?: number;
  /** Secret of the user `admin` who is made when there are no users; `null` if none shall be made. */
  readonly initialSecret?: string | null;
  /** Milliseconds between two looks at everything. */
  readonly checkInterval?: number;
}

const CHECK_INTERVAL = 30_000;
/** The same where Redis does not report changes: a second, or so many times what a look takes. */
const SHORTEST_CHECK_INTERVAL = 1000;
const LOOKS_PER_INTERVAL = 10;
/** Milliseconds between a notice and a look at it: changes often come in numbers. */
const REST = 30;
/** After a look that took long, or failed. */
const LONGEST_REST = 500;

/** Answers that stay the same until somebody changes the server's configuration. */
const FINAL: ReadonlySet<string> = new Set(["NOPERM", "NOAUTH", "ERR"]);

const log = logger("redis");

/**
 * Resources in Redis, as Routr v1 kept them ("redis_data_provider"): the sets `agents`, `domains`, … have the refs, and
 * the key of each ref has the JSON document. What was read stays in memory, and serves while Redis is away.
 *
 * Changes are heard from other nodes (`routr:changes`) and, unless the server refuses or is a cluster, from keyspace
 * notifications; a look at everything now and then finds the rest, often where it is the only means. For that look Redis
 * makes digests of the documents, so little is sent; in a cluster, and where scripts are not allowed, it sends all documents.
 */
export class RedisDataProvider implements DataProvider {
  readonly #connection: RedisConnection;
  readonly #options: RedisDataProviderOptions;
  readonly #name: string;
  readonly #collections: ReadonlyMap<string, RedisCollection>;
  readonly #changes: RedisChanges;
  /** Why a collection could not be read, by its name. */
  readonly #told = new Map<string, string>();
  #onChange: (() => void) | undefined;
  #isLoaded = false;
  #closed = false;
  /** The last of the looks at Redis, which are one after the other. */
  #lastLook: Promise<unknown> = Promise.resolve();
  #rest: ReturnType<typeof setTimeout> | undefined;
  #nextRest = REST;
  #check: ReturnType<typeof setTimeout> | undefined;
  /** Milliseconds that the last look at everything took. */
  #cost = 0;

  /** `connection` is the provider's own from now on. */
  constructor(connection: RedisConnection, options: RedisDataProviderOptions = {}) {
    this.#connection = connection;
    this.#options = options;
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
    this.#changes = new RedisChanges(connection, this.#collections, () => this.#lookSoon());
  }

  async load(): Promise<readonly Source[]> {
    if (!this.#isLoaded) return await this.#firstLoad();
    // Who does not listen has to look at everything.
    if (this.#onChange === undefined) this.#changes.noteEverything();
    await this.#look();
    return this.#sources();
  }

  /**
   * Documents are written one by one, so that a change which is not known yet disturbs no other. But nobody reports that
   * Redis was emptied, and what is written then would be all that there is.
   */
  async isLoaded(): Promise<boolean> {
    const names = [...this.#collections.values()].filter(({ isFilled }) => isFilled).map(({ name }) => name);
    const { commands, isUp } = this.#connection;
    if (!isUp) return true;
    try {
      const found = await Promise.all(names.map((name) => commands.exists(name)));
      if (found.every((count) => count > 0)) return true;
    } catch {
      // What is wrong with Redis is told by whoever reads or writes.
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

  async read(place: DocumentPlace): Promise<StoredDocument | undefined> {
    const { collection, ref } = this.#find(place);
    await reached(this.#connection);
    const { commands } = this.#connection;
    const [isMember, bytes] = await Promise.all([
      commands.sismember(collection.name, ref),
      commands.getBuffer(ref),
    ]).catch((error) => {
      throw refusal(error, `Redis at ${this.#connection.name}`);
    });
    if (isMember === 0 || bytes === null) return undefined;
    const document = parseExactly(bytes);
    if (isMapping(document)) return { document, version: versionOf(bytes) };
    throw new WriteRefused("conflict", `${JSON.stringify(ref)} holds no document any more`);
  }

  async write(change: DocumentChange): Promise<string> {
    const { collection, ref } = change.action === "create"
      ? { collection: this.#collectionOf(change.kind, change.document), ref: change.ref }
      : this.#find(change.place);
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
    clearTimeout(this.#rest);
    clearTimeout(this.#check);
    this.#connection.close();
  }

  /** Waits until Redis has been read once, or for as long as there is patience. */
  async #firstLoad(): Promise<readonly Source[]> {
    const { patience = Infinity } = this.#options;
    const end = performance.now() + patience;
    for (let pause = REST;; pause = LONGEST_REST) {
      const left = end - performance.now();
      try {
        await this.#connection.ready(left === Infinity ? undefined : Math.max(0, left));
      } catch (error) {
        return this.#unreachable(error instanceof Error ? error.message : String(error));
      }
      const { initialSecret } = this.#options;
      if (initialSecret !== null) await makeDefaultUser(this.#connection, initialSecret);
      this.#changes.noteEverything();
      await this.#look();
      if (this.#isLoaded) return this.#sources();
      if (this.#closed || left <= 0) {
        return this.#unreachable(`Cannot read from Redis at ${this.#connection.name}`);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  #unreachable(reason: string): Source[] {
    const faults = [{ file: this.#name, property: "", found: reason, expected: "Redis to answer" }];
    return [...this.#collections.values()].map(({ name, kind }, i) => ({
      kind,
      name: `${this.#name} ${name}`,
      resources: [],
      readable: false,
      faults: i === 0 ? faults : [],
      warnings: [],
      declared: [],
    }));
  }

  #sources(): Source[] {
    return [...this.#collections.values()].flatMap(({ source }) => source ?? []);
  }

  #lookSoon(): void {
    if (this.#rest !== undefined || this.#onChange === undefined || this.#closed) return;
    this.#rest = setTimeout(async () => {
      this.#rest = undefined;
      if (await this.#look() && !this.#closed) this.#onChange?.();
    }, this.#nextRest);
  }

  #checkLater(): void {
    const interval = this.#checkInterval;
    this.#check = setTimeout(() => {
      // Redis may have begun to report meanwhile.
      if (interval >= this.#checkInterval) {
        if (this.#connection.isUp) this.#changes.noteEverything();
        if (this.#changes.hearsEverybody) void this.#changes.turnOnNotifications();
      }
      this.#checkLater();
    }, interval);
  }

  get #checkInterval(): number {
    const { checkInterval } = this.#options;
    if (checkInterval !== undefined) return checkInterval;
    if (this.#changes.hearsEverybody) return CHECK_INTERVAL;
    return Math.min(CHECK_INTERVAL, Math.max(SHORTEST_CHECK_INTERVAL, LOOKS_PER_INTERVAL * this.#cost));
  }

  /** Reads what was noted, after the looks before. Resolves with whether anything is different; never rejects. */
  #look(): Promise<boolean> {
    const look = this.#lastLook.then(() => this.#lookNow());
    this.#lastLook = look;
    return look;
  }

  async #lookNow(): Promise<boolean> {
    if (!this.#connection.isUp || this.#closed) return false;
    const started = performance.now();
    let [isNews, isWhole, isEverything] = [false, true, true];
    for (const [name, collection] of this.#collections) {
      const change = this.#changes.take(name);
      if (change !== "all") isEverything = false;
      if (change === undefined) continue;
      try {
        if (await collection.refresh(change === "all" ? undefined : change)) isNews = true;
        this.#told.delete(name);
      } catch (error) {
        this.#tell(name, describeRedisError(error));
        if (FINAL.has(redisErrorCode(error) ?? "")) {
          if (collection.refuse(describeRedisError(error))) isNews = true;
          continue;
        }
        isWhole = false;
        this.#changes.noteEverything(name);
      }
    }
    if (isWhole) this.#isLoaded = true;
    if (isEverything) this.#cost = performance.now() - started;
    this.#nextRest = isWhole
      ? Math.min(LONGEST_REST, Math.max(REST, performance.now() - started))
      : LONGEST_REST;
    return isNews;
  }

  /** Once, until the collection can be read again; that the connection is lost is told by the connection. */
  #tell(name: string, reason: string): void {
    if (reason === CONNECTION_LOST || !this.#connection.isUp || this.#told.get(name) === reason) return;
    this.#told.set(name, reason);
    log.warn("Cannot read {name} from {place}: {reason}", { name, place: this.#name, reason });
  }

  #find({ source, index }: DocumentPlace): { collection: RedisCollection; ref: string } {
    for (const collection of this.#collections.values()) {
      const ref = collection.refAt(source, index);
      if (ref !== undefined) return { collection, ref };
    }
    throw new WriteRefused("missing", `There is no such document in ${source.name}`);
  }

  /** `numbers` for what calls itself a Number, as Routr v1 does. */
  #collectionOf(kind: Kind, { kind: name }: ResourceDocument): RedisCollection {
    const { collections } = KINDS[kind];
    const own = collections.find((collection) => collection === `${String(name).toLowerCase()}s`);
    const collection = this.#collections.get(own ?? collections[0]);
    if (collection === undefined) throw new RangeError(`No collection has resources of kind ${kind}`);
    return collection;
  }
}
