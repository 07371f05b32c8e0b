/** Documents in requests: short ones are read at once, long ones in another thread. */
import { SerialTasks } from "../../runtime/serial_tasks.ts";
import { systemClock } from "../../runtime/clock.ts";
import { isForm, isJson, isYaml, type ReadDocument, readDocument, type SentBody } from "./document_text.ts";
import { DocumentThread } from "./document_thread.ts";

/** The size of documents that are read within a few milliseconds in the worst case. */
const MAX_SHORT_JSON_BYTES = 32 * 1024;
const MAX_SHORT_YAML_BYTES = 4 * 1024;
/** An idle thread ends after this time, to free its memory. */
const IDLE_MS = 600_000;

/** A document, or a list of them. */
export interface SentDocument {
  readonly value: unknown;
  /** It is a file of a form, which Routr v1 answers in other words. */
  readonly isFile: boolean;
}

/** Reads one long document at a time, in the order of arrival. */
export class RequestDocuments implements Disposable {
  #thread: DocumentThread | undefined;
  readonly #readings = new SerialTasks();
  #waiting = 0;
  #alarm: unknown;

  /** Reads the body. Rejects with `HttpError`: 400 for faults, 413 for a costly document, 415 for another type. */
  async read(request: Request, { isUpload = false } = {}): Promise<SentDocument> {
    const bytes = new Uint8Array(await request.arrayBuffer());
    const sent = { bytes, type: request.headers.get("content-type") ?? "", isUpload };
    const { items, isList, isFile } = await (isShort(sent) ? readDocument(sent) : this.#readInThread(sent));
    return { value: isList ? items : items[0], isFile };
  }

  /** Ends the thread. */
  [Symbol.dispose](): void {
    systemClock.clearAlarm(this.#alarm);
    this.#thread?.terminate();
    this.#thread = undefined;
  }

  async #readInThread(sent: SentBody): Promise<ReadDocument> {
    this.#waiting++;
    systemClock.clearAlarm(this.#alarm);
    try {
      return await this.#readings.run(() => {
        if (this.#thread === undefined || this.#thread.hasEnded) this.#thread = new DocumentThread();
        return this.#thread.read(sent);
      });
    } finally {
      if (--this.#waiting === 0) this.#alarm = systemClock.setAlarm(() => this[Symbol.dispose](), IDLE_MS);
    }
  }
}

function isShort({ bytes: { length }, type }: SentBody): boolean {
  if (isJson(type)) return length <= MAX_SHORT_JSON_BYTES;
  if (isYaml(type)) return length <= MAX_SHORT_YAML_BYTES;
  // Another type is refused at once.
  return !isForm(type);
}
