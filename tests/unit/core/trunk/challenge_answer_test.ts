/** Answers to challenges, checked by a digest computation that shares nothing with the server's. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { answerChallenges, missingHash } from "../../../../src/core/trunk/challenge_answer.ts";
import type { Credentials } from "../../../../src/data/ha1.ts";
import { parameter, utf8 } from "../../../support/sip_text.ts";
import { response } from "../requests.ts";

const ACCOUNT: Credentials = { username: "trunk", secret: "s3cret", ha1: [] };
const REGISTER = { method: "REGISTER", uri: "sip:provider.example", body: "" };
const BASICS = `realm="provider.example", nonce="n1"`;

const acceptsAll: (realm: string) => boolean = () => true;

const md5 = (text: string) => hash("md5", text);
const sha256 = (text: string) => hash("sha256", text);

function challenged(...challenges: string[]) {
  return response(
    ["SIP/2.0 401 Unauthorized", ...challenges.map((value) => `WWW-Authenticate: ${value}`)].join("\n"),
  );
}

function answerTo(
  challenges: readonly string[],
  { request = REGISTER, account = ACCOUNT, accepts = acceptsAll } = {},
) {
  return answerChallenges(challenged(...challenges), request, account, accepts)[0];
}

/** The line that answers one challenge that can be answered. */
function lineFor(challenge: string, options: Parameters<typeof answerTo>[1] = {}): string {
  const answer = answerTo([challenge], options);
  assert.ok(answer, `No answer to: ${challenge}`);
  return answer.line;
}

Deno.test("A 401 is answered with Authorization, a 407 with Proxy-Authorization", () => {
  assert.match(lineFor(`Digest ${BASICS}`), /^Authorization: Digest .*\r\n$/);
  const proxy = response(
    `SIP/2.0 407 Proxy Authentication Required\nProxy-Authenticate: Digest ${BASICS}`,
  );
  const [answer] = answerChallenges(proxy, REGISTER, ACCOUNT, () => true);
  assert.match(answer.line, /^Proxy-Authorization: Digest .*\r\n$/);
});

Deno.test("Without qop the answer is that of RFC 2069: no cnonce, no count", () => {
  const line = lineFor(`Digest ${BASICS}`);
  const ha1 = md5("trunk:provider.example:s3cret");
  assert.equal(parameter(line, "response"), md5(`${ha1}:n1:${md5("REGISTER:sip:provider.example")}`));
  assert.equal(parameter(line, "uri"), "sip:provider.example");
  for (const name of ["qop", "nc", "cnonce", "algorithm", "opaque"]) assert.equal(parameter(line, name), "");
});

Deno.test("RFC 7616 §3.4.1: qop auth takes nonce count and a cnonce that is new each time", () => {
  const challenge = `Digest ${BASICS}, algorithm=MD5, qop="auth,auth-int", opaque="o1"`;
  const line = lineFor(challenge);
  const cnonce = parameter(line, "cnonce");
  const ha1 = md5("trunk:provider.example:s3cret");
  const ha2 = md5("REGISTER:sip:provider.example");
  assert.equal(parameter(line, "response"), md5(`${ha1}:n1:00000001:${cnonce}:auth:${ha2}`));
  assert.equal(parameter(line, "qop"), "auth");
  assert.equal(parameter(line, "nc"), "00000001");
  assert.equal(parameter(line, "opaque"), "o1");
  assert.equal(parameter(line, "algorithm"), "MD5");
  assert.notEqual(cnonce, "");
  assert.notEqual(parameter(lineFor(challenge), "cnonce"), cnonce);
});

Deno.test("RFC 7616 §3.4.2: MD5-sess hashes nonce and cnonce into A1, in whatever case it is asked for", () => {
  const line = lineFor(`Digest ${BASICS}, algorithm=md5-SESS, qop="auth"`);
  const cnonce = parameter(line, "cnonce");
  const ha1 = md5(`${md5("trunk:provider.example:s3cret")}:n1:${cnonce}`);
  const ha2 = md5("REGISTER:sip:provider.example");
  assert.equal(parameter(line, "response"), md5(`${ha1}:n1:00000001:${cnonce}:auth:${ha2}`));
  assert.equal(parameter(line, "algorithm"), "md5-SESS");
});

