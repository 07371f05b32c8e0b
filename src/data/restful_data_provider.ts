import { type Clock, systemClock } from "../runtime/clock.ts";
import { logger } from "../runtime/log.ts";
import {
  type DataProvider,
  type DocumentChange,
  type DocumentPlace,
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
import { type DocumentAddress, DocumentWriter } from "./restful/document_writer.ts";

export interface RestfulDataProviderOptions extends BackendOptions {
  /** Seconds between two looks at what there is, a tenth more or less. */
  readonly refreshInterval: number;
  /** Milliseconds that the first `load` waits for the backend; for ever if undefined. */
  readonly patience?: number;
  /** Bytes that a collection may have. */
  readonly largestCollection?: number;
}

const LARGEST_COLLECTION = 128 * 1024 * 1024;
/** Milliseconds until a failed reading is tried again, which double each time. */
const SHORTEST_RETRY = 500;
const LONGEST_RETRY = 60_000;
/** So much of each delay is left to chance, lest servers that were started together ask together. */
const JITTER = 0.1;
/** Different reasons of one failure that are told. */
const MOST_REASONS = 5;

const log = logger("restful");

/**
 * Resources of a service that speaks the protocol of Routr's REST service ("restful_data_provider"). They are served from
 * memory; while the backend is away, the last ones stay.
 */
export class RestfulDataProvider implements DataProvider {
  readonly #options: RestfulDataProviderOptions;
  readonly #clock: Clock;
  readonly #backend: Backend;
  readonly #writer: DocumentWriter;
  readonly #collections: readonly Collection[];
  /** Further collections of a kind, with the first one. */
  readonly #seconds: ReadonlyMap<Collection, Collection>;
  /** Those that are the first one under another name, and not read as long as that stays as it is. */
  readonly #otherNames = new Set<Collection>();
  /** Readings and changes, one after the other. */
  #lastTask: Promise<unknown> = Promise.resolve();
  #sources: readonly Source[] = [];
  /** What `load` gave last. */
  #handedOut: readonly Source[] | undefined;
  #isLoaded = false;
  /** Collections that were changed from here and not read since. */
  readonly #dirty = new Set<Collection>();
  /** Reasons told since the backend fails. */
  readonly #failures = new Set<string>();
  #isFailing = false;
  #retryDelay = SHORTEST_RETRY;
  #onChange: (() => void) | undefined;
  #alarm: unknown;
  #isClosed = false;
  #endPause: () => void = () => {};

  constructor(options: RestfulDataProviderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const backend = this.#backend = new Backend(options);
    this.#writer = new DocumentWriter(backend);
    const largest = options.largestCollection ?? LARGEST_COLLECTION;
    this.#collections = Object.entries(KINDS).flatMap(([kind, { collections }]) =>
      collections.map((name) => new Collection({ kind: kind as Kind, name, backend, largest }))
    );
    this.#seconds = new Map(this.#collections.flatMap((each) => {
      const first = this.#collections.find(({ kind }) => kind === each.kind);
      return first === undefined || first === each ? [] : [[each, first]];
    }));
  }

  async load(): Promise<readonly Source[]> {
    const isFollowed = this.#onChange !== undefined;
    const hasNews = this.#sources !== this.#handedOut;
    if (!this.#isLoaded) await this.#waitForBackend();
    else if (this.#dirty.size > 0) await this.#refresh([...this.#dirty]);
    else if (!isFollowed || (!hasNews && !this.#isFailing)) await this.#refresh(this.#collections);
    return this.#handedOut = this.#sources;
  }

  /** The backend is asked at its intervals; documents are written one by one, so that a change disturbs no other. */
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

  async read(place: DocumentPlace): Promise<StoredDocument | undefined> {
    const { address } = this.#find(place) ?? {};
    return address && await this.#writer.read(address);
  }

  write(change: DocumentChange): Promise<string> {
    return this.#inTurn(() => this.#write(change));
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
    const { collection, address } = this.#find(change.place) ?? {};
    if (collection === undefined || address === undefined) throw new WriteRefused("missing", "Not found");
    this.#dirty.add(collection);
    if (change.action === "update") return await this.#writer.update(address, change);
    await this.#writer.remove(address, change.version);
    return ref;
  }

  #find({ source, index }: DocumentPlace): { collection: Collection; address: DocumentAddress } | undefined {
    const collection = this.#collections.find(({ url }) => url === source.name);
    const ref = source.resources[index]?.ref;
    return collection && ref !== undefined
      ? { collection, address: { collection: collection.name, ref } }
      : undefined;
  }

  /** Where resources of a kind are created: DIDs among the numbers only where there are no DIDs. */
  #collectionFor(kind: Kind): Collection {
    const collections = this.#collections.filter((each) => each.kind === kind);
    return collections.find(({ exists }) => exists) ?? collections[0];
  }

  /** Resolves once everything was read, or patience is over. */
  async #waitForBackend(): Promise<void> {
    const { patience = Infinity } = this.#options;
    const end = this.#clock.now() + patience;
    while (!this.#isClosed) {
      const failed = await this.#refresh(this.#collections);
      if (failed.size === 0 || this.#isClosed) return;
      const delay = this.#nextRetry();
      if (this.#clock.now() + delay > end) return this.#giveUp(failed);
      await this.#pause(delay);
    }
  }

  /** One fault for one reason, whatever it makes unreadable. */
  #giveUp(failed: ReadonlyMap<Collection, BackendFailure>): void {
    const told = new Set<string>();
    const unread = [...failed].map(([collection, failure]) => {
      const source = collection.sourceWithout(failure);
      const isKnown = told.has(failure.message);
      told.add(failure.message);
      return isKnown ? { ...source, faults: [] } : source;
    });
    this.#sources = [
      ...this.#sources.filter(({ name }) => !unread.some((each) => each.name === name)),
      ...unread,
    ];
  }

  /** Reads what has changed of some collections; those that could not be read stay as they were. */
  #refresh(collections: readonly Collection[]): Promise<ReadonlyMap<Collection, BackendFailure>> {
    return this.#inTurn(async () => {
      const failed = new Map<Collection, BackendFailure>();
      const refreshAll = (wanted: readonly Collection[]) =>
        Promise.all(wanted.map(async (collection) => {
          const failure = await this.#refreshOne(collection);
          if (failure !== undefined) failed.set(collection, failure);
        }));
      const firsts = collections.filter((each) => !this.#seconds.has(each));
      const before = new Map(firsts.map((each) => [each, each.source()]));
      await refreshAll(firsts);
      const changed = new Set(firsts.filter((each) => each.source() !== before.get(each)));
      await refreshAll([...this.#seconds].flatMap(([second, first]) => {
        const isWanted = collections.includes(second) && !this.#otherNames.has(second);
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
      const first = this.#seconds.get(collection);
      if (first !== undefined && isAnotherName(collection, first)) this.#otherNames.add(collection);
      else this.#otherNames.delete(collection);
      return undefined;
    } catch (error) {
      return error instanceof BackendFailure ? error : new BackendFailure(0, String(error));
    }
  }

  /** Takes over what was read, and tells when the backend begins to fail and when it is back. */
  #note(failed: ReadonlyMap<Collection, BackendFailure>): void {
    const sources = this.#collections.flatMap((collection) => {
      if (this.#otherNames.has(collection)) return [];
      return collection.source(this.#seconds.get(collection)?.documents) ?? [];
    });
    const isSame = sources.length === this.#sources.length &&
      sources.every((each, i) => each === this.#sources[i]);
    if (!isSame) this.#sources = sources;
    if (failed.size === 0) return this.#noteSuccess();
    this.#isFailing = true;
    for (const { message } of failed.values()) {
      if (this.#failures.has(message) || this.#failures.size >= MOST_REASONS) continue;
      this.#failures.add(message);
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
    this.#failures.clear();
    this.#retryDelay = SHORTEST_RETRY;
  }

  #setAlarm(): void {
    this.#clock.clearAlarm(this.#alarm);
    if (this.#isClosed) return;
    const interval = 1000 * this.#options.refreshInterval;
    const delay = this.#isFailing ? this.#nextRetry() : jitter(interval);
    this.#alarm = this.#clock.setAlarm(() => void this.#poll(), delay);
  }

  async #poll(): Promise<void> {
    await this.#refresh(this.#collections);
    if (this.#isClosed) return;
    if (this.#isLoaded && this.#sources !== this.#handedOut) this.#onChange?.();
    this.#setAlarm();
  }

  #nextRetry(): number {
    const delay = Math.min(this.#retryDelay, LONGEST_RETRY);
    this.#retryDelay = Math.min(2 * delay, LONGEST_RETRY);
    return jitter(delay);
  }

  /** `task` after all that were begun before, whether they succeed or not. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#lastTask.then(task);
    this.#lastTask = result.catch(() => undefined);
    return result;
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const alarm = this.#clock.setAlarm(resolve, milliseconds);
      this.#endPause = () => {
        this.#clock.clearAlarm(alarm);
        resolve();
      };
    });
  }
}

/** Whether all documents of a collection are those of another one. */
function isAnotherName(collection: Collection, other: Collection): boolean {
  return collection.documents.size > 0 &&
    collection.documents.keys().every((key) => other.documents.has(key));
}

function jitter(milliseconds: number): number {
  return milliseconds * (1 + JITTER * (2 * Math.random() - 1));
}
