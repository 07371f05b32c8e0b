import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readKeyStore, readTrustStore } from "../../../../src/transport/tls/key_store.ts";
import { openssl, TestCertificates } from "../../../support/certificates.ts";
import { assertRefused, fixture, subjectsOf } from "./store_assertions.ts";

const password = "secret-of-the-store";

for (const kind of ["rsa", "ec"] as const) {
  for (const isLegacy of [false, true]) {
    Deno.test(`PKCS#12 of openssl, ${kind}, ${isLegacy ? "legacy (RC2, 3DES)" : "modern (AES)"}`, async () => {
      using certificates = new TestCertificates();
      const intermediate = certificates.authority({ name: "Intermediate" });
      const issued = certificates.issue({ name: "a.example.com", kind, ca: intermediate });
      const path = certificates.toPkcs12(issued, password, { isLegacy });
      const entry = await readKeyStore({ path, password });
      assert.equal(entry.type, "pkcs12");
      assert.equal(entry.privateKey, Deno.readTextFileSync(issued.privateKey));
      assert.equal(
        entry.leaf.fingerprint256,
        new X509Certificate(Deno.readFileSync(issued.certificate)).fingerprint256,
      );
      assert.deepEqual(subjectsOf(entry.certificates), [
        "CN=a.example.com",
        "CN=Intermediate",
        "CN=Root of the tests",
      ]);
    });
  }
}

Deno.test("PKCS#12 passwords: empty, with letters beyond ASCII, and no digest of the whole", async (test) => {
  using certificates = new TestCertificates();
  const issued = certificates.issue({ name: "a.example.com" });
  const nomac = { arguments: ["-nomac"] };
  const stores = {
    "empty": ["", certificates.toPkcs12(issued, "")],
    "umlaut, modern": ["Schlüssel", certificates.toPkcs12(issued, "Schlüssel")],
    "umlaut, legacy": ["Schlüssel", certificates.toPkcs12(issued, "Schlüssel", { isLegacy: true })],
    "without digest": [password, certificates.toPkcs12(issued, password, nomac)],
  } as const;
  for (const [title, [right, path]] of Object.entries(stores)) {
    await test.step(title, async () => {
      assert.equal((await readKeyStore({ path, password: right })).leaf.subject, "CN=a.example.com");
      const problem = /its password is wrong/;
      for (const secret of ["not-the-secret", "nicht-der-Schlüssel"]) {
        await assertRefused(readKeyStore({ path, password: secret }), { path, problem, secret });
        await assertRefused(readTrustStore({ path, password: secret }), { path, problem, secret });
      }
    });
  }
});

Deno.test("PKCS#12 without a key, without a certificate", async () => {
  using certificates = new TestCertificates();
  const { certificate, privateKey } = certificates.root;
  const path = certificates.write("a.p12", "");
  const make = ["pkcs12", "-export", "-out", path, "-passout", `pass:${password}`];
  openssl([...make, "-nokeys", "-in", certificate]);
  await assertRefused(readKeyStore({ path, password }), { path, problem: /there is no private key in it/ });
  assert.deepEqual(subjectsOf((await readTrustStore({ path, password })).join("")), ["CN=Root of the tests"]);
  openssl([...make, "-nocerts", "-inkey", privateKey]);
  await assertRefused(readKeyStore({ path, password }), { path, problem: /there is no certificate in it/ });
  await assertRefused(readTrustStore({ path, password }), { path, problem: /there is no certificate in it/ });
});

Deno.test("PKCS#12 trust: the own certificate of a key, not the chain above it", async () => {
  using certificates = new TestCertificates();
  const path = certificates.toPkcs12(certificates.issue({ name: "a.example.com" }), password);
  assert.deepEqual(subjectsOf((await readTrustStore({ path, password })).join("")), ["CN=a.example.com"]);
});

Deno.test("PKCS#12 of keytool: the first alias, its chain, and what is marked as trusted", async () => {
  using certificates = new TestCertificates();
  const path = certificates.write("keytool.p12", fixture("keytool.p12"));
  const entry = await readKeyStore({ path, password: "changeit" });
  assert.ok(entry.leaf.checkPrivateKey(createPrivateKey(entry.privateKey)));
  assert.deepEqual(subjectsOf(entry.certificates), ["CN=leaf.example.com", "CN=ca.example.com"]);
  assert.deepEqual(entry.ignored, ["second"]);
  const trusted = await readTrustStore({ path, password: "changeit" });
  assert.deepEqual(subjectsOf(trusted.join("")).toSorted(), [
    "CN=ca.example.com",
    "CN=leaf.example.com",
    "CN=second.example.com",
  ]);
});

Deno.test("PKCS#12 cut off or altered is refused", async () => {
  using certificates = new TestCertificates();
  const bytes = fixture("keytool.p12");
  const path = certificates.write("damaged.p12", "");
  for (let position = 8; position < bytes.length; position += 199) {
    Deno.writeFileSync(path, bytes.subarray(0, position));
    await assertRefused(readKeyStore({ path, password: "changeit" }), { path, problem: /damaged/ });
    const altered = bytes.slice();
    altered[position] ^= 0x55;
    Deno.writeFileSync(path, altered);
    await assertRefused(readKeyStore({ path, password: "changeit" }), { path, problem: /damaged/ });
  }
});
