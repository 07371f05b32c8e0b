import assert from "node:assert/strict";
import {
  type DigestChallenge,
  formatDigestChallenge,
  parseDigestChallenge,
  parseDigestCredentials,
} from "../../../src/message/digest.ts";

const NO_CREDENTIALS = {
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

const NO_CHALLENGE: DigestChallenge = {
  realm: "",
  nonce: "",
  algorithm: "",
  opaque: "",
  qop: "",
  stale: "",
  domain: "",
};

Deno.test("parseDigestCredentials() reads the example of RFC 3261 §20.7", () => {
  const value = 'Digest username="Alice", realm="atlanta.com", nonce="84a4cc6f3082121f32b42a2187831a9e",' +
    ' response="7587245234b3434cc3412213e5f113a5432"';
  assert.deepEqual(parseDigestCredentials(value), {
    ...NO_CREDENTIALS,
    username: "Alice",
    realm: "atlanta.com",
    nonce: "84a4cc6f3082121f32b42a2187831a9e",
    response: "7587245234b3434cc3412213e5f113a5432",
  });
});

Deno.test("parseDigestCredentials() reads credentials with qop, quoted or not, folded or not", () => {
  const value =
    'digest\r\n USERNAME = "bob" ,realm="biloxi.com",\tnonce="dcd98b",uri="sip:bob@biloxi.com",\r\n' +
    ' qop=auth, nc=00000001,cnonce="0a4f113b",response="6629fae49393a05397450978507c4ef1",opaque="5ccc0",' +
    "algorithm=SHA-256,userhash=false";
  assert.deepEqual(parseDigestCredentials(value), {
    username: "bob",
    realm: "biloxi.com",
    nonce: "dcd98b",
    uri: "sip:bob@biloxi.com",
    qop: "auth",
    nc: "00000001",
    cnonce: "0a4f113b",
    response: "6629fae49393a05397450978507c4ef1",
    opaque: "5ccc0",
    algorithm: "SHA-256",
    userhash: "false",
  });
  assert.equal(parseDigestCredentials('Digest qop="auth",nc="00000001"')?.nc, "00000001");
});

Deno.test("parseDigestCredentials() undoes escapes, and reads UTF-8 and commas in quotes", () => {
  const parsed = parseDigestCredentials(
    'Digest username="a\\"b\\\\c,d",realm="Zo\xc3\xab, nonce=\\"x\\"",nonce="n="',
  );
  assert.deepEqual([parsed?.username, parsed?.realm, parsed?.nonce], ['a"b\\c,d', 'Zoë, nonce="x"', "n="]);
});

Deno.test("RFC 7616 §3.4: parameters that have no meaning for us are passed over, whatever their name", () => {
  const parsed = parseDigestCredentials(
    'Digest username="a",auth-param=x,constructor=y,__proto__=z,realm="r"',
  );
  assert.deepEqual(parsed, { ...NO_CREDENTIALS, username: "a", realm: "r" });
});

Deno.test("Neither parser takes another scheme, or what is malformed or says a thing twice", () => {
  for (
    const value of [
      "",
      "Digest",
      'Digestusername="a"',
      "Basic YWxpY2U6c2VjcmV0",
      'Bearer realm="a"',
      'Digest username="a" realm="b"',
      'Digest username="a"realm="b"',
      'Digest username="a',
      'Digest username="a\\"',
      "Digest username",
      "Digest username=",
      "Digest username=,realm=b",
      'Digest ="a"',
      'Digest ,realm="a"',
      'Digest realm="a",,nonce="b"',
      'Digest realm="a";nonce="b"',
      'Digest nonce="a",nonce="b"',
      'Digest realm="a",Realm="a"',
      'Digest nonce="",nonce="b"',
      '"Digest" realm="a"',
    ]
  ) {
    assert.equal(parseDigestCredentials(value), undefined, value);
    assert.equal(parseDigestChallenge(value), undefined, value);
  }
});

Deno.test("parseDigestChallenge() reads the example of RFC 3261 §20.44", () => {
  const value =
    'Digest realm="atlanta.com", domain="sip:boxesbybob.com", qop="auth", nonce="f84f1cec41e6cbe5aea9c8e88d359",' +
    ' opaque="", stale=FALSE, algorithm=MD5';
  assert.deepEqual(parseDigestChallenge(value), {
    ...NO_CHALLENGE,
    realm: "atlanta.com",
    domain: "sip:boxesbybob.com",
    qop: "auth",
    nonce: "f84f1cec41e6cbe5aea9c8e88d359",
    stale: "FALSE",
    algorithm: "MD5",
    written: { realm: '"atlanta.com"', nonce: '"f84f1cec41e6cbe5aea9c8e88d359"', opaque: '""' },
  });
  assert.equal(parseDigestChallenge('Digest realm="r"')?.written.opaque, undefined);
});

Deno.test("formatDigestChallenge() quotes what RFC 7616 §3.3 wants quoted, and only that", () => {
  const challenge = { ...NO_CHALLENGE, realm: "sip.local", nonce: "abc" };
  assert.equal(formatDigestChallenge(challenge), 'Digest realm="sip.local",nonce="abc"');
  const full = {
    ...challenge,
    domain: "sip:a",
    opaque: "o",
    stale: "true",
    algorithm: "SHA-256",
    qop: "auth,auth-int",
  };
  const written = formatDigestChallenge(full);
  for (
    const part of ['domain="sip:a"', 'opaque="o"', "stale=true", "algorithm=SHA-256", 'qop="auth,auth-int"']
  ) {
    assert.ok(written.split(/,(?!auth)/).includes(part), `${part} in ${written}`);
  }
});

Deno.test("A challenge that is written and read again is the same", () => {
  for (const realm of ["sip.local", 'say "hi"', "back\\slash", "a,b;c=d", ""]) {
    for (const qop of ["", "auth", "auth,auth-int"]) {
      for (const stale of ["", "true"]) {
        const challenge = {
          realm,
          nonce: "n/0+=",
          algorithm: "MD5",
          opaque: "o",
          qop,
          stale,
          domain: "sip:a sip:b",
        };
        const { written: _, ...read } = parseDigestChallenge(formatDigestChallenge(challenge))!;
        assert.deepEqual(read, challenge);
      }
    }
  }
});

Deno.test("Neither parser throws at any prefix or suffix", () => {
  const value = 'Digest username="a\\"b", realm = "\xc3\xab",qop=auth,\r\n nc=00000001,x="",uri="sip:a,b"';
  for (let at = 0; at <= value.length; at++) {
    parseDigestCredentials(value.slice(0, at));
    parseDigestChallenge(`Digest ${value.slice(at)}`);
  }
});
