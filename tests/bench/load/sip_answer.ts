/** What a client of the bench reads in a message, and its answer to a challenge. */
import { ha1, md5 } from "./subscribers.ts";

/** Value of the first header field with this name, written as the servers write it; empty without one. */
export function header(text: string, name: string): string {
  const at = text.indexOf(`\n${name}:`);
  if (at < 0) return "";
  const start = at + name.length + 2;
  return text.slice(start, text.indexOf("\r", start)).trim();
}

/** Lines of all header fields with this name, each with its CRLF. */
export function headerLines(text: string, name: string): string {
  let lines = "";
  let end = 0;
  for (let at = text.indexOf(`\n${name}:`); at >= 0; at = text.indexOf(`\n${name}:`, end)) {
    end = text.indexOf("\n", at + 1);
    lines += text.slice(at + 1, end + 1);
  }
  return lines;
}

/** Of a response; NaN for a request. */
export function statusCode(text: string): number {
  return text.startsWith("SIP/2.0 ") ? Number(text.slice(8, 11)) : NaN;
}

export interface ChallengedRequest {
  readonly user: string;
  /** That of the subscribers if omitted. */
  readonly secret?: string;
  readonly method: string;
  readonly uri: string;
}

/**
 * Value of an Authorization or Proxy-Authorization header field for the first MD5 challenge of a 401 or 407
 * (RFC 7616 §3.4), with or without qop. Throws when there is none.
 */
export function credentials(text: string, { user, secret, method, uri }: ChallengedRequest): string {
  const challenges = [...text.matchAll(/^(?:WWW|Proxy)-Authenticate:\s*(.*?)\r$/gim)].map(([, value]) =>
    value
  );
  const challenge = challenges.find((each) =>
    !/algorithm/i.test(each) || /algorithm="?MD5"?\s*(,|$)/i.test(each)
  );
  if (challenge === undefined) throw new Error(`Cannot answer a challenge without MD5\n${text}`);
  const nonce = quoted(challenge, "nonce");
  const opaque = quoted(challenge, "opaque");
  const realm = quoted(challenge, "realm");
  const usesQop = /qop=/i.test(challenge);
  const middle = usesQop ? `${nonce}:00000001:bench:auth` : nonce;
  const response = md5(`${ha1(user, realm, secret)}:${middle}:${md5(`${method}:${uri}`)}`);
  return `Digest username="${user}",realm="${realm}",nonce="${nonce}",uri="${uri}",` +
    `response="${response}",algorithm=MD5` +
    (usesQop ? ',cnonce="bench",nc=00000001,qop=auth' : "") +
    (opaque ? `,opaque="${opaque}"` : "");
}

function quoted(challenge: string, name: string): string {
  return challenge.match(new RegExp(`${name}="([^"]*)"`, "i"))?.[1] ?? "";
}
