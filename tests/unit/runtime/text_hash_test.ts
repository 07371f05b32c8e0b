/** MD5 and SHA-256 piece by piece, against the vectors of their standards and node:crypto. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { Md5 } from "../../../src/runtime/md5.ts";
import { Sha256 } from "../../../src/runtime/sha256.ts";

/** RFC 1321 §A.5 */
const MD5_VECTORS = {
  "": "d41d8cd98f00b204e9800998ecf8427e",
  "a": "0cc175b9c0f1b6a831c399e269772661",
  "abc": "900150983cd24fb0d6963f7d28e17f72",
  "message digest": "f96b697d7cb7938d525a2f31aaf161d0",
  "abcdefghijklmnopqrstuvwxyz": "c3fcd3d76192e4007dfb496cca67e13b",
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789": "d174ab98d277d9f5a5611c2c9f419d9f",
  "12345678901234567890123456789012345678901234567890123456789012345678901234567890":
    "57edf4a22be3c955ac49da2e2107b67a",
};

/** FIPS 180-4, examples of SHA-256 with one block, two blocks, and of FIPS 180-2 §B.3 with a million times "a". */
const SHA256_VECTORS = {
  "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq":
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ["a".repeat(1_000_000)]: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
};

const KINDS = [
  { name: "MD5", other: "md5", make: () => new Md5(), vectors: MD5_VECTORS },
  { name: "SHA-256", other: "sha256", make: () => new Sha256(), vectors: SHA256_VECTORS },
];

const CHARACTERS = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

function randomText(length: number, characters: readonly string[] = CHARACTERS): string {
  return Array.from({ length }, () => characters[Math.floor(Math.random() * characters.length)]).join("");
}

for (const { name, other, make, vectors } of KINDS) {
  const one = make();

  for (const [text, digits] of Object.entries(vectors)) {
    Deno.test(`${name} of "${text.slice(0, 80)}" is that of the standard`, () => {
      assert.equal(one.begin().add(text).digits(), digits);
    });
  }

  Deno.test(`${name} is that of node:crypto, whatever the length`, () => {
    for (let length = 0; length < 400; length++) {
      for (let i = 0; i < 10; i++) {
        const text = randomText(length);
        const digits = hash(other, text);
        assert.equal(one.begin().add(text).digits(), digits, text);
        assert.equal(one.begin().add(text).digits16(), digits.slice(0, 16), text);
      }
    }
  });

  Deno.test(`${name} is that of node:crypto, however the text is cut into pieces`, () => {
    for (let i = 0; i < 2000; i++) {
      const text = randomText(Math.floor(Math.random() * 200));
      one.begin();
      for (let at = 0; at < text.length;) {
        const end = Math.min(at + Math.floor(Math.random() * 70), text.length);
        if (Math.random() < 0.5) one.add(text, at, end);
        else one.add(text.slice(at, end));
        at = end;
      }
      assert.equal(one.digits(), hash(other, text), text);
    }
  });

  Deno.test(`${name} is that of UTF-8, as by node:crypto: half of a surrogate pair is U+FFFD`, () => {
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
      assert.equal(one.begin().add(text).digits(), hash(other, text), JSON.stringify(text));
    }
    assert.equal(one.begin().add("ü").add("x").add("€").digits(), hash(other, "üx€"));
  });

  Deno.test(`addDigitsOf() adds the digits of another ${name}`, () => {
    const inner = make();
    for (let length = 0; length < 130; length++) {
      const text = randomText(length);
      const whole = `${text}${hash(other, "inner")}:${text}`;
      one.begin().add(text).addDigitsOf(inner.begin().add("inner")).add(":").add(text);
      assert.equal(one.digits(), hash(other, whole));
    }
  });

  Deno.test(`isWrittenIn() knows the digits of ${name} in any case and at any place, and no others`, () => {
    for (let i = 0; i < 500; i++) {
      const text = randomText(i);
      const digits = hash(other, text);
      const wrong = i % digits.length;
      const isRight = (written: string, from?: number, end?: number) =>
        one.begin().add(text).isWrittenIn(written, from, end);
      assert.ok(isRight(digits));
      assert.ok(isRight(digits.toUpperCase()));
      assert.ok(isRight(`"${digits}"`, 1, digits.length + 1));
      const otherDigit = digits[wrong] === "0" ? "1" : "0";
      for (const character of [otherDigit, "g", "@", "\x10", "\x00", " ", "\u0100", "\u0130", "\uff10"]) {
        const forged = digits.slice(0, wrong) + character + digits.slice(wrong + 1);
        assert.ok(!isRight(forged), forged);
      }
      assert.ok(!isRight(digits.slice(1)));
      assert.ok(!isRight(`${digits}0`));
      assert.ok(!isRight(""));
    }
  });
}
