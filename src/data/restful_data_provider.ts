import { type Clock, systemClock } from "../runtime/clock.ts";
import { logger } from "../runtime/log.ts";
import { SerialTasks } from "../runtime/serial_tasks.ts";
import {
  type DataProvider,
  type DocumentAddress,
  type DocumentChange,
  type DocumentProblem,
  type NewDocument,
  type Source,
  type StoredDocument,
  WriteRefused,
} from "./data_provider.ts";
import type { Position } from "./fault.ts";
import { createOneByOne } from "./one_by_one.ts";
import { type Kind, KINDS } from "./resource.ts";
import { Backend, type BackendOptions } from "./restful/backend.ts";
import { BackendFailure } from "./restful/backend_failure.ts";
import { Collection } from "./restful/collection.ts";
import { type DocumentPath, DocumentWriter } from "./restful/document_writer.ts";

export interface RestfulDataProviderOptions extends BackendOptions {
  /** Seconds between two refreshes, ± 10 %. */
  readonly refreshInterval: number;
  /** Milliseconds that the first `load` waits for the backend; unlimited by default. */
  readonly patienceMs?: number;
  readonly maxCollectionBytes?: number;
}

const MAX_COLLECTION_BYTES = 128 * 1024 * 1024;
/** Delay of the next attempt after a failed refresh; it doubles each time. */
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 60_000;
/** The random part of each delay, so that servers started together do not ask together. */
const JITTER = 0.1;
/** Reasons of one failure that are logged. */
const MAX_REASONS = 5;

const log = logger("restful");

/**
 * Resources of a service with the protocol of Routr's REST service (`restful_data_provider`). They are kept in memory,
 * and serve while the backend is away.
 */
export class RestfulDataProvider implements DataProvider {
  readonly #options: RestfulDataProviderOptions;
  readonly #clock: Clock;
  readonly #backend: Backend;
  readonly #writer: DocumentWriter;
  readonly #collections: readonly Collection[];
  /** The first collection of the same kind, for further collections. */
  readonly #firstOf: ReadonlyMap<Collection, Collection>;
  /** Further collections with the same content as the first one. They are not read while that is so. */
  readonly #duplicates = new Set<Collection>();
  /** Refreshes and changes. */
  readonly #tasks = new SerialTasks();
  #sources: readonly Source[] = [];
  /** The last result of `load`. */
  #returned: readonly Source[] | undefined;
  #isLoaded = false;
  /** Collections changed by this server since they were read. */
  readonly #dirty = new Set<Collection>();
  /** Reasons logged during the current failure. */
  readonly #loggedReasons = new Set<string>();
  #isFailing = false;
  #retryDelayMs = MIN_RETRY_MS;
  #onChange: (() => void) | undefined;
  #alarm: unknown;
  #isClosed = false;
  #endPause: () => void = () => {};

