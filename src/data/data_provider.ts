import type { Fault, Position, Problem } from "./fault.ts";
import type { Kind, Resource } from "./resource.ts";

/**
 * Where resources are kept: files, a redis server, a REST service. A provider reads documents and checks each by itself
 * with `readResource`; how documents go together is checked above it, for all providers alike (`resource_checks.ts`).
 */
export interface DataProvider {
  /**
   * All that there is now. A source that has not changed since the last call is returned as the same object, or at least
   * with the same resource objects. A collection that does not exist is no source; it is no fault either. Never throws:
   * what cannot be read is a source that is not `readable`.
   */
  load(): Promise<readonly Source[]>;

  /** Whether the last `load` has all that there is now, as far as that can be told at once. Never rejects. */
  isLoaded(): Promise<boolean>;

  /**
   * Whether the place can be read at this moment, by what the last look at it found; undefined where it is at hand anyway, as
   * files are.
   */
  readonly isReachable: boolean | undefined;

  /** Where each problem stands, as far as the place has lines and still is as it was loaded. */
  locate(source: Source, problems: readonly DocumentProblem[]): Promise<readonly (Position | undefined)[]>;

  /**
   * Calls back, within a second, after something may have changed; one call may stand for many changes. At most one
   * watcher at a time. The callback must not throw.
   */
  watch(onChange: () => void): void;

  /**
   * The document of a loaded resource as it is kept at this moment; undefined when it is gone. Rejects with
   * `WriteRefused` when it cannot be told.
   */
  read(place: DocumentPlace): Promise<StoredDocument | undefined>;

  /**
   * Makes one change, whole or not at all, and resolves with the ref of its document once the change lasts; the next
   * `load` has it. Of two changes of one document at the same time, the second is refused. Whether the change fits to
   * other resources was checked before. Rejects with `WriteRefused`.
   */
  write(change: DocumentChange): Promise<string>;

  /**
   * Makes many documents of one kind, all or none, and resolves with their refs: in one step where the place has such a
   * step. No two may have one ref. Rejects with `WriteRefused`.
   */
  createAll(kind: Kind, documents: readonly NewDocument[]): Promise<readonly string[]>;

  /** Ends watching and gives up connections. */
  close(): void;
}

/** Where a document was when it was loaded last. */
export interface DocumentPlace {
  readonly source: Source;
  readonly index: number;
}

/** `{apiVersion, kind, metadata, spec}` as operators write it. */
export type ResourceDocument = Readonly<Record<string, unknown>>;

export interface StoredDocument {
  readonly document: ResourceDocument;
  /** Differs whenever the document does. */
  readonly version: string;
}

export interface NewDocument {
  readonly ref: string;
  readonly document: ResourceDocument;
}

/** `ref` is that of the resource, which the document has as its `metadata.ref`. */
export type DocumentChange =
  | {
    readonly action: "create";
    readonly kind: Kind;
    readonly ref: string;
    readonly document: ResourceDocument;
  }
  /** The document as a whole in the place of the one with this version. */
  | {
    readonly action: "update";
    readonly place: DocumentPlace;
    readonly ref: string;
    readonly version: string;
    readonly document: ResourceDocument;
  }
  | {
    readonly action: "remove";
    readonly place: DocumentPlace;
    readonly ref: string;
    readonly version: string;
  };

/** One thing that stands against a change. */
export interface WriteProblem {
  /** A JSON Pointer into what was to be written (RFC 6901). */
  readonly pointer: string;
  /** Completes the pointer: `is missing, expected a name`. */
  readonly message: string;
  /** Completes "is …", never with a secret: `missing`, `"exmaple.org"`. */
  readonly found: string;
  /** Completes "expected …": `a name`. */
  readonly expected: string;
}

/**
 * The kinds of refusals: the document does not exist, its storage takes no such change, it conflicts with other documents
 * or with another writer, it is invalid by itself, the storage cannot be reached.
 */
export type RefusalReason = "missing" | "unwritable" | "conflict" | "invalid" | "unavailable";

/** A change that was not made. */
export class WriteRefused extends Error {
  override readonly name = "WriteRefused";
  readonly reason: RefusalReason;
  /** Every fault of the document, where faults are the reason. */
  readonly details: readonly WriteProblem[];

  constructor(reason: RefusalReason, message: string, details: readonly WriteProblem[] = []) {
    super(message);
    this.reason = reason;
    this.details = details;
  }
}

/** Somebody else has changed the document since it was read. */
export class ChangedMeanwhile extends WriteRefused {
  constructor(message: string) {
    super("conflict", message);
  }
}

/** A problem of the document at position `index` of its source. */
export interface DocumentProblem extends Problem {
  readonly index: number;
}

/** Documents of one kind that change together: a file, or a collection of a server. */
export interface Source {
  readonly kind: Kind;
  /** As faults name it: `config/agents.yaml`. */
  readonly name: string;
  /** By position; undefined where a document is faulty. Empty when the source could not be read. */
  readonly resources: readonly (Resource | undefined)[];
  /**
   * Whether all documents are edited together, as in a file: an edit with a fault in it is then not taken over at all. Of
   * documents that are written one by one, the faulty ones are left out.
   */
  readonly isOneText?: boolean;
  /** Whether the text ends like one that is still being written: within a line, or at the end of a block. */
  readonly looksCut?: boolean;
  /** Whether the text could be read at all. */
  readonly readable: boolean;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
  /** Refs and domain URIs that the faulty documents declare: whoever refers to them is not at fault. */
  readonly declared: readonly string[];
}
