/** The requests and responses of a WebSocket handshake (RFC 6455 §4), for SIP (RFC 7118 §4). */
import { createHash, randomBytes } from "node:crypto";
import { type HttpHead, type HttpHeaders, parseHttpResponseHead } from "./http_head.ts";

const SUBPROTOCOL = "sip";
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY = /^[+/0-9A-Za-z]{22}==$/;
/** Version 8 is that of drafts, and differs in nothing that is used. */
const VERSIONS = ["13", "8"];

/** Returns the fault of a request for an upgrade, undefined for none (RFC 7118 §4.1). */
export function faultOfRequest(head: HttpHead | undefined): string | undefined {
  if (!head) return "This is not HTTP/1.1";
  const { headers } = head;
  if (head.method !== "GET" || headers.upgrade?.toLowerCase() !== "websocket") {
    return "This is SIP over WebSocket";
  }
  // A proxy in front must not read the request otherwise.
  const options = listOf(headers, "connection");
  if (!options.includes("upgrade") || headers.host === undefined) {
    return "Host or Connection: Upgrade is missing";
  }
  if ("content-length" in headers || "transfer-encoding" in headers) return "There must be no body";
  if (!listOf(headers, "sec-websocket-protocol").includes(SUBPROTOCOL)) {
    return `The WebSocket subprotocol has to be ${SUBPROTOCOL}`;
  }
  if (!KEY.test(headers["sec-websocket-key"] ?? "")) return "Missing or invalid Sec-WebSocket-Key header";
  if (!VERSIONS.includes(headers["sec-websocket-version"] ?? "")) {
    return "Missing or invalid Sec-WebSocket-Version header";
  }
  return undefined;
}

/** Returns the response to a request without fault. */
export function acceptance({ headers }: HttpHead): string {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${acceptOf(headers["sec-websocket-key"])}\r\n` +
    `Sec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n\r\n`;
}

/** Returns the response to a faulty request. */
export function rejection(reason: string): string {
  return "HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n" +
    `Content-Type: text/plain\r\nContent-Length: ${reason.length + 1}\r\n\r\n${reason}\n`;
}

/** Returns the key of a new request. */
export function newKey(): string {
  return randomBytes(16).toString("base64");
}

export function requestFor(host: string, key: string): string {
  return "GET / HTTP/1.1\r\nSec-WebSocket-Version: 13\r\n" +
    `Sec-WebSocket-Key: ${key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Protocol: ${SUBPROTOCOL}\r\nHost: ${host}\r\n\r\n`;
}

/** Returns the fault of the response to a request with a key, undefined for none. */
export function faultOfResponse(text: string | undefined, key: string): string | undefined {
  const head = text === undefined ? undefined : parseHttpResponseHead(text);
  if (!head) return "Server does not speak HTTP/1.1";
  const { status, headers } = head;
  if (status !== 101) return `Unexpected server response: ${status}`;
  if (headers.upgrade?.toLowerCase() !== "websocket") return "Invalid Upgrade header";
  if (!listOf(headers, "connection").includes("upgrade")) return "Invalid Connection header";
  if (headers["sec-websocket-accept"] !== acceptOf(key)) return "Invalid Sec-WebSocket-Accept header";
  if ("sec-websocket-extensions" in headers) return "Server sent an extension that was not requested";
  return headers["sec-websocket-protocol"] === SUBPROTOCOL
    ? undefined
    : "Server does not speak SIP over WebSocket";
}

function acceptOf(key: string): string {
  return createHash("sha1").update(key + GUID).digest("base64");
}

/** Returns the values of a header field that is a list, in lower case. */
function listOf(headers: HttpHeaders, name: string): string[] {
  return headers[name]?.split(",").map((value) => value.trim().toLowerCase()) ?? [];
}