Deno.test("RFC 7616 §3.4.3: qop auth-int, where nothing else is offered, takes the body in", () => {
  const request = { method: "INVITE", uri: "sip:1@provider.example", body: utf8("v=0\r\ns=Gespräch\r\n") };
  const bodyBytes = Buffer.from(request.body, "latin1");
  for (const [algorithm, digest] of [["MD5", "md5"], ["SHA-256", "sha256"]] as const) {
    const line = lineFor(`Digest ${BASICS}, algorithm=${algorithm}, qop="auth-int"`, { request });
    const cnonce = parameter(line, "cnonce");
    const ha1 = hash(digest, "trunk:provider.example:s3cret");
    const ha2 = hash(digest, `INVITE:sip:1@provider.example:${hash(digest, bodyBytes)}`);
    assert.equal(
      parameter(line, "response"),
      hash(digest, `${ha1}:n1:00000001:${cnonce}:auth-int:${ha2}`),
      algorithm,
    );
    assert.equal(parameter(line, "qop"), "auth-int");
  }
});

Deno.test("RFC 8760: SHA-256 is answered, and of several challenges the topmost that is known", () => {
  const line = lineFor(`Digest ${BASICS}, algorithm=SHA-256, qop="auth"`);
  const ha1 = sha256("trunk:provider.example:s3cret");
  const ha2 = sha256("REGISTER:sip:provider.example");
  const cnonce = parameter(line, "cnonce");
  assert.equal(parameter(line, "response"), sha256(`${ha1}:n1:00000001:${cnonce}:auth:${ha2}`));

  const both = answerTo([
    `Digest ${BASICS}, algorithm=SHA-512-256, qop="auth"`,
    `Digest ${BASICS}, algorithm=SHA-256, qop="auth"`,
    `Digest ${BASICS}, algorithm=MD5, qop="auth"`,
  ]);
  assert.equal(parameter(both?.line ?? "", "algorithm"), "SHA-256");
});

Deno.test("Several challenges in one header are told apart, other schemes passed by", () => {
  const answer = answerTo([
    `Basic realm="provider.example", NTLM, Bearer realm="a, b" ,  Digest realm="a, Digest b", nonce="n,1", ` +
    `algorithm=MD4,Digest nonce="n2",realm="second",qop="auth",algorithm=MD5`,
  ]);
  assert.equal(answer?.realm, "second");
  assert.equal(answer?.nonce, "n2");
});

Deno.test("A realm that is not accepted is passed by, and nothing else is asked for it", () => {
  const offers = [`Digest realm="other", nonce="n1"`, `Digest realm="provider.example", nonce="n2"`];
  assert.equal(answerTo(offers, { accepts: (realm) => realm === "provider.example" })?.nonce, "n2");
  assert.equal(answerTo(offers, { accepts: () => false }), undefined);
});

Deno.test("RFC 7616 §3.4: opaque comes back byte by byte: escaped, empty, in other encodings; absent, it is absent", () => {
  const offered = (more: string) =>
    /,opaque=("(?:\\.|[^"\\])*"|[^,\s]*)/.exec(lineFor(`Digest ${BASICS}${more}`))?.[1];
  assert.equal(offered(""), undefined);
  const written = [
    '""',
    '"o1"',
    String.raw`"a\"b"`,
    String.raw`"a\bc\\"`,
    '"a, b=c"',
    '"\xe9\xff"',
    '" "',
    `"{'x':1}"`,
  ];
  for (const opaque of written) {
    assert.equal(offered(`, opaque=${opaque}`), opaque);
    assert.equal(offered(`, qop="auth", OPAQUE = ${opaque} ,algorithm=MD5`), opaque);
  }
  assert.equal(offered(", opaque=token"), '"token"');
});

