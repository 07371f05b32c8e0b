import type { Kind } from "../resource.ts";
import { BackendFailure, FaultyAnswer } from "./backend_failure.ts";
import type { DocumentReader } from "./document_reader.ts";
import { type ListedDocument, listedDocument } from "./listed_document.ts";

const MAX_READS_AT_ONCE = 4;
/** Undated documents read again by each refresh, although their list entry is unchanged. */
const REVIEWED_AT_ONCE = 100;

interface Known {
  readonly listed: ListedDocument;
  readonly full: ListedDocument;
}

/** Documents whose secrets are not in lists. They are read one by one, and again when their list entry changes. */
export class FullDocuments {
  readonly #kind: Kind;
  readonly #collection: string;
  readonly #reader: DocumentReader;
  #known: ReadonlyMap<string, Known> = new Map();
  /** Position in the review of undated documents. */
  #reviewed = 0;

  constructor(kind: Kind, collection: string, reader: DocumentReader) {
    this.#kind = kind;
    this.#collection = collection;
    this.#reader = reader;
  }

  /** Returns the list with complete documents, where the list itself has none. */
  async complete(list: readonly ListedDocument[]): Promise<readonly ListedDocument[]> {
    const incomplete = list.filter(({ isWithoutSecret }) => isWithoutSecret);
    if (incomplete.length === 0 && this.#known.size === 0) return list;
    const known = new Map<string, Known>();
    const stale = new Set(this.#nextForReview(incomplete));
    const wanted: ListedDocument[] = [];
    for (const listed of incomplete) {
      const before = this.#known.get(listed.key);
      if (before?.listed === listed && !stale.has(listed)) known.set(listed.key, before);
      else wanted.push(listed);
    }
    let next = 0;
    const readAll = async () => {
      while (next < wanted.length) {
        const listed = wanted[next++];
        known.set(listed.key, { listed, full: await this.#read(listed) });
      }
    };
    const results = await Promise.allSettled(Array.from({ length: MAX_READS_AT_ONCE }, readAll));
    this.#known = known;
    for (const result of results) if (result.status === "rejected") throw result.reason;
    return list.map((listed) => listed.isWithoutSecret ? known.get(listed.key)?.full ?? listed : listed);
  }

  /** Returns the listed document, without its secret, where there is no other. */
  async #read(listed: ListedDocument): Promise<ListedDocument> {
    try {
      const stored = listed.ref && await this.#reader.read(this.#collection, listed.ref);
      if (!stored) return listed;
      const before = this.#known.get(listed.key)?.full;
      const full = listedDocument(this.#kind, stored.document, () => before);
      return full === before ? before : { ...full, key: listed.key };
    } catch (error) {
      if (error instanceof FaultyAnswer) {
        const { found, expected } = error;
        const { declared = [] } = listed.reading;
        return { ...listed, reading: { problems: [{ path: [], at: "value", found, expected }], declared } };
      }
      if (error instanceof BackendFailure && error.isAbsence) return listed;
      throw error;
    }
  }

  #nextForReview(incomplete: readonly ListedDocument[]): readonly ListedDocument[] {
    const undated = incomplete.filter(({ isDated }) => !isDated);
    if (this.#reviewed >= undated.length) this.#reviewed = 0;
    const next = undated.slice(this.#reviewed, this.#reviewed + REVIEWED_AT_ONCE);
    this.#reviewed += REVIEWED_AT_ONCE;
    return next;
  }
}
