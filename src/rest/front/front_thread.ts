/** One life of the thread that has the HTTP listener, as seen from the main thread. */
import { Worker } from "node:worker_threads";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { logForwarded } from "./front_logs.ts";
import type {
  AnswerHead,
  FrontCommand,
  FrontReport,
  FrontRequest,
  FrontSettings,
  ListeningAddress,
} from "./front_messages.ts";

/** Megabytes of objects. What is out of memory ends alone, instead of with the whole server. */
const HEAP = { maxOldGenerationSizeMb: 128 };
/** Milliseconds between two questions whether the thread is well: one that is out of memory says nothing any more. */
const PING_INTERVAL = 5000;
/** Questions without an answer after which it is given up. */
const PATIENCE = 2;
/** Milliseconds that closing may take. */
const CLOSING_TIME = 2000;
/** Bytes of a stream that are on their way to the client: the rest waits where it comes from. */
const WINDOW = 256 * 1024;

export interface FrontThreadOptions {
  /** The program of the thread, for tests of its end. */
  readonly program?: URL;
  readonly clock?: Clock;
  readonly onRequest: (request: FrontRequest) => void;
  readonly onCounts: (counts: { readonly rejected: number; readonly connections: number }) => void;
  /** Called once when the thread ends without having been told to. */
  readonly onEnd: (reason: string) => void;
}

/** A stream on its way to a client. */
interface OutgoingStream {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Bytes that the client has not taken. */
  ahead: number;
  /** Lets it go on. */
  wake: () => void;
}

export class FrontThread {
  readonly #options: FrontThreadOptions;
  readonly #clock: Clock;
  readonly #worker: Worker;
  readonly #streams = new Map<number, OutgoingStream>();
  readonly #closed = Promise.withResolvers<void>();
  #reply: PromiseWithResolvers<ListeningAddress> | undefined;
  #unanswered = 0;
  #alarm: unknown;
  #isOver = false;

  constructor(options: FrontThreadOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#worker = new Worker(options.program ?? PROGRAM, { resourceLimits: HEAP });
    this.#worker.on("message", (report: FrontReport) => this.#onReport(report));
    this.#worker.on("error", (error: unknown) => {
      this.#onEnd(error instanceof Error ? error.message : String(error));
    });
    this.#worker.on("exit", () => this.#onEnd("its thread ended"));
    this.#awaitPing();
  }

  /** Rejects with the reason when it cannot listen there. */
  open(settings: FrontSettings): Promise<ListeningAddress> {
    return this.#ask({ kind: "open", settings });
  }

  /** Listens at another address; one at a time. Rejects when it cannot, and listens where it did. */
  move(bindAddr: string, port: number): Promise<ListeningAddress> {
    return this.#ask({ kind: "move", bindAddr, port });
  }

  /** Answers a request: at once, or bit by bit when `body` is a stream. Resolves when all was handed over. */
  async answer(id: number, head: AnswerHead, body: ArrayBuffer | ReadableStream<Uint8Array>): Promise<void> {
    if (body instanceof ArrayBuffer) return this.#tell({ kind: "answer", id, head, body }, [body]);
    const stream: OutgoingStream = { reader: body.getReader(), ahead: 0, wake: () => {} };
    if (this.#isOver) return void await stream.reader.cancel();
    this.#streams.set(id, stream);
    this.#tell({ kind: "begin", id, head });
    try {
      await this.#pass(id, stream);
    } finally {
      this.#streams.delete(id);
      this.#tell({ kind: "end", id });
    }
  }

  /** Ends streams, gives requests under way a moment, and ends the thread. Never rejects. */
  async close(): Promise<void> {
    for (const id of this.#streams.keys()) this.#leave(id);
    this.#tell({ kind: "close" });
    const limit = Promise.withResolvers<void>();
    const alarm = setTimeout(limit.resolve, CLOSING_TIME);
    await Promise.race([this.#closed.promise, limit.promise]);
    clearTimeout(alarm);
    await this.terminate("it is stopped");
  }

  /**
   * Ends the thread where it stands. Not out of a loop without an end, which the runtime does not leave: such a thread
   * keeps its port.
   */
  async terminate(reason: string): Promise<void> {
    this.#end(reason);
    await this.#worker.terminate();
  }

  #ask(command: FrontCommand): Promise<ListeningAddress> {
    if (this.#isOver) return Promise.reject(new Error("Its thread has ended"));
    const reply = Promise.withResolvers<ListeningAddress>();
    this.#reply = reply;
    this.#tell(command);
    return reply.promise;
  }

  /** @param transfer what is handed over and not copied */
  #tell(command: FrontCommand, transfer?: ArrayBuffer[]): void {
    if (!this.#isOver) this.#worker.postMessage(command, transfer);
  }

  #onReport(report: FrontReport): void {
    if (this.#isOver) return;
    switch (report.kind) {
      case "request":
        return this.#options.onRequest(report.request);
      case "listening":
        return this.#reply?.resolve(report.place);
      case "failed":
        return this.#reply?.reject(new Error(report.reason));
      case "left":
        return this.#leave(report.id);
      case "taken":
        return this.#onTaken(report.id, report.count);
      case "counts":
        return this.#options.onCounts(report);
      case "log":
        return logForwarded(report.record);
      case "pong":
        this.#unanswered = 0;
        return;
      case "closed":
        return this.#closed.resolve();
    }
  }

  async #pass(id: number, stream: OutgoingStream): Promise<void> {
    for (;;) {
      const { done, value } = await stream.reader.read();
      if (done) return;
      stream.ahead += value.length;
      const bytes = value.slice().buffer;
      this.#tell({ kind: "chunk", id, bytes }, [bytes]);
      if (stream.ahead > WINDOW) await new Promise<void>((resolve) => stream.wake = resolve);
    }
  }

  #onTaken(id: number, count: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.ahead -= count;
    if (stream.ahead <= WINDOW) stream.wake();
  }

  /** Nobody reads this stream any more. */
  #leave(id: number): void {
    const stream = this.#streams.get(id);
    stream?.reader.cancel().catch(() => {});
    stream?.wake();
  }

  #awaitPing(): void {
    this.#alarm = this.#clock.setAlarm(() => {
      if (this.#unanswered >= PATIENCE) {
        this.#onEnd("its thread does not answer");
        return void this.#worker.terminate();
      }
      this.#unanswered++;
      this.#tell({ kind: "ping" });
      this.#awaitPing();
    }, PING_INTERVAL);
  }

  #onEnd(reason: string): void {
    if (this.#isOver) return;
    this.#end(reason);
    this.#options.onEnd(reason);
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#clock.clearAlarm(this.#alarm);
    for (const id of this.#streams.keys()) this.#leave(id);
    this.#reply?.reject(new Error(reason));
    this.#closed.resolve();
  }
}

// `deno compile --bundle` finds the program by this very expression.
const PROGRAM = new URL("./front_worker.ts", import.meta.url);
