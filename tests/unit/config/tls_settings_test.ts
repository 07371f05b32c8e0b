import assert from "node:assert/strict";
import { configurationSchema } from "../../../src/config/configuration.ts";
import { tlsSettingsOf, tlsWarnings } from "../../../src/config/tls_settings.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

function contextOf(securityContext: Record<string, unknown> = {}) {
  return configurationSchema.parse({ apiVersion: "v1beta1", spec: { securityContext } }).securityContext;
}

function settingsOf(securityContext: Record<string, unknown> = {}) {
  return tlsSettingsOf(contextOf(securityContext), "/nowhere");
}

Deno.test("without anything said, one store is read, clients are asked for nothing and servers are checked", () => {
  assert.deepEqual(settingsOf(), {
    certificates: [{ path: "etc/certs/domains-cert.jks", password: "changeit", privateKey: undefined }],
    trustStore: undefined,
    clientCertificates: "none",
    verifiesServers: true,
    allowsWildcards: false,
    versions: ["TLSv1.3", "TLSv1.2"],
    isDebugging: false,
  });
});

Deno.test("client.authType says what clients show and whether servers are checked", () => {
  const table = {
    Default: ["required", true],
    Enabled: ["required", true],
    Want: ["wanted", true],
    Disabled: ["none", true],
    DisabledAll: ["none", false],
  };
  for (const [authType, expected] of Object.entries(table)) {
    const { clientCertificates, verifiesServers } = settingsOf({ client: { authType } });
    assert.deepEqual([clientCertificates, verifiesServers], expected, authType);
  }
});

Deno.test("further certificates follow the first, each with its own password, key and names", () => {
  const { certificates } = settingsOf({
    keyStore: "/certs/first.pem",
    privateKey: "/certs/first.key",
    certificates: [
      { keyStore: "/certs/second.p12", keyStorePassword: "2", domains: ["B.Example", "c.example"] },
      { keyStore: "/certs/third.pem", privateKey: "/certs/third.key" },
    ],
  });
  assert.deepEqual(certificates, [
    { path: "/certs/first.pem", password: "changeit", privateKey: "/certs/first.key" },
    { path: "/certs/second.p12", password: "2", privateKey: undefined, domains: ["b.example", "c.example"] },
    { path: "/certs/third.pem", password: "changeit", privateKey: "/certs/third.key", domains: undefined },
  ]);
});

Deno.test("a trust store has the password of its own, by either spelling of the reference", () => {
  assert.deepEqual(settingsOf({ trustStore: "/a", trustStorePassword: "x" }).trustStore, {
    path: "/a",
    password: "x",
  });
  assert.deepEqual(settingsOf({ trueStore: "/a", trueStorePassword: "x" }).trustStore, {
    path: "/a",
    password: "x",
  });
  assert.deepEqual(settingsOf({ trustStore: "/a" }).trustStore, { path: "/a", password: "changeit" });
});

Deno.test("versions that the runtime does not speak are left out, with a warning that names them", () => {
  const protocols = ["TLSv1.2", "TLSv1.1", "SSLv2Hello"];
  assert.deepEqual(settingsOf({ client: { protocols } }).versions, ["TLSv1.2"]);
  const warnings = tlsWarnings(contextOf({ client: { protocols } }));
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0],
    /spec\.securityContext\.client\.protocols.*TLSv1\.1, SSLv2Hello.*TLSv1\.2 and TLSv1\.3/,
  );
  assert.deepEqual(tlsWarnings(contextOf()), []);
  assert.deepEqual(settingsOf({ client: { protocols: ["TLSv1"] } }).versions, []);
});

Deno.test("relative paths are looked for here, then beside the configuration; what is nowhere stays as written", async () => {
  await using folder = await TemporaryFolder.of({ "store.p12": "", "deno.json": "", "key.pem": "" });
  const { certificates, trustStore } = tlsSettingsOf(
    contextOf({
      keyStore: "store.p12",
      privateKey: "key.pem",
      trustStore: "missing.pem",
      certificates: [{ keyStore: "deno.json" }, { keyStore: folder.pathOf("store.p12") }],
    }),
    folder.path,
  );
  assert.deepEqual(certificates.map(({ path }) => path), [
    folder.pathOf("store.p12"),
    "deno.json",
    folder.pathOf("store.p12"),
  ]);
  assert.deepEqual([certificates[0].privateKey, trustStore?.path], [folder.pathOf("key.pem"), "missing.pem"]);
});
