/** The main thread's side of one thread that reads documents. */
import { systemClock } from "../../runtime/clock.ts";
import { Worker } from "node:worker_threads";
import { Turn } from "../../runtime/turn.ts";
import type { ReadDocument, SentBody } from "./document_text.ts";
import type { Answer, Question } from "./document_worker.ts";
import { HttpError } from "./http_error.ts";

/** A thread that is out of memory ends alone, not with the whole server. */
const HEAP = { maxOldGenerationSizeMb: 512 };
/** The time for one document. */
const READ_TIMEOUT_MS = 10_000;
/** The main thread takes parts for this time before it serves others. */
const TURN_MS = 1;

export class DocumentThread {
  readonly #worker: Worker;
  readonly #ready = Promise.withResolvers<void>();
  #reply: PromiseWithResolvers<Answer> | undefined;
  #hasEnded = false;

  /** @param program another program, for tests of failures */
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

  /** Reads one document at a time. Rejects with `HttpError`: 413 when the time or memory of the thread is exceeded. */
  async read({ bytes, type, isUpload }: SentBody): Promise<ReadDocument> {
    const answer = await this.#ask({ kind: "read", bytes: bytes.buffer, type, isUpload }, [bytes.buffer]);
    if (answer.kind !== "read") throw new TypeError(`Unexpected answer "${answer.kind}"`);
    const { isList, isFile } = answer;
    const items: unknown[] = [];
    const turn = new Turn(TURN_MS);
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
    // Loading the program does not count.
    await this.#ready.promise;
    const alarm = systemClock.setAlarm(() => this.terminate(), READ_TIMEOUT_MS);
    try {
      if (this.#hasEnded) this.#onEnd();
      else this.#worker.postMessage(question, transfer);
      const answer = await reply.promise;
      if (answer.kind !== "refused") return answer;
      throw new HttpError(answer.status, answer.message, { headers: answer.headers });
    } finally {
      systemClock.clearAlarm(alarm);
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

// `deno compile --bundle` recognises the program by this expression only.
const PROGRAM = new URL("./document_worker.ts", import.meta.url);
