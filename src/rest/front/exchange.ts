/** A request and its response. */
import { systemClock } from "../../runtime/clock.ts";
import type http from "node:http";
import type net from "node:net";
import type { AnswerHead } from "./front_messages.ts";
import { PacedWriter } from "./paced_writer.ts";

/** A refused client that goes on sending is cut after this time; cut at once, it would not read the refusal. */
const LINGER_MS = 1000;
/** Unread bytes of a stream at which its client is cut. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** Bytes of a stream between two reports of what its client has taken. */
const REPORTED_BYTES = 64 * 1024;
/** Header fields that the listener alone writes. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  ...["connection", "content-length", "keep-alive", "transfer-encoding", "trailer", "upgrade"],
]);

export class Exchange {
  readonly id: number;
  readonly #request: http.IncomingMessage;
  readonly #response: http.ServerResponse;
  readonly #writer: PacedWriter;
  #onTaken: (count: number) => void = () => {};
  /** Bytes taken since the last report. */
  #taken = 0;
  #isStream = false;

  constructor(id: number, request: http.IncomingMessage, response: http.ServerResponse) {
    this.id = id;
    this.#request = request;
    this.#response = response;
    this.#writer = new PacedWriter(response, (count) => this.#onPieceTaken(count));
  }

  get isStream(): boolean {
    return this.#isStream;
  }

  get isAnswered(): boolean {
    return this.#response.headersSent;
  }

  get isOver(): boolean {
    return this.#response.destroyed;
  }

  answer(head: AnswerHead, body: Uint8Array): void {
    const isEmpty = head.status === 204 || head.status === 304;
    if (!this.#writeHead(head, isEmpty ? [] : ["content-length", `${body.length}`])) return;
    if (isEmpty || this.#request.method === "HEAD") this.#response.end();
    else this.#writer.end(body);
  }

  /** Begins a stream of chunks, but not to HEAD. `onTaken` gets the number of further bytes that the client took. */
  begin(head: AnswerHead, onTaken: (count: number) => void): void {
    this.#isStream = true;
    this.#onTaken = onTaken;
    if (!this.#writeHead(head, [])) return;
    if (this.#request.method === "HEAD") this.#response.end();
    else this.#response.flushHeaders();
  }

  /** Writes a chunk of a stream; cuts a client that does not read. */
  write(bytes: Uint8Array): void {
    if (this.#response.destroyed || this.#request.method === "HEAD") return;
    this.#writer.write(bytes);
    if (this.#writer.unsent > MAX_UNSENT_BYTES) this.cut();
  }

  end(): void {
    if (!this.#response.destroyed) this.#writer.end();
  }

  /** Answers by the listener itself, in the form of all answers. */
  refuse(status: number, message: string): void {
    if (this.#response.headersSent || this.#response.destroyed) return;
    const headers = ["content-type", "application/json; charset=utf-8"];
    if (status === 429 || status === 503) headers.push("retry-after", "1");
    this.answer({ status, headers }, new TextEncoder().encode(JSON.stringify({ status, message })));
    if (this.#request.complete) return;
    const { socket } = this.#request;
    this.#request.resume();
    const alarm = systemClock.setAlarm(() => {
      if (!this.#request.complete) socket.destroy();
    }, LINGER_MS);
    socket.once("close", () => systemClock.clearAlarm(alarm));
    this.#request.once("end", () => systemClock.clearAlarm(alarm));
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#request.socket.destroy();
  }

  /** Reports whether the client has taken nothing of its answer for this time. */
  isStalled(milliseconds: number): boolean {
    return this.#writer.isStalled(milliseconds);
  }

  #onPieceTaken(count: number): void {
    this.#taken += count;
    if (this.#taken < REPORTED_BYTES) return;
    this.#onTaken(this.#taken);
    this.#taken = 0;
  }

  /** Returns false when the head cannot be written any more. Fields that the runtime refuses become a 500. */
  #writeHead({ status, headers }: AnswerHead, own: readonly string[]): boolean {
    if (this.#response.headersSent || this.#response.destroyed) return false;
    const fields: string[] = [];
    for (let at = 0; at + 1 < headers.length; at += 2) {
      if (!HOP_BY_HOP.has(headers[at].toLowerCase())) fields.push(headers[at], headers[at + 1]);
    }
    // The runtime closes such a connection without announcing it.
    if (!isListening(this.#request)) this.#response.shouldKeepAlive = false;
    try {
      this.#response.writeHead(status, [...fields, ...own]);
      return true;
    } catch {
      if (!this.#response.headersSent) this.#response.writeHead(500, ["content-length", "0"]);
      this.#response.end();
      return false;
    }
  }
}

/** Reports whether the listener of the connection is still open. */
function isListening({ socket }: http.IncomingMessage): boolean {
  return (socket as { server?: net.Server }).server?.listening ?? true;
}
