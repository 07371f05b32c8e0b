import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { KeyStoreError } from "../../../../src/transport/tls/key_store_error.ts";
import { keyStoreTypeOf } from "../../../../src/transport/tls/key_store_file.ts";
import { readKeyStore, readTrustStore } from "../../../../src/transport/tls/key_store.ts";
import { openssl, TestCertificates } from "../../../support/certificates.ts";
import { assertRefused, fixture, subjectsOf } from "./store_assertions.ts";

const password = "secret-of-the-store";

Deno.test("PEM: certificate and key in one file, in any order, with other text around", async () => {
  using certificates = new TestCertificates();
  const { both, certificate, privateKey } = certificates.issue({ name: "a.example.com" });
  const key = Deno.readTextFileSync(privateKey);
  const turned = `Bag Attributes\r\n  friendlyName: a\r\n${Deno.readTextFileSync(certificate)}${key}`;
  for (const path of [both, certificates.write("turned.pem", turned.replaceAll(/\r?\n/g, "\r\n"))]) {
    const entry = await readKeyStore({ path, password });
    assert.equal(entry.type, "pem");
    assert.equal(entry.leaf.subject, "CN=a.example.com");
    assert.equal(entry.privateKey, key);
    assert.deepEqual(entry.ignored, []);
  }
});

Deno.test("PEM: the leaf comes first, then its issuers, whatever the order in the file", async () => {
  using certificates = new TestCertificates();
  const intermediate = certificates.authority({ name: "Intermediate" });
  const stranger = certificates.selfSigned({ name: "stranger" });
  const leaf = certificates.issue({ name: "leaf.example.com", ca: intermediate });
  const files = [certificates.root, stranger, leaf, intermediate].map(({ certificate }) => certificate);
  const path = certificates.write("mixed.pem", files.map((file) => Deno.readTextFileSync(file)).join(""));
  const entry = await readKeyStore({ path, password, privateKey: leaf.privateKey });
  assert.deepEqual(subjectsOf(entry.certificates), [
    "CN=leaf.example.com",
    "CN=Intermediate",
    "CN=Root of the tests",
  ]);
});

Deno.test("PEM: encrypted keys, PKCS#1, SEC1 and PKCS#8", async (test) => {
  using certificates = new TestCertificates();
  const rsa = certificates.issue({ name: "rsa.example.com", kind: "rsa" });
  const ec = certificates.issue({ name: "ec.example.com" });
  const protection = ["-aes256", "-passout", `pass:${password}`];
  const kinds = {
    "PKCS#1": [rsa, ["rsa", "-traditional", "-in", rsa.privateKey, ...protection]],
    "SEC1": [ec, ["ec", "-in", ec.privateKey, ...protection]],
    "PKCS#8, RSA": [rsa, ["pkcs8", "-topk8", "-in", rsa.privateKey, "-v2", "aes256", ...protection.slice(1)]],
    "PKCS#8, EC": [ec, ["pkcs8", "-topk8", "-in", ec.privateKey, "-v2", "aes256", ...protection.slice(1)]],
  } as const;
  for (const [kind, [{ certificate, privateKey: bare }, command]] of Object.entries(kinds)) {
    await test.step(kind, async () => {
      const privateKey = certificates.write("encrypted.key", openssl(command));
      const entry = await readKeyStore({ path: certificate, password, privateKey });
      assert.equal(entry.privateKey, Deno.readTextFileSync(bare));
      await assertRefused(
        readKeyStore({ path: certificate, password: "not-the-secret", privateKey }),
        { path: privateKey, problem: /password .*wrong/, secret: "not-the-secret" },
      );
    });
  }
});

Deno.test("PEM: an encryption that the runtime has not is told from a damaged key", async () => {
  using certificates = new TestCertificates();
  const { certificate, privateKey } = certificates.issue({ name: "a.example.com" });
  const old = ["pkcs8", "-topk8", "-in", privateKey, "-v2", "des3", "-passout", `pass:${password}`];
  const encrypted = certificates.write("des.key", openssl(old));
  await assertRefused(
    readKeyStore({ path: certificate, password, privateKey: encrypted }),
    { path: encrypted, problem: /its encryption is not supported/, secret: password },
  );
  const broken = certificates.write("broken.key", Deno.readTextFileSync(privateKey).replace(/^M/m, "A"));
  await assertRefused(
    readKeyStore({ path: certificate, password, privateKey: broken }),
    { path: broken, problem: /the private key in it is damaged/ },
  );
});

