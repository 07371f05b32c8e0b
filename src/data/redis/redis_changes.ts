import { BoundedMap } from "../../runtime/bounded_map.ts";
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import { parseDocument } from "./redis_document.ts";
import { KeyspaceNotifications } from "./keyspace_notifications.ts";
import type { CollectionChange, RedisCollection } from "./redis_collection.ts";
import { CHANGES_CHANNEL } from "./redis_writes.ts";
import { isMapping } from "../../runtime/mapping.ts";

/** Refs noted one by one; beyond, everything is read. */
const MAX_REFS = 10_000;
/** Written keys of no known collection: a new document may come before its ref. */
const MAX_CANDIDATES = 200;

interface Noted {
  readonly refs: Set<string>;
  membership: boolean;
  everything: boolean;
}

/** Collects changes until they are read. */
export class RedisChanges {
  readonly #connection: RedisConnection;
  readonly #collections: ReadonlyMap<string, RedisCollection>;
  readonly #onChange: () => void;
  readonly #noted = new Map<string, Noted>();
  readonly #candidates = new BoundedMap<string, true>(MAX_CANDIDATES);
  readonly #notifications: KeyspaceNotifications;

  constructor(
    connection: RedisConnection,
    collections: ReadonlyMap<string, RedisCollection>,
    onChange: () => void,
  ) {
    this.#connection = connection;
    this.#collections = collections;
    this.#onChange = onChange;
    this.#notifications = new KeyspaceNotifications(connection);
  }

  /** Reports whether changes by any client are noticed. */
  get noticesAllClients(): boolean {
    return this.#notifications.areOn;
  }

  /** Listens to other nodes, and to the server where it can be made to report. */
  listen(): void {
    this.#connection.subscribe(CHANGES_CHANNEL, (message) => this.#onNodeMessage(message));
    const prefix = `__keyspace@${this.#connection.db}__:`;
    this.#connection.subscribe(
      `${prefix}*`,
      (_, channel) => this.#onKeyWritten(channel.slice(prefix.length)),
    );
    this.#connection.onSubscribed(() => this.noteEverything());
    this.#connection.onUp(() => void this.turnOnNotifications());
    this.#connection.onDown(() => this.#notifications.note(false));
    if (this.#connection.isUp) void this.turnOnNotifications();
  }

  /** The server may have been restarted or configured, and report nothing any more. */
  async turnOnNotifications(): Promise<void> {
    // Earlier changes were missed.
    if (await this.#notifications.turnOn()) this.noteEverything();
  }

  note(collection: string, ref: string): void {
    const noted = this.#notedOf(collection);
    if (noted.refs.size < MAX_REFS) noted.refs.add(ref);
    else noted.everything = true;
    this.#onChange();
  }

  /** Notes a possible change of one collection, or of all. */
  noteEverything(collection?: string): void {
    const names = collection === undefined ? this.#collections.keys() : [collection];
    for (const name of names) this.#notedOf(name).everything = true;
    this.#onChange();
  }

  /** Returns and forgets the noted changes of a collection; undefined for none, "all" for possibly everything. */
  take(collection: string): CollectionChange | "all" | undefined {
    const noted = this.#noted.get(collection);
    if (noted === undefined) return undefined;
    this.#noted.delete(collection);
    if (noted.everything) return "all";
    if (noted.membership) { for (const [ref] of this.#candidates) noted.refs.add(ref); }
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

  #onNodeMessage(message: string): void {
    const content = parseDocument(message);
    if (!isMapping(content)) return;
    const { collection, ref } = content;
    if (typeof collection !== "string" || typeof ref !== "string" || !this.#collections.has(collection)) {
      return;
    }
    this.note(collection, ref);
  }

  #onKeyWritten(key: string): void {
    this.#notifications.note(true);
    if (this.#collections.has(key)) {
      this.#notedOf(key).membership = true;
      return this.#onChange();
    }
    let isKnown = false;
    for (const [name, collection] of this.#collections) {
      if (!collection.has(key)) continue;
      isKnown = true;
      this.note(name, key);
    }
    // Registrations change all the time, and are no documents.
    if (!isKnown && !key.startsWith("routr:")) this.#candidates.set(key, true);
  }
}
