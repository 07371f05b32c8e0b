/** Heads of HTTP/1.1 requests and responses of an upgrade (RFC 6455 §4). */
import { Buffer } from "node:buffer";
import type { ByteStream } from "../byte_stream.ts";

/** Header fields by names in lower case, repeated ones joined by commas. */
export type HttpHeaders = Readonly<Record<string, string>>;

/** The parsed head of a request. */
export interface HttpHead {
  readonly method: string;
  readonly url: string;
  readonly headers: HttpHeaders;
}

/** The parsed head of a response. */
export interface HttpResponseHead {
  readonly status: number;
  readonly headers: HttpHeaders;
}

const MAX_HEAD_BYTES = 16_384;

const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;
/** Control characters but tabs, which are blanks. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

/** The result of reading a head; one call. */
export interface HttpHeadEvents {
  /** The text before the empty line, undefined for one that is too long; `rest` are the bytes after it. */
  onHead(text: string | undefined, rest: Buffer): void;
  /** The stream has ended before. */
  onClosed(reason: string): void;
}

/** Reads a head. Nothing more is read until another receives the events of the stream. */
export function readHttpHead(stream: ByteStream, events: HttpHeadEvents): void {
  let text = "";
  let isRead = false;
  stream.receive({
    onBytes: (bytes, length) => {
      if (isRead) return;
      text += bytes.toString("latin1", 0, length);
      const end = text.indexOf("\r\n\r\n");
      if (end < 0 && text.length <= MAX_HEAD_BYTES) return;
      isRead = true;
      if (end < 0 || end > MAX_HEAD_BYTES) events.onHead(undefined, Buffer.alloc(0));
      else events.onHead(text.slice(0, end), Buffer.from(text.slice(end + 4), "latin1"));
      text = "";
    },
    onWritten: () => {},
    onClosed: (reason) => {
      if (!isRead) events.onClosed(reason);
    },
  });
}

/** Parses a head; undefined for text that is not the head of an HTTP/1.1 request. */
export function parseHttpHead(text: string): HttpHead | undefined {
  const [start, ...lines] = text.split("\r\n");
  const request = /^([A-Z]+) (\S+) HTTP\/1\.1$/.exec(start);
  const headers = request ? parseHeaders(lines) : undefined;
  return request && headers ? { method: request[1], url: request[2], headers } : undefined;
}

/** Parses a head; undefined for text that is not the head of an HTTP/1.1 response. */
export function parseHttpResponseHead(text: string): HttpResponseHead | undefined {
  const [start, ...lines] = text.split("\r\n");
  const response = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(start);
  const headers = response ? parseHeaders(lines) : undefined;
  return response && headers ? { status: Number(response[1]), headers } : undefined;
}

function parseHeaders(lines: readonly string[]): HttpHeaders | undefined {
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    // A pattern over the whole line, in which blanks match in two ways, would take minutes for a line of blanks.
    if (!TOKEN.test(name) || CONTROL.test(line)) return undefined;
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return headers;
}
