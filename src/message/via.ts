/** Via header field values (§20.42, RFC 3581). */
import { isHexDigit, isHostCharacter, parseNumber, skipToken, skipWhiteSpace } from "./characters.ts";
import { ParameterCursor } from "./parameters.ts";
import { codeAt, cut } from "../runtime/text.ts";

/** The cookie that begins every branch of an RFC 3261 element (§8.1.1.7). */
export const MAGIC_COOKIE = "z9hG4bK";

/** One Via value: the spans that routing needs, the rest as text. */
export interface Via {
  /** Span of the value in its message. */
  readonly start: number;
  readonly end: number;
  /** As written, usually upper case: `UDP`, `TCP`, `TLS`, `SCTP`, `WS`, `WSS`. */
  readonly transport: string;
  /** sent-by; an IPv6 reference keeps its brackets. */
  readonly host: string;
  /** sent-by port, undefined when absent. */
  readonly port: number | undefined;
  /** "" when absent: an RFC 2543 element. */
  readonly branch: string;
  readonly received: string | undefined;
  readonly rport: number | undefined;
  /** Span of the whole `;rport` parameter, its semicolon included; -1 when absent. */
  readonly rportStart: number;
  readonly rportEnd: number;
  /** Span of the whole `;received=…`; -1 when absent. */
  readonly receivedStart: number;
  readonly receivedEnd: number;
  /** End of a `;keep` that asks for a value (RFC 6223 §4.2); -1 when none does. */
  readonly keepEnd: number;
  /** True when the connection may carry requests to the sender (RFC 5923 §5). */
  readonly hasAlias: boolean;
}

/** Stands for no Via where there has to be one. */
export const NO_VIA: Via = {
  start: 0,
  end: 0,
  transport: "",
  host: "",
  port: undefined,
  branch: "",
  received: undefined,
  rport: undefined,
  rportStart: -1,
  rportEnd: -1,
  receivedStart: -1,
  receivedEnd: -1,
  keepEnd: -1,
  hasAlias: false,
};

const cursor = new ParameterCursor();

/** Parses the value at `from`; its `end` is at a comma or at `to`. Returns undefined when malformed or ambiguous. */
export function parseVia(text: string, from: number, to: number): Via | undefined {
  const start = skipWhiteSpace(text, from, to);
  let at = skipToken(text, start, to);
  const protocolEnd = at;
  at = skipSlash(text, at, to);
  const versionEnd = skipToken(text, at, to);
  if (at < 0 || protocolEnd === start || versionEnd === at) return undefined;
  const transportStart = skipSlash(text, versionEnd, to);
  if (transportStart < 0) return undefined;
  const transportEnd = skipToken(text, transportStart, to);
  const hostStart = skipWhiteSpace(text, transportEnd, to);
  if (transportEnd === transportStart || hostStart === transportEnd) return undefined;
  const hostEnd = skipHost(text, hostStart, to);
  if (hostEnd <= hostStart) return undefined;
  const host = cut(text, hostStart, hostEnd);
  if (!isHost(host)) return undefined;
  at = skipWhiteSpace(text, hostEnd, to);
  let port: number | undefined;
  if (at < to && codeAt(text, at) === 58) {
    const portStart = skipWhiteSpace(text, at + 1, to);
    at = skipToken(text, portStart, to);
    port = parseNumber(text, portStart, at, 65535);
    if (port < 0) return undefined;
  }
  let branch = "";
  let received: string | undefined;
  let rport: number | undefined;
  let rportStart = -1;
  let rportEnd = -1;
  let receivedStart = -1;
  let receivedEnd = -1;
  let keepEnd = -1;
  let hasAlias = false;
  cursor.reset(text, at, to);
  for (let before = at; cursor.next(); before = cursor.position) {
    const length = cursor.nameEnd - cursor.nameStart;
    if (length === 6 && cursor.is("branch")) {
      // Branches with other characters than a token are common; quoted and empty ones are faults (§25.1).
      if (branch !== "" || cursor.valueStart < 0 || codeAt(text, cursor.valueStart) === 34) {
        return undefined;
      }
      branch = cursor.value;
    } else if (length === 5 && cursor.is("rport")) {
      if (rportStart >= 0) return undefined;
      rportStart = before;
      rportEnd = cursor.valueStart < 0 ? cursor.nameEnd : cursor.valueEnd;
      if (cursor.valueStart >= 0) {
        rport = parseNumber(text, cursor.valueStart, cursor.valueEnd, 65535);
        if (rport < 0) return undefined;
      }
    } else if (length === 8 && cursor.is("received")) {
      if (receivedStart >= 0) return undefined;
      receivedStart = before;
      receivedEnd = cursor.position;
      received = cursor.value;
    } else if (length === 4 && cursor.is("keep")) {
      if (cursor.valueStart < 0) keepEnd = cursor.nameEnd;
    } else if (length === 5 && cursor.is("alias")) {
      hasAlias = true;
    }
  }
  if (cursor.failed) return undefined;
  return {
    start,
    end: cursor.position,
    transport: cut(text, transportStart, transportEnd),
    host,
    port,
    branch,
    received,
    rport,
    rportStart,
    rportEnd,
    receivedStart,
    receivedEnd,
    keepEnd,
    hasAlias,
  };
}

function skipSlash(text: string, from: number, to: number): number {
  if (from < 0) return -1;
  const at = skipWhiteSpace(text, from, to);
  if (at >= to || codeAt(text, at) !== 47) return -1;
  return skipWhiteSpace(text, at + 1, to);
}

/** Reports whether a host in brackets is an IPv6 reference; other hosts are not examined. */
export function isHost(host: string): boolean {
  return codeAt(host, 0) !== 91 || URL.canParse(`http://${host}`);
}

/** Returns the end of the host name, IPv4 address or IPv6 reference at `from`. */
export function skipHost(text: string, from: number, to: number): number {
  let at = from;
  if (codeAt(text, at) === 91) {
    let colons = 0;
    for (at++; at < to; at++) {
      const code = codeAt(text, at);
      if (code === 58) colons++;
      else if (code === 93) return colons >= 2 ? at + 1 : from;
      else if (!isHexDigit(code) && code !== 46) return from;
    }
    return from;
  }
  while (at < to && isHostCharacter(codeAt(text, at))) at++;
  return at;
}
