import { redisErrorCode } from "../../runtime/redis/redis_errors.ts";
import { Turn } from "../../runtime/turn.ts";
import { type Source, unreadableSource } from "../data_provider.ts";
import type { Fault } from "../fault.ts";
import type { Kind, Resource } from "../resource.ts";
import { fingerprintOf, NOTHING, readDocument, type RedisDocument } from "./redis_document.ts";
import { CHUNK, type RedisReader } from "./redis_reader.ts";
import { unknownPropertiesWarning } from "../unknown_properties.ts";
import { sortInTurns } from "./sort_in_turns.ts";

/** Members without document named in warnings. */
const MAX_WARNINGS = 10;
/** Chunks requested before the first is answered. */
const MAX_IN_FLIGHT = 4;

export interface RedisCollectionOptions {
  readonly kind: Kind;
  /** Key of the set of refs: `agents`. */
  readonly name: string;
  /** The name in faults: `redis 127.0.0.1:6379/0 agents`. */
  readonly file: string;
  readonly reader: RedisReader;
}

/** Possible changes of a collection. */
export interface CollectionChange {
  readonly refs: ReadonlySet<string>;
  /** Set when members may have been added or removed. */
  readonly membership: boolean;
}

/** One collection as it was last read. Its reading methods run one at a time. */
export class RedisCollection {
  readonly name: string;
  readonly kind: Kind;
  readonly #options: RedisCollectionOptions;
  #documents = new Map<string, RedisDocument>();
  /** Set when the key holds no collection, or cannot be read. */
  #fault: Fault | undefined;
  #wasRead = false;
  /** Shared by everything that runs at the same time. */
  readonly #turn = new Turn();
  #source: Source | undefined;
  /** The key of each document of a source, by position; resources may have other refs. */
  readonly #refs = new WeakMap<Source, readonly string[]>();

  constructor(options: RedisCollectionOptions) {
    this.name = options.name;
    this.kind = options.kind;
    this.#options = options;
  }

  /** Undefined for an empty collection. */
  get source(): Source | undefined {
    return this.#source;
  }

  get isFilled(): boolean {
    return this.#documents.size > 0;
  }

  /** Returns the key of the document at a position of an earlier source. */
  refAt(source: Source, index: number): string | undefined {
    return this.#refs.get(source)?.[index];
  }

  has(ref: string): boolean {
    return this.#documents.has(ref);
  }

