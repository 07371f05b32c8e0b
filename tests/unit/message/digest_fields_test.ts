/** Fields as spans; what is read of them is in digest_test.ts. */
import assert from "node:assert/strict";
import { CredentialsField, DigestFields } from "../../../src/message/digest_fields.ts";

const { username, realm, nonce, qop, nc, opaque } = CredentialsField;

function read(value: string, before = "", after = ""): DigestFields {
  const fields = DigestFields.ofCredentials();
  assert.ok(fields.read(before + value + after, before.length, before.length + value.length), value);
  return fields;
}

Deno.test("DigestFields reads a value in the midst of a text, and nothing behind it", () => {
  const value = 'Digest username="alice",qop=auth,nc=00000001';
  for (const after of ["", "\r\n", ',realm="x"', '",realm="x"', "2"]) {
    const fields = read(value, "Authorization: ", after);
    assert.equal(fields.value(username), "alice");
    assert.equal(fields.value(nc), "00000001");
    assert.ok(!fields.has(realm) && fields.isEmpty(realm));
    assert.equal(fields.text.slice(fields.start(username), fields.end(username)), "alice");
  }
  const fields = DigestFields.ofCredentials();
  for (let length = 1; length < value.length; length++) {
    const text = value + ' realm="x"';
    assert.equal(
      fields.read(text, 0, length),
      DigestFields.ofCredentials().read(value.slice(0, length)),
      `${length}`,
    );
  }
});

Deno.test("DigestFields forgets what it has read before", () => {
  const fields = DigestFields.ofCredentials();
  assert.ok(fields.read('Digest username="a\\"b",realm="r",qop=auth'));
  assert.ok(!fields.isPlain(username));
  assert.ok(fields.read('Digest username="alice",opaque=""'));
  assert.ok(fields.isPlain(username) && fields.is(username, "alice"));
  assert.ok(!fields.has(realm) && !fields.has(qop) && fields.has(opaque) && fields.isEmpty(opaque));
  assert.equal(fields.value(realm), "");
});

Deno.test("is() and isInAnyCase() compare what is meant, not what is written", () => {
  const fields = read('Digest username="\\alice",realm="Zo\xc3\xab",qop="AUTH",nonce=abc');
  assert.ok(fields.is(username, "alice") && !fields.is(username, "\\alice"));
  assert.ok(fields.is(realm, "Zoë") && !fields.is(realm, "Zo\xc3\xab"));
  assert.ok(fields.isInAnyCase(qop, "auth") && !fields.is(qop, "auth"));
  assert.ok(fields.isInAnyCase(username, "alice"));
  assert.ok(!fields.is(nonce, "ab") && !fields.is(nonce, "abcd") && fields.is(nonce, "abc"));
});
