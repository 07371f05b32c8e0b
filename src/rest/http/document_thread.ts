/** One life of the thread that reads documents, as seen from the main thread. */
import { Worker } from "node:worker_threads";
import { Turn } from "../../runtime/turn.ts";
import type { ReadDocument, SentBody } from "./document_text.ts";
import type { Answer, Question } from "./document_worker.ts";
import { HttpError } from "./http_error.ts";

/** Megabytes of objects. What is out of memory ends alone, instead of with the whole server. */
const HEAP = { maxOldGenerationSizeMb: 512 };
/** Milliseconds that the thread may take for a document. */
const PATIENCE = 10_000;
/** Milliseconds that the main thread takes parts over before others get their turn. */
const TURN = 1;

export class DocumentThread {
  readonly #worker: Worker;
  readonly #ready = Promise.withResolvers<void>();
  #reply: PromiseWithResolvers<Answer> | undefined;
  #hasEnded = false;

  /** @param program for tests of its end */
  constructor(program = PROGRAM) {
    this.#worker = new Worker(program, { resourceLimits: HEAP });
    this.#worker.on("message", (answer: Answer) => {
      if (answer.kind === "ready") this.#ready.resolve();
      else this.#reply?.resolve(answer);
    });
    this.#worker.on("error", () => this.#onEnd());
    this.#worker.on("exit", () => this.#onEnd());
    this.#worker.unref();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** One at a time. Rejects with `HttpError`; a document that is too much for the thread ends it, and is 413. */
  async read({ bytes, type, isUpload }: SentBody): Promise<ReadDocument> {
    const answer = await this.#ask({ kind: "read", bytes: bytes.buffer, type, isUpload }, [bytes.buffer]);
    if (answer.kind !== "read") throw new TypeError(`Unexpected answer "${answer.kind}"`);
    const { isList, isFile } = answer;
    const items: unknown[] = [];
    const turn = new Turn(TURN);
    for (let json = await this.#nextPart(); json !== undefined; json = await this.#nextPart()) {
      for (const item of JSON.parse(json)) items.push(item);
      if (turn.isOver) await turn.next();
    }
    return { items, isList, isFile };
  }

  terminate(): void {
    this.#onEnd();
    void this.#worker.terminate();
  }

  async #nextPart(): Promise<string | undefined> {
    const answer = await this.#ask({ kind: "next" });
    return answer.kind === "part" ? answer.json : undefined;
  }

  async #ask(question: Question, transfer: ArrayBuffer[] = []): Promise<Answer> {
    const reply = this.#reply = Promise.withResolvers<Answer>();
    this.#worker.ref();
    // Loading its program is nobody's fault.
    await this.#ready.promise;
    const alarm = setTimeout(() => this.terminate(), PATIENCE);
    try {
      if (this.#hasEnded) this.#onEnd();
      else this.#worker.postMessage(question, transfer);
      const answer = await reply.promise;
      if (answer.kind !== "refused") return answer;
      throw new HttpError(answer.status, answer.message, { headers: answer.headers });
    } finally {
      clearTimeout(alarm);
      this.#worker.unref();
    }
  }

  #onEnd(): void {
    this.#hasEnded = true;
    this.#ready.resolve();
    const message = "The body takes too much time or memory to read";
    this.#reply?.resolve({ kind: "refused", status: 413, message, headers: {} });
  }
}

// `deno compile --bundle` finds the program by this very expression.
const PROGRAM = new URL("./document_worker.ts", import.meta.url);