  /** Sets the fault of a collection that was never readable. */
  refuse(reason: string): boolean {
    if (this.#wasRead || this.#fault !== undefined) return false;
    this.#fail(`a collection that cannot be read (${reason})`, "one that can be read");
    return true;
  }

  /** Reads possible changes, or everything; resolves with true after a change. Changes nothing when it rejects. */
  async refresh(change?: CollectionChange): Promise<boolean> {
    try {
      return await this.#apply(change === undefined ? await this.#everything() : await this.#some(change));
    } catch (error) {
      if (redisErrorCode(error) !== "WRONGTYPE") throw error;
      const isChanged = this.#fault === undefined;
      this.#documents = new Map();
      this.#fail("no Redis set", "a set of refs");
      return isChanged;
    }
  }

  async #everything(): Promise<Map<string, RedisDocument | undefined>> {
    const news = await this.#members();
    const known = [...this.#documents.keys()].filter((ref) => !news.has(ref));
    await this.#inChunks(known, async (refs) => {
      const fingerprints = refs.map((ref) => this.#documents.get(ref)?.fingerprint ?? NOTHING);
      if (await this.#options.reader.haveChanged(refs, fingerprints)) await this.#read(refs, news);
    });
    return news;
  }

  /** Returns added and removed members; known ones are not read. */
  async #members(): Promise<Map<string, RedisDocument | undefined>> {
    const members = await this.#options.reader.members(this.#options.name);
    const news = new Map<string, RedisDocument | undefined>();
    for (const ref of this.#documents.keys()) {
      if (!members.has(ref)) news.set(ref, undefined);
      if (this.#turn.isOver) await this.#turn.next();
    }
    const added: string[] = [];
    for (const ref of members) {
      if (!this.#documents.has(ref)) added.push(ref);
      if (this.#turn.isOver) await this.#turn.next();
    }
    await this.#inChunks(added, (refs) => this.#read(refs, news));
    return news;
  }

  async #some({ refs, membership }: CollectionChange): Promise<Map<string, RedisDocument | undefined>> {
    const { reader, name } = this.#options;
    const news = new Map<string, RedisDocument | undefined>();
    let count = this.#documents.size;
    await this.#inChunks([...refs], async (some) => {
      const areMembers = await reader.areMembers(name, some);
      for (const [i, ref] of some.entries()) {
        if (areMembers[i] || !this.#documents.has(ref)) continue;
        news.set(ref, undefined);
        count--;
      }
      const members = some.filter((_, i) => areMembers[i]);
      count += members.filter((ref) => !this.#documents.has(ref)).length;
      if (members.length > 0) await this.#read(members, news);
    });
    if (!membership || await reader.count(name) === count) return news;
    for (const [ref, document] of await this.#members()) news.set(ref, document);
    return news;
  }

  /** Reads documents, and adds changed ones to `news`. */
  async #read(refs: readonly string[], news: Map<string, RedisDocument | undefined>): Promise<void> {
    const { kind, file, reader } = this.#options;
    const values = await reader.values(refs);
    for (const [i, value] of values.entries()) {
      const ref = refs[i];
      if (this.#documents.get(ref)?.fingerprint === fingerprintOf(value)) continue;
      news.set(ref, readDocument(value, { kind, ref, file: `${file} ${ref}` }));
      if (this.#turn.isOver) await this.#turn.next();
    }
  }

  async #inChunks(refs: readonly string[], handle: (refs: string[]) => Promise<void>): Promise<void> {
    let next = 0;
    const worker = async () => {
      while (next < refs.length) {
        const begin = next;
        next += CHUNK;
        try {
          await handle(refs.slice(begin, begin + CHUNK));
        } catch (error) {
          next = refs.length;
          throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: MAX_IN_FLIGHT }, worker));
  }

  /** Undefined stands for a removed member. */
  async #apply(news: ReadonlyMap<string, RedisDocument | undefined>): Promise<boolean> {
    this.#wasRead = true;
    if (news.size === 0 && this.#fault === undefined) return false;
    for (const [ref, document] of news) {
      if (document === undefined) this.#documents.delete(ref);
      else this.#documents.set(ref, document);
      if (this.#turn.isOver) await this.#turn.next();
    }
    this.#fault = undefined;
    await this.#makeSource();
    return true;
  }

  async #makeSource(): Promise<void> {
    const { kind, file } = this.#options;
    const refs: string[] = [];
    const resources: (Resource | undefined)[] = [];
    const faults: Fault[] = [];
    const declared: string[] = [];
    const dangling: string[] = [];
    const unknown: (readonly string[])[] = [];
    for (const ref of await sortInTurns([...this.#documents.keys()])) {
      const document = this.#documents.get(ref);
      if (document === undefined) continue;
      if (this.#turn.isOver) await this.#turn.next();
      if (document.fingerprint === NOTHING) {
        dangling.push(ref);
        continue;
      }
      refs.push(ref);
      resources.push(document.resource);
      faults.push(...document.faults);
      declared.push(...document.declared);
      if (document.unknown !== undefined) unknown.push(document.unknown);
    }
    const warnings = dangling.slice(0, MAX_WARNINGS).map((ref) =>
      `${file}: there is no document at ${quote(ref)}`
    );
    if (dangling.length > MAX_WARNINGS) {
      warnings.push(`${file}: there is no document for ${dangling.length - MAX_WARNINGS} more refs`);
    }
    warnings.push(...unknownPropertiesWarning(file, unknown));
    const source = { kind, name: file, resources, readable: true, faults, warnings, declared };
    this.#refs.set(source, refs);
    this.#source = refs.length === 0 && warnings.length === 0 ? undefined : source;
  }

  #fail(found: string, expected: string): void {
    const { kind, file } = this.#options;
    this.#fault = { file, property: "", found, expected };
    this.#source = unreadableSource({ kind, name: file }, [this.#fault]);
  }
}

function quote(ref: string): string {
  return JSON.stringify(ref.slice(0, 60));
}
