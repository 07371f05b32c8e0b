/** Requests and responses of simulated phones as text. */
import type { PhoneConnection } from "../../bench/load/phone_connection.ts";
import { header, headerLines } from "../../bench/load/sip_answer.ts";

export interface RequestParts {
  readonly method: string;
  readonly uri: string;
  /** The value of From, with its tag. */
  readonly from: string;
  /** The value of To, with its tag within a dialog. */
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
  /** That of the INVITE for a CANCEL; a new one otherwise. */
  readonly branch?: string;
  /** What the sender calls itself in Via; its address, if left out. */
  readonly sentBy?: string;
  /** Whole header lines. */
  readonly lines?: string;
  readonly body?: string;
}

export function requestText(parts: RequestParts, { protocol, address, port }: PhoneConnection): string {
  const { method, uri, from, to, callId, cseq, lines = "", body = "" } = parts;
  const { branch = newBranch(), sentBy = `${address}:${port}` } = parts;
  return `${method} ${uri} SIP/2.0\r\n` +
    `Via: SIP/2.0/${protocol.toUpperCase()} ${sentBy};branch=${branch};rport\r\n` +
    `Max-Forwards: 70\r\nFrom: ${from}\r\nTo: ${to}\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\n` +
    `${lines}User-Agent: soak\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

export interface ResponseParts {
  /** `200 OK`. */
  readonly status: string;
  /** Of To, unless it has one. */
  readonly tag: string;
  /** Whole header lines. */
  readonly lines?: string;
  readonly body?: string;
}

export function responseText(request: string, { status, tag, lines = "", body = "" }: ResponseParts): string {
  const to = header(request, "To");
  return `SIP/2.0 ${status}\r\n${headerLines(request, "Via")}${headerLines(request, "Record-Route")}` +
    `${headerLines(request, "From")}To: ${to}${tagOf(to) === "" ? `;tag=${tag}` : ""}\r\n` +
    `Call-ID: ${header(request, "Call-ID")}\r\nCSeq: ${header(request, "CSeq")}\r\n` +
    `${lines}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** The ACK for a refusal of an INVITE (§17.1.1.3). */
export function ackFor(invite: string, response: string): string {
  const uri = invite.slice(7, invite.indexOf(" ", 7));
  return `ACK ${uri} SIP/2.0\r\nVia: ${header(invite, "Via")}\r\nMax-Forwards: 70\r\n` +
    `From: ${header(invite, "From")}\r\nTo: ${header(response, "To")}\r\n` +
    `Call-ID: ${header(invite, "Call-ID")}\r\nCSeq: ${parseInt(header(invite, "CSeq"))} ACK\r\n` +
    "Content-Length: 0\r\n\r\n";
}

export function newBranch(): string {
  return `z9hG4bK${crypto.randomUUID()}`;
}

/** Of the topmost Via. */
export function branchOf(message: string): string {
  return /;branch=([^;,\s]+)/.exec(message)?.[1] ?? "";
}

export function tagOf(value: string): string {
  return /;tag=([^;]+)/.exec(value.slice(value.indexOf(">") + 1))?.[1] ?? "";
}

/** The URI in angle brackets. */
export function uriIn(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? value;
}

/** Route header lines by the Record-Route entries of a message, in their order or the reverse (§12.1.1, §12.1.2). */
export function routeLines(message: string, order: "as they are" | "reversed"): string {
  const entries = headerLines(message, "Record-Route").split("\r\n").slice(0, -1)
    .flatMap((line) => line.slice("Record-Route:".length).split(/,(?=\s*<)/));
  if (order === "reversed") entries.reverse();
  return entries.map((entry) => `Route: ${entry.trim()}\r\n`).join("");
}
