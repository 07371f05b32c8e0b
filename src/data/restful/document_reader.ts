import type { ResourceDocument, StoredDocument } from "../data_provider.ts";
import type { Backend } from "./backend.ts";
import { BackendFailure, FaultyAnswer } from "./backend_failure.ts";
import { documentHash, MAX_DOCUMENT_LENGTH } from "./document_hash.ts";
import { documentIn } from "./envelope.ts";

/** Added by the envelope of a document. */
const MAX_ENVELOPE_BYTES = 64 * 1024;

/** Reads single documents: `GET {base}/{collection}/{ref}`. */
export class DocumentReader {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /**
   * Undefined for no document. The version is a strong entity tag with quotes (RFC 9110 §8.8.3), or a hash of the
   * document. Rejects with `BackendFailure`.
   */
  async read(collection: string, ref: string): Promise<StoredDocument | undefined> {
    try {
      const maxBytes = MAX_DOCUMENT_LENGTH + MAX_ENVELOPE_BYTES;
      const { text, etag } = await this.#backend.request({
        method: "GET",
        path: [collection, ref],
        maxBytes,
      });
      const document: ResourceDocument = documentIn(this.#backend.open(parseJson(text)));
      const version = etag?.startsWith('"') ? etag : documentHash(document);
      if (version === undefined) throw new FaultyAnswer("a document that is too large", "a resource");
      return { document, version };
    } catch (error) {
      if (error instanceof BackendFailure && (error.status === 404 || error.status === 410)) return undefined;
      throw error;
    }
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FaultyAnswer(text.trim() === "" ? "an empty body" : "a body that is not JSON", "JSON");
  }
}
