/**
 * HTTP/1.1 on a given socket (RFC 9112), one request at a time. Older runtimes cannot otherwise choose whom to trust.
 */
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";

/** An answer whose head was read. */
export interface HttpResponse {
  readonly status: number;
  /** Header fields by name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Can be read once; leaving it early ends the connection. Rejects when the connection is lost. */
  readonly body: AsyncIterable<Uint8Array>;
}

const MAX_LINE_BYTES = 64 * 1024;
const MAX_HEADERS = 1000;
const CLOSED = "the connection was closed";

/** The service has closed the connection before the first byte of an answer. */
export class UnansweredError extends Error {
  override readonly name = "UnansweredError";
}

export class HttpWire {
  readonly #socket: Duplex;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #bytes = Buffer.alloc(0);
  #isIdle = true;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  /** Reports whether another request may be sent. */
  get isIdle(): boolean {
    return this.#isIdle && !this.#socket.destroyed;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Sends a request; `head` ends with an empty line. Rejects when the connection ends before the answer. */
  async exchange(head: string, body = ""): Promise<HttpResponse> {
    this.#isIdle = false;
    this.#socket.write(head + body);
    if (this.#bytes.length === 0 && !await this.#readMore()) throw new UnansweredError(CLOSED);
    let response = await this.#readHead();
    while (response.status < 200) response = await this.#readHead();
    return { ...response, body: this.#bodyOf(response) };
  }

  async #readHead(): Promise<Omit<HttpResponse, "body">> {
    const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(await this.#readLine()) ?? [];
    if (status === undefined) throw new Error("the answer is not HTTP");
    const headers: Record<string, string> = {};
    for (let count = 0; count <= MAX_HEADERS; count++) {
      const line = await this.#readLine();
      if (line === "") return { status: Number(status), headers };
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    throw new Error("the answer has too many header fields");
  }

  async *#bodyOf({ status, headers }: Omit<HttpResponse, "body">): AsyncGenerator<Uint8Array> {
    let isWhole = false;
    try {
      const length = headers["content-length"];
      if (status === 204 || status === 304) isWhole = true;
      else if (/\bchunked$/i.test(headers["transfer-encoding"] ?? "")) {
        yield* this.#readChunks();
        isWhole = true;
      } else if (length !== undefined) {
        yield* this.#read(Number(length));
        isWhole = true;
      } else {
        do yield this.#take(this.#bytes.length); while (await this.#readMore());
      }
    } finally {
      this.#isIdle = isWhole && !/\bclose\b/i.test(headers.connection ?? "");
      if (!this.#isIdle) this.close();
    }
  }

  /** Reads a chunked body (RFC 9112 §7.1). */
  async *#readChunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const size = Number.parseInt(await this.#readLine(), 16);
      if (!(size >= 0)) throw new Error("the answer is not HTTP");
      if (size === 0) break;
      yield* this.#read(size);
      await this.#readLine();
    }
    while (await this.#readLine() !== "");
  }

  async *#read(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0;) {
      if (this.#bytes.length === 0 && !await this.#readMore()) throw new Error(CLOSED);
      const part = this.#take(Math.min(left, this.#bytes.length));
      left -= part.length;
      yield part;
    }
  }

  async #readLine(): Promise<string> {
    for (let from = 0;;) {
      const end = this.#bytes.indexOf("\n", from);
      if (end >= 0) return this.#take(end + 1).toString("latin1").replace(/\r?\n$/, "");
      from = this.#bytes.length;
      if (from > MAX_LINE_BYTES) throw new Error("the answer has a line without an end");
      if (!await this.#readMore()) throw new Error(CLOSED);
    }
  }

  #take(length: number): Buffer<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  /** Returns false at the end of the connection. */
  async #readMore(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done) return false;
    this.#bytes = Buffer.concat([this.#bytes, value]);
    return true;
  }
}