Deno.test("RFC 7616 §3.4: realm and nonce come back byte by byte, the digest is that of what they mean", () => {
  const line = lineFor('Digest realm="a\\b", nonce="n\\1\\\\"');
  assert.ok(line.includes('realm="a\\b",nonce="n\\1\\\\"'), line);
  const ha1 = md5("trunk:ab:s3cret");
  assert.equal(parameter(line, "response"), md5(`${ha1}:n1\\:${md5("REGISTER:sip:provider.example")}`));
});

Deno.test("An empty qop, algorithm, stale or domain asks for nothing, and nothing of it comes back", () => {
  const line = lineFor(`Digest ${BASICS}, qop="", algorithm="", stale="", domain="", charset="UTF-8", x=y`);
  const ha1 = md5("trunk:provider.example:s3cret");
  assert.equal(parameter(line, "response"), md5(`${ha1}:n1:${md5("REGISTER:sip:provider.example")}`));
  assert.doesNotMatch(line, /qop|algorithm|stale|domain|charset|cnonce|x=/);
});

Deno.test("What is written in quotes and need not be counts as well", () => {
  const line = lineFor(`Digest ${BASICS}, qop=auth, algorithm="MD5", stale="true"`);
  assert.match(line, /,algorithm=MD5,cnonce="\w+",qop=auth,nc=00000001\r\n$/);
  assert.equal(answerTo([`Digest ${BASICS}, stale="TRUE"`])?.isStale, true);
});

Deno.test("§22.3: every realm of a response has its answer, for proxies and for the server alike", () => {
  const both = response([
    "SIP/2.0 407 Proxy Authentication Required",
    `WWW-Authenticate: Digest realm="core", nonce="n1"`,
    `Proxy-Authenticate: Digest realm="edge", nonce="n2", algorithm=SHA-256, Digest realm="edge", nonce="n3"`,
    `Proxy-Authenticate: Digest realm="core", nonce="n4"`,
    `Proxy-Authenticate: Digest realm="thief", nonce="n5"`,
  ].join("\n"));
  const answers = answerChallenges(both, REGISTER, ACCOUNT, (realm) => realm !== "thief");
  assert.deepEqual(answers.map(({ name, realm, nonce }) => [name, realm, nonce]), [
    ["Proxy-Authorization", "edge", "n2"],
    ["Proxy-Authorization", "core", "n4"],
    ["Authorization", "core", "n1"],
  ]);
});

Deno.test("stale tells an old nonce from wrong credentials", () => {
  assert.equal(answerTo([`Digest ${BASICS}, stale=TRUE`])?.isStale, true);
  assert.equal(answerTo([`Digest ${BASICS}, stale=false`])?.isStale, false);
  assert.equal(answerTo([`Digest ${BASICS}`])?.isStale, false);
});

Deno.test("Names, realms and secrets beyond ASCII are hashed and sent as UTF-8; quotes are escaped", () => {
  const line = lineFor(utf8(`Digest realm="Caf\\"é\\"", nonce="n1"`), {
    account: { username: `jö"rg`, secret: "schlüssel", ha1: [] },
  });
  const ha1 = md5(`jö"rg:Caf"é":schlüssel`);
  assert.ok(line.includes(utf8(`username="jö\\"rg",realm="Caf\\"é\\""`)), line);
  assert.equal(parameter(line, "response"), md5(`${ha1}:n1:${md5("REGISTER:sip:provider.example")}`));
});

const HASHED: Credentials = {
  username: "trunk",
  secret: undefined,
  ha1: [
    { realm: "provider.example", md5: md5("trunk:provider.example:s3cret"), sha256: undefined },
    { realm: "other.example", md5: undefined, sha256: sha256("trunk:other.example:s3cret") },
  ],
};

