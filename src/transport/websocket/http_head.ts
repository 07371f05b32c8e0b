/** The head of an HTTP/1.1 request for an upgrade (RFC 6455 §4.2.1). */
import type { Buffer } from "node:buffer";
import type net from "node:net";

/** A parsed head; header names in lower case, repeated ones joined by commas. */
export interface HttpHead {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const MAX_HEAD_BYTES = 16_384;

const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;
/** Control characters but tabs, which are blanks. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Reads the head of a request and the bytes after it; undefined for anything else. */
export function readHttpHead(
  socket: net.Socket,
  onHead: (head: HttpHead | undefined, rest: string) => void,
): void {
  let text = "";
  const onData = (chunk: Buffer) => {
    text += chunk.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0 && text.length <= MAX_HEAD_BYTES) return;
    socket.off("data", onData);
    if (end < 0 || end > MAX_HEAD_BYTES) return onHead(undefined, "");
    onHead(parseHttpHead(text.slice(0, end)), text.slice(end + 4));
  };
  socket.on("data", onData);
}

/** Parses a head; undefined for text that is not the head of an HTTP/1.1 request. */
export function parseHttpHead(text: string): HttpHead | undefined {
  const [start, ...lines] = text.split("\r\n");
  const request = /^([A-Z]+) (\S+) HTTP\/1\.1$/.exec(start);
  if (!request) return undefined;
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    // A pattern over the whole line, in which blanks match in two ways, would take minutes for a line of blanks.
    if (!TOKEN.test(name) || CONTROL.test(line)) return undefined;
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return { method: request[1], url: request[2], headers };
}