Deno.test("PEM: of several keys the one that fits is taken", async () => {
  using certificates = new TestCertificates();
  const other = certificates.issue({ name: "other.example.com" });
  const { certificate, privateKey } = certificates.issue({ name: "a.example.com" });
  const files = [other.privateKey, certificate, privateKey];
  const path = certificates.write("two.pem", files.map((file) => Deno.readTextFileSync(file)).join(""));
  const entry = await readKeyStore({ path, password });
  assert.equal(entry.privateKey, Deno.readTextFileSync(privateKey));
  assert.deepEqual(entry.ignored, ["number 1"]);
});

Deno.test("A key that does not fit the certificate is refused, naming both files", async () => {
  using certificates = new TestCertificates();
  const { certificate: path } = certificates.issue({ name: "a.example.com" });
  const { privateKey } = certificates.issue({ name: "b.example.com" });
  const rsa = certificates.issue({ name: "b.example.com", kind: "rsa" });
  for (const key of [privateKey, rsa.privateKey]) {
    const refused = readKeyStore({ path, password, privateKey: key });
    await assertRefused(refused, {
      path: key,
      problem: /does not fit the certificate in ".*" \(CN=a\.example/,
    });
  }
});

Deno.test("What lacks is said: key, certificate", async () => {
  using certificates = new TestCertificates();
  const { certificate, privateKey } = certificates.issue({ name: "a.example.com" });
  await assertRefused(readKeyStore({ path: certificate, password }), {
    path: certificate,
    problem: /there is no private key in it/,
  });
  await assertRefused(readKeyStore({ path: certificate, password, privateKey: certificate }), {
    path: certificate,
    problem: /there is no private key in it/,
  });
  for (const readStore of [readKeyStore, readTrustStore]) {
    const problem = /there is no certificate in it/;
    await assertRefused(readStore({ path: privateKey, password }), { path: privateKey, problem });
  }
});

Deno.test("Damaged certificates are refused by their number", async () => {
  using certificates = new TestCertificates();
  const { certificate, chain } = certificates.issue({ name: "a.example.com" });
  const whole = Deno.readTextFileSync(certificate);
  const text = Deno.readTextFileSync(chain).slice(whole.length).replace(/^M/m, "A");
  const path = certificates.write("damaged.pem", whole + text);
  await assertRefused(readTrustStore({ path, password }), {
    path,
    problem: /certificate 2 in it is damaged/,
  });
});

Deno.test("Keys that TLS cannot be done with here are refused", async () => {
  using certificates = new TestCertificates();
  const kinds: [string, string[]][] = [
    ["secp256k1", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"]],
    ["ed448", ["-newkey", "ed448"]],
    ["rsa-pss", ["-newkey", "rsa-pss"]],
  ];
  for (const [kind, arguments_] of kinds) {
    const path = certificates.write(`${kind}.pem`, "");
    openssl([
      "req",
      "-x509",
      ...arguments_,
      "-noenc",
      "-subj",
      "/CN=a",
      "-keyout",
      `${path}.key`,
      "-out",
      path,
    ]);
    const refused = readKeyStore({ path, password, privateKey: `${path}.key` });
    await assertRefused(refused, {
      path: `${path}.key`,
      problem: new RegExp(`the key is ${kind}; TLS needs`),
    });
  }
});

Deno.test("Ed25519, P-384 and P-521 are taken", async () => {
  using certificates = new TestCertificates();
  const kinds = [
    ["-newkey", "ed25519"],
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
  ];
  for (const kind of kinds) {
    const path = certificates.write("a.pem", "");
    openssl(["req", "-x509", ...kind, "-noenc", "-subj", "/CN=a", "-keyout", `${path}.key`, "-out", path]);
    const { leaf, privateKey } = await readKeyStore({ path, password, privateKey: `${path}.key` });
    assert.ok(leaf.checkPrivateKey(createPrivateKey(privateKey)));
  }
});

Deno.test("Expired certificates and those of tomorrow are read", async () => {
  using certificates = new TestCertificates();
  const expired = await readKeyStore({ path: certificates.issue({ name: "a", days: -1 }).both, password });
  assert.ok(expired.leaf.validToDate.getTime() < Date.now());
  const early = await readKeyStore({
    path: certificates.issue({ name: "a", startsInDays: 1 }).both,
    password,
  });
  assert.ok(early.leaf.validFromDate.getTime() > Date.now());
});

Deno.test("Files that are no stores: missing, folder, empty, something else, unreadable", async () => {
  using certificates = new TestCertificates();
  const { certificate } = certificates.root;
  const locked = certificates.write("locked.pem", Deno.readTextFileSync(certificate));
  const der = openssl(["x509", "-in", certificate, "-outform", "der", "-out", `${locked}.der`]) +
    `${locked}.der`;
  const cases: [string, RegExp][] = [
    [`${locked}.missing`, /there is no such file/],
    [`${locked}/below`, /the file cannot be read/],
    [certificates.folder, /it is a folder/],
    ["/dev/null", /it is not a regular file/],
    [certificates.write("empty", ""), /the file is empty/],
    [certificates.write("text", "keyStore: none\n"), /it is not a key store/],
    [certificates.write("short", new Uint8Array([0x30])), /it is not a key store/],
    [der, /it is not a key store/],
    [certificates.write("jceks", fixture("ec.jceks")), /it is a JCEKS store, which is not supported/],
    [certificates.write("headless", "-----BEGIN CERTIFICATE-----\nMIIB"), /there is no/],
  ];
  for (const [path, problem] of cases) {
    await assertRefused(readKeyStore({ path, password }), { path, problem, secret: password });
    await assertRefused(readTrustStore({ path, password }), { path, problem, secret: password });
  }
});

Deno.test("A file that is too large is not read", async () => {
  using certificates = new TestCertificates();
  const path = certificates.write("large", "-----BEGIN ");
  Deno.truncateSync(path, 2 ** 30);
  await assertRefused(readKeyStore({ path, password }), {
    path,
    problem: /1073741824 bytes, more than 16777216/,
  });
});

Deno.test("PEM trust: every certificate, each once", async () => {
  using certificates = new TestCertificates();
  const intermediate = certificates.authority({ name: "Intermediate" });
  const text = Deno.readTextFileSync(intermediate.chain);
  const trusted = await readTrustStore({ path: certificates.write("twice.pem", text + text), password });
  assert.deepEqual(subjectsOf(trusted.join("")), ["CN=Intermediate", "CN=Root of the tests"]);
  assert.equal(new X509Certificate(trusted[1]).fingerprint256, fingerprintOf(certificates.root.certificate));
});

Deno.test("A key in a file of its own goes with a PEM certificate only", async () => {
  using certificates = new TestCertificates();
  const entry = certificates.issue({ name: "a.example.com" });
  const path = certificates.toPkcs12(entry, password);
  await assertRefused(readKeyStore({ path, password, privateKey: entry.privateKey }), {
    path,
    problem: /a PEM certificate was expected, for the key in ".*\.key"/,
  });
});

Deno.test("The type is told by the content", () => {
  using certificates = new TestCertificates();
  const { both } = certificates.root;
  assert.equal(keyStoreTypeOf(Deno.readFileSync(both)), "pem");
  assert.equal(keyStoreTypeOf(Deno.readFileSync(certificates.toPkcs12(certificates.root, "x"))), "pkcs12");
  assert.equal(keyStoreTypeOf(fixture("ec.jks")), "jks");
  assert.equal(keyStoreTypeOf(fixture("ec.jceks")), undefined);
  assert.equal(keyStoreTypeOf(new Uint8Array()), undefined);
  assert.equal(keyStoreTypeOf(new Uint8Array([0xfe, 0xed, 0xfe])), undefined);
});

Deno.test("KeyStoreError carries the path", () => {
  const error = new KeyStoreError("etc/a.jks", "there is no such file");
  assert.equal(error.path, "etc/a.jks");
  assert.equal(error.message, 'Cannot use "etc/a.jks": there is no such file');
});

function fingerprintOf(path: string): string {
  return new X509Certificate(Deno.readFileSync(path)).fingerprint256;
}
