import { Turn } from "../../runtime/turn.ts";
import { type Source, unreadableSource } from "../data_provider.ts";
import type { Kind } from "../resource.ts";
import type { Backend } from "./backend.ts";
import { BackendFailure, FaultyAnswer } from "./backend_failure.ts";
import { DocumentReader } from "./document_reader.ts";
import { listIn, type PageNumbers } from "./envelope.ts";
import { FullDocuments } from "./full_documents.ts";
import { parseList } from "./json_list.ts";
import { unknownPropertiesWarning } from "../unknown_properties.ts";
import { faultsOf, type ListedDocument, listedDocument } from "./listed_document.ts";
import { readPages } from "./paged_list.ts";

/** Documents of a page: about 300 kB, which are parsed in a few milliseconds. */
const ITEMS_PER_PAGE = 1000;
/** Attempts to read a changing list. */
const MAX_ATTEMPTS = 4;

export interface CollectionOptions {
  readonly kind: Kind;
  /** The name in paths: `agents`. */
  readonly name: string;
  readonly backend: Backend;
  /** Limit for all pages together. */
  readonly maxBytes: number;
}

/** A page that was read, and its validator for conditional requests. */
interface KnownPage extends PageNumbers {
  readonly items: readonly ListedDocument[];
  readonly etag: string | undefined;
  readonly digest: string;
  readonly length: number;
}

/** The documents of one kind of a backend, as they were last read. */
export class Collection {
  readonly kind: Kind;
  readonly name: string;
  /** The name of the source. */
  readonly url: string;
  readonly #backend: Backend;
  readonly #maxBytes: number;
  readonly #full: FullDocuments;
  /** By number. */
  readonly #pages = new Map<number, KnownPage>();
  /** The pages of the whole list, and their items. */
  #whole: { readonly pages: readonly KnownPage[]; readonly list: readonly ListedDocument[] } | undefined;
  /** Documents as listed, by key. */
  #listed: ReadonlyMap<string, ListedDocument> = new Map();
  /** Documents by key; undefined for a missing collection, and before the first reading. */
  #documents: ReadonlyMap<string, ListedDocument> | undefined;
  #list: readonly ListedDocument[] = [];
  #fault: FaultyAnswer | undefined;
  #source: Source | undefined;
  #sourceList: readonly ListedDocument[] = [];
  #unreadable: Source | undefined;

  constructor({ kind, name, backend, maxBytes }: CollectionOptions) {
    this.kind = kind;
    this.name = name;
    this.url = backend.urlOf([name]);
    this.#backend = backend;
    this.#maxBytes = maxBytes;
    this.#full = new FullDocuments(kind, name, new DocumentReader(backend));
  }

  get exists(): boolean {
    return this.#documents !== undefined || this.#fault !== undefined;
  }

  /** The documents as they were last read, by key. */
  get documents(): ReadonlyMap<string, ListedDocument> {
    return this.#documents ?? new Map();
  }

  /** Reports whether the last answer could be read. */
  get isReadable(): boolean {
    return this.#fault === undefined;
  }

