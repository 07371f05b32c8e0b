/** Well-formed messages with holes. */
import { hole } from "../message/holes.ts";
import { type Lane, PROTOCOLS, type WireName } from "../world/lane.ts";

export interface RequestParts {
  readonly method: string;
  readonly uri: string;
  readonly from: WireName;
  readonly cseq: number;
  readonly callId: string;
  /** Values of From and To; the address-of-record of the sender and the Request-URI unless said otherwise. */
  readonly caller?: string;
  readonly callee?: string;
  readonly branch: string;
  /** Further rows: Route, Contact and so on. */
  readonly rows?: readonly string[];
  readonly body?: string;
  /** With credentials of the sender. */
  readonly isSigned?: boolean;
  readonly algorithm?: "MD5" | "SHA-256";
  /** The resource that credentials name: the Request-URI unless said otherwise. */
  readonly digestUri?: string;
}

export const SDP =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";

export function requestText(lane: Lane, parts: RequestParts): string {
  const { method, uri, from, cseq, callId, branch, rows = [], body = "" } = parts;
  const { caller = `<sip:${lane.userOf(from)}@${lane.domain}>;tag=${from}`, callee = `<${uri}>` } = parts;
  return [
    `${method} ${uri} SIP/2.0`,
    viaRow(from, branch),
    "Max-Forwards: 70",
    `From: ${caller}`,
    `To: ${callee}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    ...rows,
    ...parts.isSigned ? [credentialsRow(lane, parts)] : [],
    ...body === "" ? [] : ["Content-Type: application/sdp"],
    `Content-Length: ${body.length}`,
    `\r\n${body}`,
  ].join("\r\n");
}

export function viaRow(wire: WireName, branch: string): string {
  return `Via: SIP/2.0/${PROTOCOLS[wire].toUpperCase()} ${hole(`at ${wire}`)};branch=${branch};rport`;
}

/** The URI of a device. */
export function contactOf(lane: Lane, wire: WireName): string {
  const protocol = PROTOCOLS[wire];
  const parameter = protocol === "udp" ? "" : `;transport=${protocol}`;
  return `<sip:${lane.userOf(wire)}@${hole(`at ${wire}`)}${parameter}>`;
}

function credentialsRow(lane: Lane, { method, from, algorithm = "MD5", digestUri }: RequestParts): string {
  const name = method === "REGISTER" ? "Authorization" : "Proxy-Authorization";
  const user = lane.userOf(from);
  const response = hole(`response ${user} ${algorithm}${digestUri === undefined ? "" : ` ${digestUri}`}`);
  return `${name}: Digest username="${user}",realm="${lane.domain}",nonce="${hole("nonce")}",` +
    `uri="${digestUri ?? hole("uri")}",response="${response}",algorithm=${algorithm},qop=auth,` +
    `nc=${hole("count")},cnonce="c"`;
}

export interface ResponseParts {
  readonly status: string;
  /** The wire that got the request, and its key there. */
  readonly at: WireName;
  readonly of: string;
  /** Parameters behind the value of To. */
  readonly toTag?: string;
  readonly rows?: readonly string[];
  readonly body?: string;
}

/** A response to the latest request of a kind. */
export function responseText({ status, at, of, toTag = "", rows = [], body = "" }: ResponseParts): string {
  const copied = (what: string, name: string) => hole(`${what} ${at} ${of} ${name}`);
  return [
    `SIP/2.0 ${status}`,
    `Via: ${copied("first", "Via")}`,
    `Via: ${copied("rest", "Via")}`,
    `Record-Route: ${copied("all", "Record-Route")}`,
    `From: ${copied("first", "From")}`,
    `To: ${copied("first", "To")}${toTag}`,
    `Call-ID: ${copied("first", "Call-ID")}`,
    `CSeq: ${copied("first", "CSeq")}`,
    ...rows,
    ...body === "" ? [] : ["Content-Type: application/sdp"],
    `Content-Length: ${body.length}`,
    `\r\n${body}`,
  ].join("\r\n");
}
