import assert from "node:assert/strict";
import { Random } from "../../support/random.ts";
import { hole } from "../message/holes.ts";
import { mutate } from "./mutator.ts";

const TEXT = "INVITE sip:bob@sip.local SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKa\r\n" +
  "From: <sip:alice@sip.local>;tag=a\r\nTo: <sip:bob@sip.local>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n" +
  `Route: ${hole("all alice 200/INVITE Record-Route")}\r\nContent-Length: 5\r\n\r\nhello`;
const OTHER = "BYE sip:x@y SIP/2.0\r\nSubject: another message\r\n\r\n";

function mutants(count: number): string[] {
  const random = new Random(7);
  return Array.from({ length: count }, () => mutate(TEXT, random, [OTHER]));
}

Deno.test("mutate() makes the same of the same seed", () => {
  assert.deepEqual(mutants(200), mutants(200));
});

Deno.test("mutate() changes nearly every text, and each in its own way", () => {
  const texts = mutants(1_000);
  assert.ok(texts.filter((text) => text === TEXT).length < 200);
  assert.ok(new Set(texts).size > 600);
});

Deno.test("mutate() leaves most messages with a start line that can be read, and its rows", () => {
  const readable = mutants(1_000).filter((text) =>
    /^\S+ \S+ SIP\/2\.0\r\n/.test(text) && text.includes("Call-ID")
  );
  assert.ok(readable.length > 500, `${readable.length}`);
});

Deno.test("mutate() splices rows of other messages in, and keeps holes", () => {
  const texts = mutants(2_000);
  assert.ok(texts.some((text) => text.includes("another message")));
  assert.ok(texts.filter((text) => /[\ue000-\uf8ff]/.test(text)).length > 1_500);
});

Deno.test("mutate() makes bytes and holes only, and no message of more than 60,000", () => {
  for (const text of mutants(3_000)) {
    assert.ok(text.length <= 60_000);
    assert.ok(
      [...text].every((character) => character.charCodeAt(0) < 256 || /[\ue000-\uf8ff]/.test(character)),
    );
  }
});

Deno.test("mutate() writes each kind of damage sooner or later", () => {
  const texts = mutants(6_000);
  const kinds: Record<string, RegExp> = {
    "a fold": /\r\n[ \t]/,
    "the compact form": /\r\nf: /,
    "a name in capitals": /\r\nFROM:/,
    "NUL": /\0/,
    "a byte of 0x80 or more": /[\x80-\xff]/,
    "an empty value": /\r\nTo: \r\n/,
    "a wrong length": /Content-Length: 6\r\n/,
    "a number at the limit": /4294967296|2147483648/,
    "no To": /^(?![\s\S]*\r\nTo:)/,
    "two Call-IDs": /Call-ID: c\r\n[\s\S]*Call-ID: c\r\n/,
    "a bare line feed": /[^\r]\n/,
    "a branch without the cookie": /;branch=old-1/,
    "a list": /<sip:bob@sip.local>, ?<sip/,
    "an IPv6 reference": /\[::1\]/,
    "a maddr": /;maddr=/,
    "another method": /^SUBSCRIBE /,
    "a huge value": /(.)\1{3000}/s,
  };
  for (const [kind, pattern] of Object.entries(kinds)) {
    assert.ok(texts.some((text) => pattern.test(text)), kind);
  }
});
