import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { Md5 } from "../../../src/runtime/md5.ts";

const md5 = new Md5();

/** RFC 1321 §A.5 */
const VECTORS = {
  "": "d41d8cd98f00b204e9800998ecf8427e",
  "a": "0cc175b9c0f1b6a831c399e269772661",
  "abc": "900150983cd24fb0d6963f7d28e17f72",
  "message digest": "f96b697d7cb7938d525a2f31aaf161d0",
  "abcdefghijklmnopqrstuvwxyz": "c3fcd3d76192e4007dfb496cca67e13b",
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789": "d174ab98d277d9f5a5611c2c9f419d9f",
  "12345678901234567890123456789012345678901234567890123456789012345678901234567890":
    "57edf4a22be3c955ac49da2e2107b67a",
};

for (const [text, digits] of Object.entries(VECTORS)) {
  Deno.test(`RFC 1321 §A.5: MD5 ("${text}")`, () => {
    assert.equal(md5.begin().add(text).digits(), digits);
  });
}

const CHARACTERS = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

function randomText(length: number, characters: readonly string[] = CHARACTERS): string {
  return Array.from({ length }, () => characters[Math.floor(Math.random() * characters.length)]).join("");
}

Deno.test("Md5 does what node:crypto does, whatever the length", () => {
  for (let length = 0; length < 400; length++) {
    for (let i = 0; i < 10; i++) {
      const text = randomText(length);
      assert.equal(md5.begin().add(text).digits(), hash("md5", text), text);
    }
  }
});

Deno.test("Md5 does what node:crypto does, however the text is cut into pieces", () => {
  for (let i = 0; i < 2000; i++) {
    const text = randomText(Math.floor(Math.random() * 200));
    md5.begin();
    for (let at = 0; at < text.length;) {
      const end = Math.min(at + Math.floor(Math.random() * 70), text.length);
      if (Math.random() < 0.5) md5.add(text, at, end);
      else md5.add(text.slice(at, end));
      at = end;
    }
    assert.equal(md5.digits(), hash("md5", text), text);
  }
});

Deno.test("Md5 hashes UTF-8, as node:crypto does: half of a surrogate pair is U+FFFD", () => {
  const characters = [
    "a",
    "z",
    "\x7f",
    "\x80",
    "ü",
    "\u07ff",
    "\u0800",
    "€",
    "\uffff",
    "😀",
    "\ud83d",
    "\ude00",
  ];
  for (let i = 0; i < 2000; i++) {
    const text = randomText(Math.floor(Math.random() * 100), characters);
    assert.equal(md5.begin().add(text).digits(), hash("md5", text), JSON.stringify(text));
  }
  assert.equal(md5.begin().add("ü").add("x").add("€").digits(), hash("md5", "üx€"));
});

Deno.test("addDigitsOf() adds the digits of another hash", () => {
  const inner = new Md5();
  for (let length = 0; length < 130; length++) {
    const text = randomText(length);
    const whole = `${text}${hash("md5", "inner")}:${text}`;
    md5.begin().add(text).addDigitsOf(inner.begin().add("inner")).add(":").add(text);
    assert.equal(md5.digits(), hash("md5", whole));
  }
});

Deno.test("isWrittenIn() knows the digits of the hash in any case and at any place, and no others", () => {
  for (let i = 0; i < 500; i++) {
    const text = randomText(i);
    const digits = hash("md5", text);
    const wrong = i % 32;
    const isRight = (written: string, from?: number, end?: number) =>
      md5.begin().add(text).isWrittenIn(written, from, end);
    assert.ok(isRight(digits));
    assert.ok(isRight(digits.toUpperCase()));
    assert.ok(isRight(`"${digits}"`, 1, 33));
    const other = digits[wrong] === "0" ? "1" : "0";
    for (const character of [other, "g", "@", "\x10", "\x00", " ", "\u0100", "\u0130", "\uff10"]) {
      const forged = digits.slice(0, wrong) + character + digits.slice(wrong + 1);
      assert.ok(!isRight(forged), forged);
    }
    assert.ok(!isRight(digits.slice(1)));
    assert.ok(!isRight(`${digits}0`));
    assert.ok(!isRight(""));
  }
});
