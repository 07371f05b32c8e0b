import {
  ChangedMeanwhile,
  type RefusalReason,
  type ResourceDocument,
  type StoredDocument,
  WriteRefused,
} from "../data_provider.ts";
import type { Backend, BackendRequest } from "./backend.ts";
import { BackendFailure, FaultyAnswer } from "./backend_failure.ts";
import { MAX_DOCUMENT_LENGTH } from "./document_hash.ts";
import { DocumentReader } from "./document_reader.ts";
import { isMapping } from "../../runtime/mapping.ts";

/** The path of a document: `{base}/{collection}/{ref}`. */
export interface DocumentPath {
  readonly collection: string;
  readonly ref: string;
}

/** The body of DELETE that Routr v1 sent, and backends may expect. */
const NO_OBJECT = JSON.stringify("noobj");
const MAX_ANSWER_BYTES = MAX_DOCUMENT_LENGTH;
/** The HTTP status for an `If-Match` that does not match. */
const PRECONDITION_FAILED = 412;

/** Changes documents one by one. All methods reject with `WriteRefused`. */
export class DocumentWriter {
  readonly #backend: Backend;
  readonly #reader: DocumentReader;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#reader = new DocumentReader(backend);
  }

  /** Undefined for no document. */
  async read({ collection, ref }: DocumentPath): Promise<StoredDocument | undefined> {
    return await this.#reader.read(collection, ref).catch(refuse);
  }

  /** Resolves with the ref that the backend assigns. */
  async create({ collection, ref }: DocumentPath, document: ResourceDocument): Promise<string> {
    // A backend may take a second document with the same ref for a change of the first.
    if (await this.read({ collection, ref }) !== undefined) {
      throw new WriteRefused("conflict", `There is "${ref}" already`);
    }
    return await this.#send({ method: "POST", path: [collection], body: JSON.stringify(document) }) ?? ref;
  }

  /** Resolves with the ref, which the backend may replace. */
  async update(
    address: DocumentPath,
    { version, document }: { version: string; document: ResourceDocument },
  ): Promise<string> {
    const ifMatch = await this.#condition(address, version);
    const { collection, ref } = address;
    const body = JSON.stringify(document);
    return await this.#send({ method: "PUT", path: [collection, ref], ifMatch, body }) ?? ref;
  }

  async remove(address: DocumentPath, version: string): Promise<void> {
    const ifMatch = await this.#condition(address, version);
    const { collection, ref } = address;
    await this.#send({ method: "DELETE", path: [collection, ref], ifMatch, body: NO_OBJECT });
  }

  /** Returns the entity tag that the backend compares. Without one, the version is compared here, just before. */
  async #condition(address: DocumentPath, version: string): Promise<string | undefined> {
    if (version.startsWith('"')) return version;
    const stored = await this.read(address);
    if (stored === undefined) throw new WriteRefused("missing", "Not found");
    if (stored.version !== version) {
      throw new ChangedMeanwhile("The object was changed by somebody else meanwhile");
    }
    return undefined;
  }

  /** Resolves with the ref in the answer, if there is one. */
  async #send(request: Omit<BackendRequest, "maxBytes">): Promise<string | undefined> {
    if ((request.body?.length ?? 0) > MAX_DOCUMENT_LENGTH) {
      throw new WriteRefused("invalid", `The document has more than ${MAX_DOCUMENT_LENGTH} characters`);
    }
    try {
      const { text } = await this.#backend.request({ ...request, maxBytes: MAX_ANSWER_BYTES });
      return refIn(this.#backend.open(parseTolerantly(text)).content);
    } catch (error) {
      // The change was made, whatever the answer says.
      if (error instanceof FaultyAnswer) return undefined;
      return refuse(error);
    }
  }
}

function parseTolerantly(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Backends answer with the ref, or with the document. */
function refIn(content: unknown): string | undefined {
  const metadata = isMapping(content) ? content.metadata : undefined;
  const ref = isMapping(metadata) ? metadata.ref : content;
  return typeof ref === "string" && /^\S{1,256}$/.test(ref) ? ref : undefined;
}

function refuse(error: unknown): never {
  if (!(error instanceof BackendFailure)) throw error;
  if (error.status === PRECONDITION_FAILED) {
    throw new ChangedMeanwhile(`The backend refuses: ${error.message}`);
  }
  const action = error.status === 0 ? "cannot be reached" : "refuses";
  throw new WriteRefused(reasonOf(error), `The backend ${action}: ${error.message}`);
}

function reasonOf({ status }: BackendFailure): RefusalReason {
  if (status === 404 || status === 410) return "missing";
  if (status === 409) return "conflict";
  if (status === 400 || status === 413 || status === 422) return "invalid";
  const isForbidden = [401, 403, 405, 501].includes(status) || (status >= 300 && status <= 399);
  return isForbidden ? "unwritable" : "unavailable";
}