  /** Returns the collection without documents of another one, the same object while unchanged; undefined for none. */
  source(elsewhere: ReadonlyMap<string, ListedDocument> = new Map()): Source | undefined {
    if (this.#fault !== undefined) return this.#faultySource(this.#fault);
    if (this.#documents === undefined) return undefined;
    const list = elsewhere.size === 0 ? this.#list : this.#list.filter(({ key }) => !elsewhere.has(key));
    if (list.length === 0 && this.#list.length > 0) return undefined;
    if (this.#source === undefined || !isSameList(list, this.#sourceList)) {
      this.#source = this.#readableSource(list);
      this.#sourceList = list;
    }
    return this.#source;
  }

  /** Returns a source for a collection that was never read. */
  sourceWithout(failure: BackendFailure): Source {
    return unreadable(this, {
      found: `no usable answer (${failure.message})`,
      expected: "resources",
    });
  }

  /** Reads changes. Rejects with `BackendFailure`, and changes nothing then. */
  async refresh(): Promise<void> {
    try {
      const listed = await this.#readList();
      const list = await this.#full.complete(listed);
      this.#fault = undefined;
      if (this.#documents !== undefined && isSameList(list, this.#list)) return;
      const turn = new Turn();
      await turn.next();
      this.#listed = byKey(listed);
      await turn.next();
      this.#list = list;
      this.#documents = list === listed ? this.#listed : byKey(list);
    } catch (error) {
      if (!(error instanceof BackendFailure)) throw error;
      if (error.isAbsence) this.#forget();
      else if (error instanceof FaultyAnswer) this.#fault = error;
      else throw error;
    }
  }

  #forget(): void {
    this.#fault = undefined;
    this.#documents = undefined;
    this.#listed = new Map();
    this.#list = [];
    this.#whole = undefined;
    this.#pages.clear();
  }

  /**
   * Reads the whole list. A document that moves between pages meanwhile may be missing or read twice: where documents
   * come or go, pages are read until two readings agree.
   */
  async #readList(): Promise<readonly ListedDocument[]> {
    let before: readonly ListedDocument[] = [];
    let expected: Keys | undefined = this.#documents && this.#listed;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const reading = new ListReading(this.#maxBytes);
      const pages = await readPages<ListedDocument, KnownPage>((number) => this.#readPage(number, reading));
      if (pages === undefined) continue;
      if (this.#whole !== undefined && isSameList(pages, this.#whole.pages)) return this.#whole.list;
      const list = pages.length === 1 ? pages[0].items : pages.flatMap(({ items }) => items);
      const found = pages.length === 1 ? undefined : new Set(list.map(({ key }) => key));
      const isExpected = found === undefined ||
        (found.size === list.length && (expected === undefined || isSameSet(found, expected)));
      if (isExpected || isSameList(list, before)) {
        for (const number of this.#pages.keys()) if (number > pages.length) this.#pages.delete(number);
        this.#whole = { pages, list };
        return list;
      }
      before = list;
      expected = found;
    }
    throw new BackendFailure(0, `${this.name} change from one page to the next`);
  }

  async #readPage(number: number, reading: ListReading): Promise<KnownPage> {
    const before = this.#pages.get(number);
    const answer = await this.#backend.request({
      method: "GET",
      path: [this.name],
      query: { filter: "*", page: String(number), itemsPerPage: String(ITEMS_PER_PAGE) },
      ifNoneMatch: before?.etag,
      maxBytes: reading.left,
    });
    const { status, etag, text, digest, length } = answer;
    reading.count(status === 304 ? before?.length ?? 0 : length);
    if (status === 304 && before === undefined) throw new FaultyAnswer("status 304", "a list");
    if (before !== undefined && (status === 304 || (before.digest === digest && before.etag === etag))) {
      return before;
    }
    const page = { ...await this.#readDocuments(text), etag, digest, length };
    this.#pages.set(number, page);
    return page;
  }

  async #readDocuments(text: string): Promise<PageNumbers & Pick<KnownPage, "items">> {
    const envelope = this.#backend.open(await parseList(text));
    const items: ListedDocument[] = [];
    const turn = new Turn();
    for (const document of listIn(envelope)) {
      items.push(listedDocument(this.kind, document, (key) => this.#listed.get(key)));
      if (turn.isOver) await turn.next();
    }
    return { ...envelope.pages, items };
  }

  #readableSource(list: readonly ListedDocument[]): Source {
    return {
      kind: this.kind,
      name: this.url,
      readable: true,
      resources: list.map(({ reading }) => reading.resource),
      declared: list.flatMap(({ reading }) => reading.declared ?? []),
      faults: list.flatMap((document, index) => faultsOf(document, { url: this.url, index })),
      warnings: unknownPropertiesWarning(this.url, list.map(({ reading }) => reading.unknown)),
    };
  }

  #faultySource({ found, expected }: FaultyAnswer): Source {
    const [fault] = this.#unreadable?.faults ?? [];
    if (this.#unreadable === undefined || fault.found !== found) {
      this.#unreadable = unreadable(this, { found, expected });
    }
    return this.#unreadable;
  }
}

/** Limits the bytes of all pages of one reading. */
class ListReading {
  readonly #maxBytes: number;
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get left(): number {
    return this.#maxBytes - this.#length;
  }

  count(length: number): void {
    this.#length += length;
    if (this.left < 0) throw new FaultyAnswer(`more than ${this.#maxBytes} bytes`, "less");
  }
}

function unreadable(
  { kind, url }: Pick<Collection, "kind" | "url">,
  { found, expected }: { found: string; expected: string },
): Source {
  const fault = { file: url, property: "", found, expected };
  return unreadableSource({ kind, name: url }, [fault]);
}

function byKey(list: readonly ListedDocument[]): ReadonlyMap<string, ListedDocument> {
  return new Map(list.map((document) => [document.key, document]));
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a === b || a.length === b.length && a.every((item, i) => item === b[i]);
}

type Keys = ReadonlySetLike<string>;

function isSameSet(a: ReadonlySet<string>, b: Keys): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}
