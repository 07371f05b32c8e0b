/** The thread of the registration database, as seen by the server. */
import { Worker } from "node:worker_threads";
import {
  type Answer,
  isNotice,
  type Notice,
  type Question,
  type Report,
} from "./registration_database_messages.ts";

export interface RegistrationDatabaseThreadOptions {
  readonly program?: URL;
  readonly onNotice: (notice: Notice) => void;
  /** Called once when the thread ends unexpectedly. */
  readonly onEnd: (reason: string) => void;
}

/** Asks a worker, which answers in order. It keeps the process alive only while a question is open. */
export class RegistrationDatabaseThread {
  readonly #worker: Worker;
  readonly #options: RegistrationDatabaseThreadOptions;
  readonly #waiting: ((answer: Answer) => void)[] = [];
  #end: string | undefined;

  constructor(options: RegistrationDatabaseThreadOptions) {
    this.#options = options;
    this.#worker = new Worker(options.program ?? PROGRAM);
    this.#worker.on("message", (report: Report) => this.#onReport(report));
    this.#worker.on(
      "error",
      (error: unknown) => this.#onEnd(error instanceof Error ? error.message : String(error)),
    );
    this.#worker.on("exit", () => this.#onEnd("its thread ended"));
    this.#worker.unref();
  }

  /** Never rejects: an ended thread answers "failed". */
  ask(question: Question): Promise<Answer> {
    if (this.#end !== undefined) return Promise.resolve({ kind: "failed", reason: this.#end });
    if (this.#waiting.length === 0) this.#worker.ref();
    this.#worker.postMessage(question, question instanceof ArrayBuffer ? [question] : []);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the thread at once; open questions fail. */
  async terminate(): Promise<void> {
    this.#answerAll("it is closed");
    await this.#worker.terminate();
  }

  #onReport(report: Report): void {
    if (isNotice(report)) return this.#options.onNotice(report);
    const resolve = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    resolve?.(report);
  }

  #onEnd(reason: string): void {
    if (this.#end !== undefined) return;
    this.#options.onEnd(reason);
    this.#answerAll(reason);
  }

  #answerAll(reason: string): void {
    this.#end ??= reason;
    this.#worker.unref();
    for (const resolve of this.#waiting.splice(0)) resolve({ kind: "failed", reason });
  }
}

// `deno compile --bundle` finds the program by exactly this expression.
const PROGRAM = new URL("./registration_database_worker.ts", import.meta.url);
