import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import { parseDocument } from "./redis_document.ts";
import { KeyspaceNotifications } from "./keyspace_notifications.ts";
import type { CollectionChange, RedisCollection } from "./redis_collection.ts";
import { CHANGES_CHANNEL } from "./redis_writes.ts";
import { isMapping } from "../../runtime/mapping.ts";

/** Refs that are noted one by one; more of them mean that everything is looked at. */
const MAX_REFS = 10_000;
/** Keys that were written and belong to no collection, as far as is known: a new document comes before its ref. */
const MAX_CANDIDATES = 200;

interface Noted {
  readonly refs: Set<string>;
  membership: boolean;
  everything: boolean;
}

/** Collects what is heard of changes until somebody looks at it. */
export class RedisChanges {
  readonly #connection: RedisConnection;
  readonly #collections: ReadonlyMap<string, RedisCollection>;
  readonly #onNews: () => void;
  readonly #noted = new Map<string, Noted>();
  readonly #candidates = new Set<string>();
  readonly #notifications: KeyspaceNotifications;

  constructor(
    connection: RedisConnection,
    collections: ReadonlyMap<string, RedisCollection>,
    onNews: () => void,
  ) {
    this.#connection = connection;
    this.#collections = collections;
    this.#onNews = onNews;
    this.#notifications = new KeyspaceNotifications(connection);
  }

  /** Whether changes by anybody are heard of. */
  get hearsEverybody(): boolean {
    return this.#notifications.areOn;
  }

  /** Listens to other nodes, and to what the server itself reports as far as it can be made to. */
  listen(): void {
    this.#connection.subscribe(CHANGES_CHANNEL, (message) => this.#hearNode(message));
    const prefix = `__keyspace@${this.#connection.db}__:`;
    this.#connection.subscribe(`${prefix}*`, (_, channel) => this.#hearServer(channel.slice(prefix.length)));
    this.#connection.onSubscribed(() => this.noteEverything());
    this.#connection.onUp(() => void this.turnOnNotifications());
    this.#connection.onDown(() => this.#notifications.note(false));
    if (this.#connection.isUp) void this.turnOnNotifications();
  }

  /** Whoever restarts or configures the server may have turned them off again. */
  async turnOnNotifications(): Promise<void> {
    // What was changed before has not been heard of.
    if (await this.#notifications.turnOn()) this.noteEverything();
  }

  note(collection: string, ref: string): void {
    const noted = this.#notedOf(collection);
    if (noted.refs.size < MAX_REFS) noted.refs.add(ref);
    else noted.everything = true;
    this.#onNews();
  }

  /** Of all collections unless one is named. */
  noteEverything(collection?: string): void {
    const names = collection === undefined ? this.#collections.keys() : [collection];
    for (const name of names) this.#notedOf(name).everything = true;
    this.#onNews();
  }

  /** What was noted about a collection, which is forgotten; undefined for nothing, and "all" when it may be anything. */
  take(collection: string): CollectionChange | "all" | undefined {
    const noted = this.#noted.get(collection);
    if (noted === undefined) return undefined;
    this.#noted.delete(collection);
    if (noted.everything) return "all";
    if (noted.membership) { for (const ref of this.#candidates) noted.refs.add(ref); }
    return noted;
  }

  #notedOf(collection: string): Noted {
    let noted = this.#noted.get(collection);
    if (noted === undefined) {
      noted = { refs: new Set(), membership: false, everything: false };
      this.#noted.set(collection, noted);
    }
    return noted;
  }

  #hearNode(message: string): void {
    const content = parseDocument(message);
    if (!isMapping(content)) return;
    const { collection, ref } = content;
    if (typeof collection !== "string" || typeof ref !== "string" || !this.#collections.has(collection)) {
      return;
    }
    this.note(collection, ref);
  }

  #hearServer(key: string): void {
    this.#notifications.note(true);
    if (this.#collections.has(key)) {
      this.#notedOf(key).membership = true;
      return this.#onNews();
    }
    let isKnown = false;
    for (const [name, collection] of this.#collections) {
      if (!collection.has(key)) continue;
      isKnown = true;
      this.note(name, key);
    }
    if (!isKnown) this.#addCandidate(key);
  }

  #addCandidate(key: string): void {
    // Registrations change all the time.
    if (key.startsWith("routr:")) return;
    this.#candidates.delete(key);
    this.#candidates.add(key);
    if (this.#candidates.size <= MAX_CANDIDATES) return;
    for (const oldest of this.#candidates) {
      this.#candidates.delete(oldest);
      break;
    }
  }
}
