import assert from "node:assert/strict";
import { type Credentials, findHa1, type Ha1, hashOfA1, isSameSecret } from "../../../src/data/ha1.ts";

Deno.test("hashOfA1() is that of RFC 7616 §3.9.1, whose A1 is username:realm:password", () => {
  const mufasa = { username: "Mufasa", realm: "http-auth@example.org", secret: "Circle of Life" };
  assert.equal(hashOfA1("MD5", mufasa), "3d78807defe7de2157e2b0b6573a855f");
  assert.equal(
    hashOfA1("SHA-256", mufasa),
    "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232",
  );
});

Deno.test("hashOfA1() hashes UTF-8", () => {
  assert.equal(
    hashOfA1("MD5", { username: "jürgen", realm: "x", secret: "ü" }),
    hashOfA1("MD5", { username: "j\u00fcrgen", realm: "x", secret: "\u00fc" }),
  );
  assert.notEqual(
    hashOfA1("MD5", { username: "jürgen", realm: "x", secret: "ü" }),
    hashOfA1("MD5", { username: "jÃ¼rgen", realm: "x", secret: "Ã¼" }),
  );
});

const MD5_ONLY: Ha1 = { realm: "sip.local", md5: "a", sha256: undefined };
const SHA256_ONLY: Ha1 = { realm: "sip.local", md5: undefined, sha256: "b" };

Deno.test("findHa1() finds by realm, as it is written, and algorithm, whatever item has it", () => {
  const list = [MD5_ONLY, SHA256_ONLY, { realm: "other", md5: "c", sha256: "d" }];
  assert.equal(findHa1(list, { realm: "sip.local", algorithm: "MD5" }), "a");
  assert.equal(findHa1(list, { realm: "sip.local", algorithm: "SHA-256" }), "b");
  assert.equal(findHa1(list, { realm: "other", algorithm: "SHA-256" }), "d");
  assert.equal(findHa1(list, { realm: "OTHER", algorithm: "MD5" }), undefined);
  assert.equal(findHa1([MD5_ONLY], { realm: "sip.local", algorithm: "SHA-256" }), undefined);
});

Deno.test("isSameSecret() compares secrets, hashes, and a secret with hashes", () => {
  const account = { username: "1001", realm: "sip.local", secret: "1234" };
  const withSecret = (secret: string): Credentials => ({ username: "1001", secret, ha1: [] });
  const withHashes = (...ha1: Ha1[]): Credentials => ({ username: "1001", secret: undefined, ha1 });
  const md5 = hashOfA1("MD5", account);
  const sha256 = hashOfA1("SHA-256", account);
  const whole = { realm: "sip.local", md5, sha256 };
  const table: [Credentials, Credentials, boolean][] = [
    [withSecret("1234"), withSecret("1234"), true],
    [withSecret("1234"), withSecret("12345"), false],
    [withSecret("1234"), withHashes(whole), true],
    [withSecret("1234"), withHashes({ ...whole, sha256: undefined }), true],
    [withSecret("4321"), withHashes(whole), false],
    [
      withSecret("1234"),
      withHashes({ ...whole, sha256: hashOfA1("SHA-256", { ...account, secret: "x" }) }),
      false,
    ],
    [withHashes(whole), withHashes({ ...whole }), true],
    [withHashes(whole), withHashes({ ...whole, sha256: undefined }), false],
    [withHashes(whole), withHashes({ ...whole, realm: "sip2.local" }), false],
    [withHashes(whole), withHashes(whole, whole), false],
  ];
  for (const [a, b, expected] of table) {
    assert.equal(isSameSecret(a, b), expected);
    assert.equal(isSameSecret(b, a), expected);
  }
});
