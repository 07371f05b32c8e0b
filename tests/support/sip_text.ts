/** SIP messages as text, read and made by code independent of the server. */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";

/** A user name with its password. */
export interface Credentials {
  readonly username: string;
  readonly secret: string;
}

/** A message as it goes over the wire, from indented lines: an empty line ends the head, the body may follow. */
export function sip(text: string): string {
  const lines = unindent(text);
  return lines.includes("") ? lines.join("\r\n") : `${lines.join("\r\n")}\r\n\r\n`;
}

/** Lines without their common indentation, and without the empty ones around. */
function unindent(text: string): string[] {
  const lines = text.replace(/^\s*\n/, "").trimEnd().split(/\r?\n/);
  const indentation = Math.min(
    ...lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)),
  );
  return lines.map((line) => line.slice(indentation));
}

/** The bytes of a text in UTF-8, one character a byte, as messages are kept. */
export function utf8(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The message with these header lines at the end of its head; a line whose name it has already is left out. */
export function complete(message: string, lines: readonly string[]): string {
  const missing = lines.filter((line) => !hasHeader(message, line.slice(0, line.indexOf(":"))));
  return withLines(message, missing);
}

/** The message with these header lines at the end of its head. */
export function withLines(message: string, lines: readonly string[]): string {
  const head = headOf(message);
  return head + lines.map((line) => `${line}\r\n`).join("") + message.slice(head.length);
}

/** The message without the headers of this name. */
export function withoutHeader(message: string, name: string): string {
  const head = headOf(message);
  return head.replace(new RegExp(`^${name}[ \\t]*:.*\\r\\n`, "gim"), "") + message.slice(head.length);
}

/** Start line and header lines, the last CRLF included. */
function headOf(message: string): string {
  return message.slice(0, message.indexOf("\r\n\r\n") + 2);
}

export function bodyOf(message: string): string {
  return message.slice(headOf(message).length + 2);
}

export function startLine(message: string): string {
  return message.slice(0, message.indexOf("\r\n"));
}

export function methodOf(request: string): string {
  return request.slice(0, request.indexOf(" "));
}

export function requestUri(request: string): string {
  return startLine(request).split(" ")[1];
}

/** The values of a header, one for each line. */
export function headers(message: string, name: string): string[] {
  const lines = headOf(message).matchAll(new RegExp(`^${name}[ \\t]*:[ \\t]*(.*)\\r$`, "gim"));
  return [...lines].map(([, value]) => value);
}

/** The value of a header that is there. */
export function header(message: string, name: string): string {
  const [value] = headers(message, name);
  if (value === undefined) throw new Error(`Cannot find ${name} in:\n${message}`);
  return value;
}

export function hasHeader(message: string, name: string): boolean {
  return headers(message, name).length > 0;
}

/** The value of `;name=value` or `name="value"`, without quotes; "" when it is not there. */
export function parameter(value: string, name: string): string {
  const match = new RegExp(`(?:^|[;, ])${name}=(?:"([^"]*)"|([^;,\\s>]*))`, "i").exec(value);
  return match?.[1] ?? match?.[2] ?? "";
}

/** The URI in `"Name" <sip:…>;tag=…`. */
export function uriIn(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? value.split(";")[0];
}

/** `branch` of the topmost Via. */
export function branchOf(message: string): string {
  return parameter(header(message, "Via"), "branch");
}

export function tagOf(value: string): string {
  return parameter(value.slice(value.indexOf(">") + 1), "tag");
}

/** A response to a request (§8.2.6); `status` is `180 Ringing`. */
export function responseTo(request: string, status: string, { tag, lines = "" }: ResponseParts = {}): string {
  const copied = (name: string) => headers(request, name).map((value) => `${name}: ${value}`);
  const to = header(request, "To");
  const response = sip([`SIP/2.0 ${status}`, ...unindent(lines)].join("\n"));
  const afterStart = response.indexOf("\r\n") + 2;
  const fields = [
    ...copied("Via"),
    ...copied("Record-Route"),
    ...copied("From"),
    `To: ${tag === undefined || tagOf(to) !== "" ? to : `${to};tag=${tag}`}`,
    ...copied("Call-ID"),
    ...copied("CSeq"),
  ];
  const whole = `${response.slice(0, afterStart)}${fields.join("\r\n")}\r\n${response.slice(afterStart)}`;
  return complete(whole, [`Content-Length: ${bodyOf(whole).length}`]);
}

/** The parts of a response that are not copied from its request. */
export interface ResponseParts {
  /** Added to To, unless there is one. */
  readonly tag?: string;
  /** Header lines, then perhaps an empty line and a body. */
  readonly lines?: string;
}

/** The ACK for a final response that is not 2xx (§17.1.1.3). */
export function ackTo(invite: string, response: string): string {
  return followUp(invite, { method: "ACK", to: header(response, "To") });
}

/** The CANCEL for a request (§9.1). */
export function cancelOf(request: string): string {
  return followUp(request, { method: "CANCEL", to: header(request, "To") });
}

function followUp(request: string, { method, to }: { method: string; to: string }): string {
  return sip(`
    ${method} ${requestUri(request)} SIP/2.0
    Via: ${header(request, "Via")}
    Max-Forwards: 70
    From: ${header(request, "From")}
    To: ${to}
    Call-ID: ${header(request, "Call-ID")}
    CSeq: ${parseInt(header(request, "CSeq"))} ${method}
    Content-Length: 0
  `);
}

/** The lines of a request within a dialog as the caller sends it (§12.2.1.1), Via left out. */
export function fromCaller(method: string, dialog: { invite: string; ok: string; cseq?: number }): string {
  const { invite, ok, cseq = parseInt(header(invite, "CSeq")) } = dialog;
  const routes = headers(ok, "Record-Route").reverse().map((route) => `Route: ${route}`);
  return [
    `${method} ${uriIn(header(ok, "Contact"))} SIP/2.0`,
    ...routes,
    `From: ${header(invite, "From")}`,
    `To: ${header(ok, "To")}`,
    `Call-ID: ${header(invite, "Call-ID")}`,
    `CSeq: ${cseq} ${method}`,
  ].join("\n");
}

/** Returns the lines of a request within a dialog as the callee sends it; `invite` is the received one. */
export function fromCallee(method: string, dialog: { invite: string; ok: string; cseq?: number }): string {
  const { invite, ok, cseq = 1 } = dialog;
  const routes = headers(invite, "Record-Route").map((route) => `Route: ${route}`);
  return [
    `${method} ${uriIn(header(invite, "Contact"))} SIP/2.0`,
    ...routes,
    `From: ${header(ok, "To")}`,
    `To: ${header(invite, "From")}`,
    `Call-ID: ${header(invite, "Call-ID")}`,
    `CSeq: ${cseq} ${method}`,
  ].join("\n");
}

/** Options for the answer to a digest challenge. */
export interface DigestOptions extends Credentials {
  /** Answer the challenge with this algorithm; else the first. */
  readonly algorithm?: string;
  readonly nc?: string;
  readonly cnonce?: string;
  /** "" answers as RFC 2069 clients do. */
  readonly qop?: string;
  /** Replaces the nonce of the challenge. */
  readonly nonce?: string;
}

/** The request once more, with credentials for a 401 or 407: next CSeq, new branch (§22.1). */
export function withCredentials(request: string, challenge: string, options: DigestOptions): string {
  const again = request
    .replace(/^(CSeq: *)(\d+)/im, (_, name, cseq) => `${name}${Number(cseq) + 1}`)
    .replace(/(;branch=z9hG4bK[^;\s]*)/, "$1a");
  return withLines(again, [credentialsLine(request, challenge, options)]);
}

/** `Authorization: Digest …` for a 401, `Proxy-Authorization: Digest …` for a 407. */
export function credentialsLine(request: string, challenge: string, options: DigestOptions): string {
  const isProxy = hasHeader(challenge, "Proxy-Authenticate");
  const offers = headers(challenge, isProxy ? "Proxy-Authenticate" : "WWW-Authenticate");
  const offer = options.algorithm === undefined
    ? offers[0]
    : offers.find((one) => parameter(one, "algorithm") === options.algorithm);
  if (offer === undefined) throw new Error(`Cannot find ${options.algorithm} among:\n${offers.join("\n")}`);
  const value = digestCredentials(offer, { ...options, method: methodOf(request), uri: requestUri(request) });
  return `${isProxy ? "Proxy-Authorization" : "Authorization"}: ${value}`;
}

/** RFC 7616 §3.4 for the value of one challenge. */
function digestCredentials(offer: string, options: DigestOptions & { method: string; uri: string }): string {
  const { username, secret, nc = "00000001", cnonce = "0a4f113b", qop = "auth", method, uri } = options;
  const { nonce = parameter(offer, "nonce") } = options;
  const algorithm = parameter(offer, "algorithm");
  const realm = parameter(offer, "realm");
  const digest = (text: string) => hash(algorithm === "SHA-256" ? "sha256" : "md5", text);
  const secretPart = digest(`${username}:${realm}:${secret}`);
  const requestPart = digest(`${method}:${uri}`);
  const middle = qop === "" ? nonce : `${nonce}:${nc}:${cnonce}:${qop}`;
  const written = utf8(username).replace(/["\\]/g, "\\$&");
  return `Digest username="${written}", realm="${realm}", nonce="${nonce}", uri="${uri}", ` +
    `response="${digest(`${secretPart}:${middle}:${requestPart}`)}", algorithm=${algorithm}` +
    (qop === "" ? "" : `, qop=${qop}, nc=${nc}, cnonce="${cnonce}"`);
}
