import type { Fault, Position, Problem } from "./fault.ts";
import type { Kind, Resource } from "./resource.ts";

/**
 * Storage of resources: files, a Redis server, a REST service. A provider checks each document by itself with
 * `readResource`; `resource_checks.ts` checks documents against each other, for all providers.
 */
export interface DataProvider {
  /**
   * Returns everything stored now. Returns an unchanged source as the same object, or with the same resource objects. A
   * missing collection is no source, and no fault. Never throws: what cannot be read becomes a source that is not
   * `readable`.
   */
  load(): Promise<readonly Source[]>;

  /** Reports whether the last `load` is up to date, as far as that can be told at once. Never rejects. */
  isLoaded(): Promise<boolean>;

  /** Reports whether the storage could be read lately; undefined where it is always at hand, as files are. */
  readonly isReachable: boolean | undefined;

  /** Returns the position of each problem, where the storage has lines and is unchanged since loading. */
  locate(source: Source, problems: readonly DocumentProblem[]): Promise<readonly (Position | undefined)[]>;

  /** Calls back within a second after changes. One watcher at a time; the callback must not throw. */
  watch(onChange: () => void): void;

  /** Returns a stored document; undefined when it is gone. Rejects with `WriteRefused` when it cannot be read. */
  read(address: DocumentAddress): Promise<StoredDocument | undefined>;

  /**
   * Makes one change, whole or not at all, and resolves with the ref of its document once the change is durable and
   * visible to `load`. The second of two changes of one document at the same time is refused. The caller has checked
   * that the change fits the other resources. Rejects with `WriteRefused`.
   */
  write(change: DocumentChange): Promise<string>;

  /**
   * Creates documents of one kind, all or none, and resolves with their refs: in one step where the storage has such a
   * step. Refs must differ. Rejects with `WriteRefused`.
   */
  createAll(kind: Kind, documents: readonly NewDocument[]): Promise<readonly string[]>;

  /** Stops watching and closes connections. */
  close(): void;
}

/** The position of a document in the source that was loaded last. */
export interface DocumentAddress {
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

/** `ref` is the ref of the resource, and `metadata.ref` of the document. */
export type DocumentChange =
  | {
    readonly action: "create";
    readonly kind: Kind;
    readonly ref: string;
    readonly document: ResourceDocument;
  }
  /** Replaces the document that has this version. */
  | {
    readonly action: "update";
    readonly address: DocumentAddress;
    readonly ref: string;
    readonly version: string;
    readonly document: ResourceDocument;
  }
  | {
    readonly action: "remove";
    readonly address: DocumentAddress;
    readonly ref: string;
    readonly version: string;
  };

/** A fault of a document that was to be written. */
export interface WriteProblem {
  /** A JSON Pointer into the document (RFC 6901). */
  readonly pointer: string;
  /** Completes the pointer: `is missing, expected a name`. */
  readonly message: string;
  /** Completes "is …", never with a secret: `missing`, `"exmaple.org"`. */
  readonly found: string;
  /** Completes "expected …": `a name`. */
  readonly expected: string;
}

/**
 * The kinds of refusals: the document does not exist, its storage takes no such change, it conflicts with other
 * documents or another writer, it is invalid by itself, the storage cannot be reached.
 */
export type RefusalReason = "missing" | "unwritable" | "conflict" | "invalid" | "unavailable";

/** A change that was not made. */
export class WriteRefused extends Error {
  override readonly name = "WriteRefused";
  readonly reason: RefusalReason;
  /** Every fault of the document, if faults are the reason. */
  readonly details: readonly WriteProblem[];

  constructor(reason: RefusalReason, message: string, details: readonly WriteProblem[] = []) {
    super(message);
    this.reason = reason;
    this.details = details;
  }
}

/** The document was changed by another writer since it was read. */
export class ChangedMeanwhile extends WriteRefused {
  constructor(message: string) {
    super("conflict", message);
  }
}

/** A problem of the document at position `index` of its source. */
export interface DocumentProblem extends Problem {
  readonly index: number;
}

/** Returns a source that could not be read. */
export function unreadableSource(
  { kind, name }: Pick<Source, "kind" | "name">,
  faults: readonly Fault[],
): Source {
  return { kind, name, readable: false, resources: [], declared: [], faults, warnings: [] };
}

/** Documents of one kind that change together: a file, or a collection of a server. */
export interface Source {
  readonly kind: Kind;
  /** The name in faults: `config/agents.yaml`. */
  readonly name: string;
  /** By position; undefined for a faulty document. Empty when the source could not be read. */
  readonly resources: readonly (Resource | undefined)[];
  /**
   * Set where all documents are edited together, as in a file: a faulty edit is then rejected as a whole. Of documents
   * that are written one by one, only faulty ones are left out.
   */
  readonly isOneText?: boolean;
  /** Set when the text ends like one that is still being written: within a line, or at the end of a block. */
  readonly looksCut?: boolean;
  /** False when the text could not be read. */
  readonly readable: boolean;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
  /** Refs and domain URIs declared by faulty documents: references to them are not faults. */
  readonly declared: readonly string[];
}