  constructor(options: RestfulDataProviderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const backend = this.#backend = new Backend(options);
    this.#writer = new DocumentWriter(backend);
    const maxBytes = options.maxCollectionBytes ?? MAX_COLLECTION_BYTES;
    this.#collections = Object.entries(KINDS).flatMap(([kind, { collections }]) =>
      collections.map((name) => new Collection({ kind: kind as Kind, name, backend, maxBytes }))
    );
    this.#firstOf = new Map(this.#collections.flatMap((each) => {
      const first = this.#collections.find(({ kind }) => kind === each.kind);
      return first === undefined || first === each ? [] : [[each, first]];
    }));
  }

  async load(): Promise<readonly Source[]> {
    const isFollowed = this.#onChange !== undefined;
    const hasNews = this.#sources !== this.#returned;
    if (!this.#isLoaded) await this.#waitForBackend();
    else if (this.#dirty.size > 0) await this.#refresh([...this.#dirty]);
    else if (!isFollowed || (!hasNews && !this.#isFailing)) await this.#refresh(this.#collections);
    return this.#returned = this.#sources;
  }

  /** The backend is asked at intervals. Documents are written one by one, so an unnoticed change disturbs no other. */
  isLoaded(): Promise<boolean> {
    return Promise.resolve(true);
  }

  get isReachable(): boolean {
    return !this.#isFailing;
  }

  /** Documents of a service have no lines. */
  locate(_: Source, problems: readonly DocumentProblem[]): Promise<readonly (Position | undefined)[]> {
    return Promise.resolve(problems.map(() => undefined));
  }

  watch(onChange: () => void): void {
    this.#onChange = onChange;
    this.#setAlarm();
  }

  async read(address: DocumentAddress): Promise<StoredDocument | undefined> {
    const { path } = this.#find(address) ?? {};
    return path && await this.#writer.read(path);
  }

  write(change: DocumentChange): Promise<string> {
    return this.#tasks.run(() => this.#write(change));
  }

  createAll(kind: Kind, documents: readonly NewDocument[]): Promise<readonly string[]> {
    return createOneByOne(this, kind, documents);
  }

  close(): void {
    this.#isClosed = true;
    this.#clock.clearAlarm(this.#alarm);
    this.#backend.close();
    this.#endPause();
  }

  async #write(change: DocumentChange): Promise<string> {
    const { ref } = change;
    if (change.action === "create") {
      const collection = this.#collectionFor(change.kind);
      this.#dirty.add(collection);
      return await this.#writer.create({ collection: collection.name, ref }, change.document);
    }
    const { collection, path } = this.#find(change.address) ?? {};
    if (collection === undefined || path === undefined) throw new WriteRefused("missing", "Not found");
    this.#dirty.add(collection);
    if (change.action === "update") return await this.#writer.update(path, change);
    await this.#writer.remove(path, change.version);
    return ref;
  }

  #find({ source, index }: DocumentAddress): { collection: Collection; path: DocumentPath } | undefined {
    const collection = this.#collections.find(({ url }) => url === source.name);
    const ref = source.resources[index]?.ref;
    return collection && ref !== undefined
      ? { collection, path: { collection: collection.name, ref } }
      : undefined;
  }

  /** Returns the collection for new resources of a kind: `numbers` only where there is no `dids`. */
  #collectionFor(kind: Kind): Collection {
    const collections = this.#collections.filter((each) => each.kind === kind);
    return collections.find(({ exists }) => exists) ?? collections[0];
  }

  /** Resolves once everything was read, or patience is over. */
  async #waitForBackend(): Promise<void> {
    const { patienceMs = Infinity } = this.#options;
    const end = this.#clock.now() + patienceMs;
    while (!this.#isClosed) {
      const failed = await this.#refresh(this.#collections);
      if (failed.size === 0 || this.#isClosed) return;
      const delay = this.#nextRetryMs();
      if (this.#clock.now() + delay > end) return this.#giveUp(failed);
      await this.#pause(delay);
    }
  }

  /** Reports one fault per reason, whatever it makes unreadable. */
  #giveUp(failed: ReadonlyMap<Collection, BackendFailure>): void {
    const reported = new Set<string>();
    const unread = [...failed].map(([collection, failure]) => {
      const source = collection.sourceWithout(failure);
      const isKnown = reported.has(failure.message);
      reported.add(failure.message);
      return isKnown ? { ...source, faults: [] } : source;
    });
    this.#sources = [
      ...this.#sources.filter(({ name }) => !unread.some((each) => each.name === name)),
      ...unread,
    ];
  }

  /** Reads the changes of some collections; unreadable ones stay as they were. */
  #refresh(collections: readonly Collection[]): Promise<ReadonlyMap<Collection, BackendFailure>> {
    return this.#tasks.run(async () => {
      const failed = new Map<Collection, BackendFailure>();
      const refreshAll = (wanted: readonly Collection[]) =>
        Promise.all(wanted.map(async (collection) => {
          const failure = await this.#refreshOne(collection);
          if (failure !== undefined) failed.set(collection, failure);
        }));
      const firsts = collections.filter((each) => !this.#firstOf.has(each));
      const before = new Map(firsts.map((each) => [each, each.source()]));
      await refreshAll(firsts);
      const changed = new Set(firsts.filter((each) => each.source() !== before.get(each)));
      await refreshAll([...this.#firstOf].flatMap(([second, first]) => {
        const isWanted = collections.includes(second) && !this.#duplicates.has(second);
        return isWanted || changed.has(first) ? [second] : [];
      }));
      if (!this.#isClosed) this.#note(failed);
      return failed;
    });
  }

  async #refreshOne(collection: Collection): Promise<BackendFailure | undefined> {
    try {
      await collection.refresh();
      this.#dirty.delete(collection);
      const first = this.#firstOf.get(collection);
      if (first !== undefined && isDuplicate(collection, first)) this.#duplicates.add(collection);
      else this.#duplicates.delete(collection);
      return undefined;
    } catch (error) {
      return error instanceof BackendFailure ? error : new BackendFailure(0, String(error));
    }
  }

  /** Adopts what was read, and logs when the backend fails and when it answers again. */
  #note(failed: ReadonlyMap<Collection, BackendFailure>): void {
    const sources = this.#collections.flatMap((collection) => {
      if (this.#duplicates.has(collection)) return [];
      return collection.source(this.#firstOf.get(collection)?.documents) ?? [];
    });
    const isSame = sources.length === this.#sources.length &&
      sources.every((each, i) => each === this.#sources[i]);
    if (!isSame) this.#sources = sources;
    if (failed.size === 0) return this.#noteSuccess();
    this.#isFailing = true;
    for (const { message } of failed.values()) {
      if (this.#loggedReasons.has(message) || this.#loggedReasons.size >= MAX_REASONS) continue;
      this.#loggedReasons.add(message);
      const properties = { url: this.#backend.url, reason: message };
      if (this.#isLoaded) {
        log.warn("Cannot read {url}: {reason}. The last known resources stay in force.", properties);
      } else log.warn("Waiting for {url}: {reason}", properties);
    }
  }

  #noteSuccess(): void {
    const { url } = this.#backend;
    if (this.#isFailing) log.info("{url} answers again", { url });
    if (!this.#isLoaded && this.#collections.every(({ exists }) => !exists)) {
      log.warn("There is nothing below {url}: none of its collections is found", { url });
    }
    this.#isFailing = false;
    this.#isLoaded = true;
    this.#loggedReasons.clear();
    this.#retryDelayMs = MIN_RETRY_MS;
  }

  #setAlarm(): void {
    this.#clock.clearAlarm(this.#alarm);
    if (this.#isClosed) return;
    const interval = 1000 * this.#options.refreshInterval;
    const delay = this.#isFailing ? this.#nextRetryMs() : jitter(interval);
    this.#alarm = this.#clock.setAlarm(() => void this.#poll(), delay);
  }

  async #poll(): Promise<void> {
    await this.#refresh(this.#collections);
    if (this.#isClosed) return;
    if (this.#isLoaded && this.#sources !== this.#returned) this.#onChange?.();
    this.#setAlarm();
  }

  #nextRetryMs(): number {
    const delay = Math.min(this.#retryDelayMs, MAX_RETRY_MS);
    this.#retryDelayMs = Math.min(2 * delay, MAX_RETRY_MS);
    return jitter(delay);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const alarm = this.#clock.setAlarm(resolve, ms);
      this.#endPause = () => {
        this.#clock.clearAlarm(alarm);
        resolve();
      };
    });
  }
}

/** Reports whether all documents of a collection are in another one, too. */
function isDuplicate(collection: Collection, other: Collection): boolean {
  return collection.documents.size > 0 &&
    collection.documents.keys().every((key) => other.documents.has(key));
}

function jitter(ms: number): number {
  return ms * (1 + JITTER * (2 * Math.random() - 1));
}
