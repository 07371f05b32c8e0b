/** The digest computation, against the examples of the RFCs. */
import assert from "node:assert/strict";
import { expectedResponse, isRightResponse } from "../../../../src/core/authentication/digest_response.ts";
import { type DigestAlgorithm, hashOfA1 } from "../../../../src/data/ha1.ts";
import { type DigestCredentials, parseDigestCredentials } from "../../../../src/message/digest.ts";
import { DigestFields } from "../../../../src/message/digest_fields.ts";

const NOBODY: DigestCredentials = {
  username: "",
  realm: "",
  nonce: "",
  uri: "",
  response: "",
  algorithm: "",
  cnonce: "",
  opaque: "",
  qop: "",
  nc: "",
  userhash: "",
};

function respond(
  algorithm: DigestAlgorithm,
  { secret, ...credentials }: Partial<DigestCredentials> & { secret: string },
): string {
  const whole = { ...NOBODY, ...credentials };
  const ha1 = hashOfA1(algorithm, { username: whole.username, realm: whole.realm, secret });
  return expectedResponse(whole, { algorithm, ha1, method: "GET" });
}

const RFC_7616 = {
  username: "Mufasa",
  realm: "http-auth@example.org",
  secret: "Circle of Life",
  uri: "/dir/index.html",
  nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
  nc: "00000001",
  cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
  qop: "auth",
};

Deno.test("RFC 7616 §3.9.1: MD5", () => {
  assert.equal(respond("MD5", RFC_7616), "8ca523f5e9506fed4657c9700eebdbec");
});

Deno.test("RFC 7616 §3.9.1: SHA-256", () => {
  assert.equal(
    respond("SHA-256", RFC_7616),
    "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
  );
});

const RFC_2617 = {
  username: "Mufasa",
  realm: "testrealm@host.com",
  secret: "Circle Of Life",
  uri: "/dir/index.html",
  nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
};

Deno.test("RFC 2617 §3.5: MD5 with qop", () => {
  const response = respond("MD5", { ...RFC_2617, nc: "00000001", cnonce: "0a4f113b", qop: "auth" });
  assert.equal(response, "6629fae49393a05397450978507c4ef1");
});

Deno.test("RFC 2069 §2.4 as corrected: MD5 without qop", () => {
  assert.equal(respond("MD5", RFC_2617), "670fd8c2df070c60b045671b8b24ff02");
});

/** What clients write into their credentials: short and long, plain and not. */
const SPECIMENS = [
  "",
  "a",
  "auth",
  "sip:alice@sip.local",
  "Zo\xc3\xab",
  "\xe9",
  '\\"',
  "x".repeat(60),
  "y".repeat(200),
];

Deno.test("isRightResponse() agrees with expectedResponse(), whatever the credentials are made of", () => {
  const fields = DigestFields.ofCredentials();
  for (let i = 0; i < 3000; i++) {
    const any = () => SPECIMENS[Math.floor(Math.random() * SPECIMENS.length)];
    const written =
      `Digest nonce="${any()}",nc=00000001,cnonce="${any()}",qop="${any()}",uri="${any()}",response=`;
    const read = parseDigestCredentials(`${written}x`)!;
    const ha1 = hashOfA1("MD5", { username: "alice", realm: "r", secret: any() });
    const request = { algorithm: i % 2 === 0 ? "MD5" : "SHA-256", ha1, method: "INVITE" } as const;
    const right = expectedResponse(read, request);
    const wrong = right.slice(0, -1) + (right.endsWith("0") ? "1" : "0");
    for (
      const [response, isRight] of [
        [right, true],
        [right.toUpperCase(), true],
        [wrong, false],
        [right.slice(1), false],
        ["", false],
      ] as const
    ) {
      assert.ok(fields.read(`${written}"${response}",opaque="o"`));
      assert.equal(isRightResponse(fields, request), isRight, `${written}"${response}"`);
    }
  }
});