Deno.test("An account with hashes answers as one with the secret does, for their realms and algorithms", () => {
  const challenges = [
    `Digest ${BASICS}`,
    `Digest ${BASICS}, algorithm=MD5`,
    `Digest realm="other.example", nonce="n1", algorithm=SHA-256`,
  ];
  for (const challenge of challenges) {
    assert.equal(lineFor(challenge, { account: HASHED }), lineFor(challenge), challenge);
  }
  const session = lineFor(`Digest ${BASICS}, algorithm=MD5-sess, qop="auth"`, { account: HASHED });
  const ha1 = md5(`${md5("trunk:provider.example:s3cret")}:n1:${parameter(session, "cnonce")}`);
  const ha2 = md5("REGISTER:sip:provider.example");
  const proof = `${ha1}:n1:00000001:${parameter(session, "cnonce")}:auth:${ha2}`;
  assert.equal(parameter(session, "response"), md5(proof));
});

Deno.test("An account with hashes passes by what they are not made for, and tells which one is missing", () => {
  const sha256Challenge = `Digest ${BASICS}, algorithm=SHA-256, qop="auth"`;
  const md5Challenge = `Digest ${BASICS}, algorithm=MD5, qop="auth"`;
  const both = answerTo([sha256Challenge, md5Challenge], { account: HASHED });
  assert.equal(parameter(both?.line ?? "", "algorithm"), "MD5");
  assert.equal(answerTo([sha256Challenge], { account: HASHED }), undefined);
  assert.equal(answerTo([`Digest realm="third.example", nonce="n1"`], { account: HASHED }), undefined);
  const why = 'there is no SHA-256 hash for realm "provider.example" in spec.credentials.ha1';
  assert.equal(missingHash(challenged(sha256Challenge), HASHED), why);
  assert.equal(missingHash(challenged(md5Challenge), HASHED), undefined);
  assert.equal(missingHash(challenged(sha256Challenge), ACCOUNT), undefined);
  assert.equal(missingHash(challenged(`Digest ${BASICS}, algorithm=SHA-512-256`), HASHED), undefined);
});

Deno.test("What cannot be answered is not answered, and nothing throws", () => {
  const unanswerable = [
    "",
    "Digest",
    "Digest ",
    ",,,",
    `Digest realm="provider.example"`,
    `Digest realm="provider.example", nonce=""`,
    `Digest ${BASICS}, nonce="twice"`,
    `Digest ${BASICS}, qop="auth-conf"`,
    `Digest ${BASICS}, qop=","`,
    `Digest ${BASICS}, algorithm=MD5-sess`,
    `Digest ${BASICS}, algorithm=SHA-512-256, qop="auth"`,
    `Digest ${BASICS}, algorithm="MD5`,
    `Digest realm="open, nonce="n1`,
    `Basic ${BASICS}`,
    `DigestX ${BASICS}`,
    `Digest ${"a=1,".repeat(5_000)}`,
  ];
  for (const challenge of unanswerable) assert.equal(answerTo([challenge]), undefined, challenge);
  assert.equal(answerTo([]), undefined);
  const ok = response(`SIP/2.0 200 OK\nWWW-Authenticate: Digest ${BASICS}`);
  assert.deepEqual(answerChallenges(ok, REGISTER, ACCOUNT, () => true), []);
});

Deno.test("A body that is no UTF-8 has no auth-int", () => {
  const request = { ...REGISTER, body: "s=\xe9\r\n" };
  assert.equal(answerTo([`Digest ${BASICS}, qop="auth-int"`], { request }), undefined);
  assert.ok(answerTo([`Digest ${BASICS}, qop="auth-int, auth"`], { request }));
});

Deno.test("Only the first challenges of a response are looked at", () => {
  const useless = `Digest realm="x", nonce="n", algorithm=MD4`;
  const useful = `Digest ${BASICS}`;
  assert.ok(answerTo([...Array(15).fill(useless), useful]));
  assert.equal(answerTo([...Array(16).fill(useless), useful]), undefined);
  assert.equal(answerTo([`${`${useless}, `.repeat(16)}${useful}`]), undefined);
});
