/** The INVITE of RFC 3261 §24.2 and its 200, with lines that a test can change. */
import assert from "node:assert/strict";
import { parseMessage } from "../../../src/message/parser.ts";
import { RejectedMessage, type SipRequest, type SipResponse } from "../../../src/message/sip_message.ts";

/** Header values by name, in order. `undefined` removes a header of the sample; a list makes several rows. */
export type HeaderChanges = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface MessageParts {
  readonly startLine?: string;
  readonly body?: string;
}

export const REQUEST_LINE = "INVITE sip:bob@biloxi.com SIP/2.0";
export const STATUS_LINE = "SIP/2.0 200 OK";

const HEADERS: HeaderChanges = {
  "Via": "SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds",
  "Max-Forwards": "70",
  "To": "Bob <sip:bob@biloxi.com>",
  "From": "Alice <sip:alice@atlanta.com>;tag=1928301774",
  "Call-ID": "a84b4c76e66710@pc33.atlanta.com",
  "CSeq": "314159 INVITE",
  "Contact": "<sip:alice@pc33.atlanta.com>",
};

/** The sample with these headers changed or added; Content-Length is that of the body unless given. */
export function messageText(
  changes: HeaderChanges = {},
  { startLine = REQUEST_LINE, body = "" }: MessageParts = {},
): string {
  const headers = { ...HEADERS, "Content-Length": String(body.length), ...changes };
  const rows = Object.entries(headers).flatMap(([name, values]) =>
    values === undefined ? [] : [values].flat().map((value) => `${name}: ${value}\r\n`)
  );
  return `${startLine}\r\n${rows.join("")}\r\n${body}`;
}

export function readRequest(text: string): SipRequest {
  const message = parseMessage(text);
  assert.equal(message.kind, "request", "reason" in message ? message.reason : "");
  return message as SipRequest;
}

export function readResponse(text: string): SipResponse {
  const message = parseMessage(text);
  assert.equal(message.kind, "response", "reason" in message ? message.reason : "");
  return message as SipResponse;
}

export function readRejected(text: string): RejectedMessage {
  const message = parseMessage(text);
  assert.ok(message instanceof RejectedMessage, text);
  return message;
}
