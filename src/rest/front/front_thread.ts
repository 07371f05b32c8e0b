/** The main thread's side of one thread with the HTTP listener. */
import { noteEvent } from "../../runtime/rounds.ts";
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

/** A thread that is out of memory ends alone, not with the whole server. */
const HEAP = { maxOldGenerationSizeMb: 128 };
/** A thread that is out of memory does not answer pings any more. */
const PING_INTERVAL_MS = 5000;
const MAX_UNANSWERED_PINGS = 2;
const CLOSE_TIMEOUT_MS = 2000;
/** Bytes of a stream that the listener may have; the rest waits at the source. */
const WINDOW_BYTES = 256 * 1024;

export interface FrontThreadOptions {
  /** Another program, for tests of failures. */
  readonly program?: URL;
  readonly clock?: Clock;
  readonly onRequest: (request: FrontRequest) => void;
  readonly onCounts: (counts: { readonly rejected: number; readonly connections: number }) => void;
  /** Called once when the thread ends unexpectedly. */
  readonly onEnd: (reason: string) => void;
}

/** A stream that is sent to a client. */
interface OutgoingStream {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Bytes sent that the client has not taken yet. */
  ahead: number;
  /** Resumes it. */
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
    this.#worker.on("message", (report: FrontReport) => {
      noteEvent();
      this.#onReport(report);
    });
    this.#worker.on("error", (error: unknown) => {
      this.#onEnd(error instanceof Error ? error.message : String(error));
    });
    this.#worker.on("exit", () => this.#onEnd("its thread ended"));
    this.#awaitPing();
  }

  /** Opens the listener. Rejects with the reason when that fails. */
  open(settings: FrontSettings): Promise<ListeningAddress> {
    return this.#ask({ kind: "open", settings });
  }

  /** Moves the listener, one move at a time. Rejects when that fails; the old address then stays. */
  move(bindAddr: string, port: number): Promise<ListeningAddress> {
    return this.#ask({ kind: "move", bindAddr, port });
  }

  /** Answers a request at once, or by chunks when `body` is a stream. Resolves when everything was posted. */
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

  /** Ends streams, then requests under way after a grace time, then the thread. Never rejects. */
  async close(): Promise<void> {
    for (const id of this.#streams.keys()) this.#leave(id);
    this.#tell({ kind: "close" });
    const limit = Promise.withResolvers<void>();
    const alarm = this.#clock.setAlarm(limit.resolve, CLOSE_TIMEOUT_MS);
    await Promise.race([this.#closed.promise, limit.promise]);
    this.#clock.clearAlarm(alarm);
    await this.terminate("it is stopped");
  }

  /** Ends the thread at once. The runtime cannot end an endless loop; such a thread keeps its port. */
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

  /** @param transfer buffers that are moved, not copied */
  #tell(command: FrontCommand, transfer?: ArrayBuffer[]): void {
    if (!this.#isOver) this.#worker.postMessage(command, transfer);
  }

  #onReport(report: FrontReport): void {
    if (this.#isOver) return;
    switch (report.kind) {
      case "request":
        return this.#options.onRequest(report.request);
      case "listening":
        return this.#reply?.resolve(report.bound);
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
      if (stream.ahead > WINDOW_BYTES) await new Promise<void>((resolve) => stream.wake = resolve);
    }
  }

  #onTaken(id: number, count: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.ahead -= count;
    if (stream.ahead <= WINDOW_BYTES) stream.wake();
  }

  /** Cancels a stream that nobody reads. */
  #leave(id: number): void {
    const stream = this.#streams.get(id);
    stream?.reader.cancel().catch(() => {});
    stream?.wake();
  }

  #awaitPing(): void {
    this.#alarm = this.#clock.setAlarm(() => {
      if (this.#unanswered >= MAX_UNANSWERED_PINGS) {
        this.#onEnd("its thread does not answer");
        return void this.#worker.terminate();
      }
      this.#unanswered++;
      this.#tell({ kind: "ping" });
      this.#awaitPing();
    }, PING_INTERVAL_MS);
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

// `deno compile --bundle` recognises the program by this expression only.
const PROGRAM = new URL("./front_worker.ts", import.meta.url);
