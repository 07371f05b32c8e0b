// The users of the bench: 1001, 1002 … in one domain, all with one secret.

import { createHash } from "node:crypto";

export const DOMAIN = "sip.local";
export const SECRET = "1234";

const FIRST_USER = 1001;

/** User names of the first `count` subscribers, from number `start` (0-based) on. */
export function subscribers(count: number, start = 0): string[] {
  return Array.from({ length: count }, (_, index) => String(FIRST_USER + start + index));
}

/** H(A1) of RFC 7616 §3.4.2 with MD5, in hexadecimal. */
export function ha1(user: string, realm = DOMAIN, secret = SECRET): string {
  return md5(`${user}:${realm}:${secret}`);
}

export function md5(text: string): string {
  return createHash("md5").update(text, "latin1").digest("hex");
}
