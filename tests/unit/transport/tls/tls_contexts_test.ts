import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { configureLogging } from "../../../../src/runtime/log.ts";
import { KeyStoreError } from "../../../../src/transport/tls/key_store_error.ts";
import { TlsContexts, type TlsSettings } from "../../../../src/transport/tls/tls_contexts.ts";
import { type TestCertificate, TestCertificates } from "../../../support/certificates.ts";

configureLogging({ level: "fatal", format: "text" });

function settings(certificates: readonly TestCertificate[], changes: Partial<TlsSettings> = {}): TlsSettings {
  return {
    certificates: certificates.map(({ both: path }) => ({ path, password: "" })),
    trustStore: undefined,
    clientCertificates: "none",
    verifiesServers: true,
    allowsWildcards: false,
    versions: ["TLSv1.2", "TLSv1.3"],
    isDebugging: false,
    ...changes,
  };
}

function pem(path: string): string {
  return Deno.readTextFileSync(path);
}

Deno.test("a context is the same for all who ask for the same name", async () => {
  using authority = new TestCertificates();
  const [a, b] = ["a.example", "b.example"].map((name) => authority.issue({ name, dnsNames: [name] }));
  const contexts = new TlsContexts(settings([a, b]));
  const [ofA, ofB] = [await contexts.serverContext("a.example"), await contexts.serverContext("b.example")];
  assert.notEqual(ofA, ofB);
  assert.equal(await contexts.serverContext("B.EXAMPLE"), ofB);
  assert.equal(await contexts.serverContext(""), ofA);
  assert.equal(await contexts.serverContext("c.example"), ofA);
});

Deno.test("names that are given count in the place of those in the certificate", async () => {
  using authority = new TestCertificates();
  const [a, b] = ["a.example", "b.example"].map((name) => authority.issue({ name, dnsNames: [name] }));
  const contexts = new TlsContexts(
    settings([], {
      certificates: [
        { path: a.both, password: "" },
        { path: b.both, password: "", domains: ["c.example"] },
      ],
    }),
  );
  const first = await contexts.serverContext("a.example");
  assert.notEqual(await contexts.serverContext("c.example"), first);
  assert.equal(await contexts.serverContext("b.example"), first);
});

Deno.test("what a client shows is the first certificate with its chain, and it trusts the trust store", async () => {
  using authority = new TestCertificates();
  const [a, b] = ["a.example", "b.example"].map((name) => authority.issue({ name }));
  const contexts = new TlsContexts(
    settings([a, b], { trustStore: { path: authority.root.certificate, password: "" } }),
  );
  const { cert, ca } = await contexts.clientOptions();
  assert.equal(cert, pem(a.chain));
  assert.deepEqual(ca, [pem(authority.root.certificate)]);
});

Deno.test("who has no certificate that can be used can connect all the same, but not serve", async () => {
  const contexts = new TlsContexts(settings([], { certificates: [{ path: "nowhere.p12", password: "" }] }));
  const { cert, key, ca } = await contexts.clientOptions();
  assert.deepEqual([cert, key, ca], [undefined, undefined, undefined]);
  await assert.rejects(
    contexts.prepareServer(),
    (error) => error instanceof KeyStoreError && /nowhere/.test(error.message),
  );
});

Deno.test("a trust store that cannot be used is no trust in everybody", async () => {
  using authority = new TestCertificates();
  const trustStore = { path: "nowhere.pem", password: "" };
  const contexts = new TlsContexts(settings([authority.issue({ name: "a.example" })], { trustStore }));
  await assert.rejects(contexts.clientOptions(), KeyStoreError);
  await assert.rejects(contexts.prepareServer(), KeyStoreError);
});

Deno.test("clients' certificates cannot be checked without a trust store", async () => {
  using authority = new TestCertificates();
  const certificate = authority.issue({ name: "a.example" });
  for (const clientCertificates of ["required", "wanted"] as const) {
    await assert.rejects(
      new TlsContexts(settings([certificate], { clientCertificates })).prepareServer(),
      /trustStore/,
    );
  }
  await new TlsContexts(settings([certificate])).prepareServer();
});

Deno.test("versions make a range, and none is an error that names the property", async () => {
  const table: readonly [TlsSettings["versions"], string, string][] = [
    [["TLSv1.2"], "TLSv1.2", "TLSv1.2"],
    [["TLSv1.3"], "TLSv1.3", "TLSv1.3"],
    [["TLSv1.3", "TLSv1.2"], "TLSv1.2", "TLSv1.3"],
  ];
  for (const [versions, lowest, highest] of table) {
    const { minVersion, maxVersion } = await new TlsContexts(settings([], { versions })).clientOptions();
    assert.deepEqual([minVersion, maxVersion], [lowest, highest]);
  }
  await assert.rejects(new TlsContexts(settings([], { versions: [] })).clientOptions(), /client\.protocols/);
});

Deno.test("a certificate is pinned when this very one is in the trust store", async () => {
  using authority = new TestCertificates();
  const [pinned, other, stranger] = ["a", "b", "a"].map((name) => authority.selfSigned({ name }));
  const path = authority.write("trust.pem", pem(other.certificate) + pem(pinned.certificate));
  const contexts = new TlsContexts(settings([], { trustStore: { path, password: "" } }));
  const bytesOf = ({ certificate }: TestCertificate) => new X509Certificate(pem(certificate)).raw;
  assert.equal(await contexts.isPinned(bytesOf(pinned)), true);
  assert.equal(await contexts.isPinned(bytesOf(stranger)), false);
  assert.equal(await new TlsContexts(settings([])).isPinned(bytesOf(pinned)), false);
});
