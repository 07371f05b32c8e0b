/** The documents that requests bring: short ones are read at once, all others in another thread. */
import { isForm, isJson, isYaml, type ReadDocument, readDocument, type SentBody } from "./document_text.ts";
import { DocumentThread } from "./document_thread.ts";

/** Bytes that are read at once, within a few milliseconds whatever they are. */
const MAX_SHORT_JSON = 32 * 1024;
const MAX_SHORT_YAML = 4 * 1024;
/** Milliseconds without a long document after which the thread ends, with the memory it has. */
const IDLE_TIME = 600_000;

/** A document, or a list of them. */
export interface SentDocument {
  readonly value: unknown;
  /** Whether it is a file, which Routr v1 answers in other words. */
  readonly isFile: boolean;
}

/** Reads one long document at a time; the others wait in the order in which they came. */
export class RequestDocuments implements Disposable {
  #thread: DocumentThread | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #alarm: ReturnType<typeof setTimeout> | undefined;

  /** Rejects with `HttpError`: 400 for what cannot be read, 413 for what is too much, 415 for another type. */
  async read(request: Request, { isUpload = false } = {}): Promise<SentDocument> {
    const bytes = new Uint8Array(await request.arrayBuffer());
    const sent = { bytes, type: request.headers.get("content-type") ?? "", isUpload };
    const { items, isList, isFile } = await (isShort(sent) ? readDocument(sent) : this.#readInThread(sent));
    return { value: isList ? items : items[0], isFile };
  }

  /** Ends the thread. */
  [Symbol.dispose](): void {
    clearTimeout(this.#alarm);
    this.#thread?.terminate();
    this.#thread = undefined;
  }

  async #readInThread(sent: SentBody): Promise<ReadDocument> {
    this.#waiting++;
    clearTimeout(this.#alarm);
    const result = this.#last.then(() => {
      if (this.#thread === undefined || this.#thread.hasEnded) this.#thread = new DocumentThread();
      return this.#thread.read(sent);
    });
    this.#last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      if (--this.#waiting === 0) this.#alarm = setTimeout(() => this[Symbol.dispose](), IDLE_TIME);
    }
  }
}

function isShort({ bytes: { length }, type }: SentBody): boolean {
  if (isJson(type)) return length <= MAX_SHORT_JSON;
  if (isYaml(type)) return length <= MAX_SHORT_YAML;
  // Another type is refused without a look at the body.
  return !isForm(type);
}
