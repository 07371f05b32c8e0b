/** A client of the REST service that costs little beside it: a connection with one request at a time (RFC 9112). */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import tls from "node:tls";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export class HttpConnection {
  readonly #socket: tls.TLSSocket;
  #received: Buffer[] = [];
  #length = 0;
  /** Bytes of the answer with its head; unknown before the head is there. */
  #expected = Infinity;
  #answer: PromiseWithResolvers<HttpAnswer> | undefined;

  private constructor(socket: tls.TLSSocket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#onData(bytes));
    socket.on("error", (error) => this.#answer?.reject(error));
    socket.on("close", () => this.#answer?.reject(new Error("The connection was closed")));
  }

  /** Whether the server has not closed it. */
  get isOpen(): boolean {
    return !this.#socket.closed && this.#socket.writable;
  }

  /** To 127.0.0.1, whatever certificate is shown. */
  static async open(port: number): Promise<HttpConnection> {
    const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    socket.setNoDelay(true);
    return new HttpConnection(socket);
  }

  /** @param request as text, whole */
  ask(request: string): Promise<HttpAnswer> {
    if (!this.isOpen) return Promise.reject(new Error("The connection is closed"));
    this.#answer = Promise.withResolvers();
    this.#socket.write(request);
    return this.#answer.promise;
  }

  close(): void {
    this.#answer = undefined;
    this.#socket.destroy();
  }

  #onData(bytes: Buffer): void {
    this.#received.push(bytes);
    this.#length += bytes.length;
    if (this.#expected === Infinity) this.#expected = wholeLength(Buffer.concat(this.#received));
    if (this.#length < this.#expected) return;
    const text = Buffer.concat(this.#received).toString("latin1");
    [this.#received, this.#length, this.#expected] = [[], 0, Infinity];
    const status = Number(text.slice("HTTP/1.1 ".length, "HTTP/1.1 ".length + 3));
    this.#answer?.resolve({ status, body: text.slice(text.indexOf("\r\n\r\n") + 4) });
  }
}

/** Infinity when the head is not whole. */
function wholeLength(bytes: Buffer): number {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return Infinity;
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString("latin1", 0, end)) ?? [];
  return end + 4 + Number(length ?? 0);
}

/** @param fields further header fields, each with CRLF */
export function httpRequest(method: string, path: string, fields = "", body = ""): string {
  const length = body === "" ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}${length}\r\n${body}`;
}
