import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { type KeyEntry, readKeyStore, readTrustStore } from "../../../../src/transport/tls/key_store.ts";
import { TestCertificates } from "../../../support/certificates.ts";
import { assertRefused, fixture, subjectsOf } from "./store_assertions.ts";

const password = "changeit";

/** Reads a fixture as key store and as trust store, from a file as operators have it. */
async function read(name: string): Promise<{ entry: KeyEntry; trusted: string[] }> {
  using certificates = new TestCertificates();
  const path = certificates.write(name, fixture(name));
  const trusted = subjectsOf((await readTrustStore({ path, password })).join(""));
  return { entry: await readKeyStore({ path, password }), trusted };
}

for (const kind of ["rsa", "ec"]) {
  Deno.test(`JKS: ${kind}`, async () => {
    const { entry, trusted } = await read(`${kind}.jks`);
    assert.equal(entry.type, "jks");
    assert.ok(entry.leaf.checkPrivateKey(createPrivateKey(entry.privateKey)));
    assert.deepEqual(subjectsOf(entry.certificates), [`CN=${kind}.example.com`]);
    assert.deepEqual(trusted, [`CN=${kind}.example.com`]);
    assert.deepEqual(entry.ignored, []);
  });
}

Deno.test("JKS: the chain comes along, but is not trusted", async () => {
  const { entry, trusted } = await read("chain.jks");
  assert.deepEqual(subjectsOf(entry.certificates), ["CN=leaf.example.com", "CN=ca.example.com"]);
  assert.deepEqual(trusted, ["CN=leaf.example.com"]);
});

Deno.test("JKS: of several keys the first by alias that the password opens", async () => {
  const { entry } = await read("several.jks");
  assert.equal(entry.leaf.subject, "CN=bravo.example.com");
  assert.deepEqual(entry.ignored, ["alpha", "charlie"]);
});

Deno.test("JKS: trusted certificates alone are a trust store, not a key store", async () => {
  using certificates = new TestCertificates();
  const path = certificates.write("trust.jks", fixture("trust.jks"));
  assert.deepEqual(subjectsOf((await readTrustStore({ path, password })).join("")), ["CN=ca.example.com"]);
  await assertRefused(readKeyStore({ path, password }), { path, problem: /there is no private key in it/ });
});

Deno.test("JKS: wrong passwords, of the store and of the key", async () => {
  using certificates = new TestCertificates();
  const path = certificates.write("ec.jks", fixture("ec.jks"));
  const secret = "not-the-secret";
  for (const readStore of [readKeyStore, readTrustStore]) {
    await assertRefused(readStore({ path, password: secret }), {
      path,
      problem: /its password is wrong/,
      secret,
    });
  }
  const other = certificates.write("other.jks", fixture("other_key_password.jks"));
  await assertRefused(readKeyStore({ path: other, password }), {
    path: other,
    problem: /the private key "ec" in it has another password than the store/,
    secret: password,
  });
});

Deno.test("JKS cut off or altered anywhere is refused", async () => {
  using certificates = new TestCertificates();
  const bytes = fixture("chain.jks");
  const path = certificates.write("damaged.jks", "");
  for (let position = 4; position < bytes.length; position += 13) {
    Deno.writeFileSync(path, bytes.subarray(0, position));
    await assertRefused(readKeyStore({ path, password }), { path, problem: /damaged/ });
    const altered = bytes.slice();
    altered[position] ^= 0x55;
    Deno.writeFileSync(path, altered);
    await assertRefused(readKeyStore({ path, password }), { path, problem: /damaged/ });
  }
});
