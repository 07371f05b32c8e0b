import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { ensureCertificate, selfSignedCertificate } from "../../../../src/rest/access/self_signed.ts";
import { openssl } from "../../../support/certificates.ts";
import { TemporaryFolder } from "../../data/temporary_folder.ts";

const DAY_MS = 86_400_000;
const NAMES = ["999.1.1.1", "my_host", "localhost", "sip.example.com", "127.0.0.1", "::1", "2001:db8::7"];
const FILE = "api-cert.pem";

const now = Date.now();
const { certificate, key } = await selfSignedCertificate(NAMES, now);
const modeOf = async (path: string) => (await Deno.stat(path)).mode! & 0o777;

Deno.test("the certificate names the host and its addresses, for two years, with a key of RSA 2048", () => {
  const parsed = new X509Certificate(certificate);
  assert.equal(
    parsed.subjectAltName,
    "DNS:999.1.1.1, DNS:my_host, DNS:localhost, DNS:sip.example.com, IP Address:127.0.0.1, IP Address:::1, IP Address:2001:db8::7",
  );
  assert.equal(parsed.subject, "CN=routr REST service");
  assert.equal(parsed.ca, false);
  const days = (Date.parse(parsed.validTo) - now) / DAY_MS;
  assert.ok(days > 729 && days <= 730, `${days} days`);
  assert.ok(Date.parse(parsed.validFrom) < now);
  assert.equal(parsed.checkPrivateKey(createPrivateKey(key)), true);
  assert.match(openssl(["pkey", "-in", pathOf(key), "-noout", "-text"]), /2048 bit/);
});

Deno.test("trusting the certificate is enough to trust the service, by openssl and by fetch", async () => {
  const path = pathOf(certificate);
  assert.match(openssl(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", path, path]), /: OK/);
  const server = createServer({ cert: certificate, key }, (_, response) => void response.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    using client = Deno.createHttpClient({ caCerts: [certificate] });
    const response = await fetch(`https://localhost:${port}/`, { client });
    assert.equal(await response.text(), "hello");
    assert.equal(await getByNode(port), 200);
  } finally {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
});

function getByNode(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, ca: certificate, agent: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    }).on("error", reject).end();
  });
}

Deno.test("no two certificates have the same number or key", async () => {
  const other = await selfSignedCertificate(NAMES, now);
  assert.notEqual(
    new X509Certificate(other.certificate).serialNumber,
    new X509Certificate(certificate).serialNumber,
  );
  assert.notEqual(other.key, key);
});

Deno.test("names that no certificate can hold are left out, and duplicates too", async () => {
  const none = [
    "",
    ".",
    "büro",
    "a b",
    "-a",
    "a-",
    "a..b",
    "a.",
    "*",
    "x".repeat(64),
    `${"x.".repeat(126)}xx`,
  ];
  const names = [...none, "fe80::1%eth0", "fe80::1%eth1", "my_host", "1234", "a-b.c", "a-b.c"];
  const { certificate } = await selfSignedCertificate(names);
  assert.equal(
    new X509Certificate(certificate).subjectAltName,
    "IP Address:fe80::1, DNS:my_host, DNS:1234, DNS:a-b.c",
  );
});

Deno.test("at the first start key and certificate are written, for their owner only, and stay", async () => {
  await using folder = await TemporaryFolder.of({});
  const directory = folder.pathOf("state/routr");
  const path = await ensureCertificate(directory, NAMES);
  assert.equal(path, folder.pathOf(`state/routr/${FILE}`));
  assert.equal(await modeOf(path), 0o600);
  const text = await Deno.readTextFile(path);
  assert.match(text, /-----BEGIN CERTIFICATE-----[^]+-----BEGIN PRIVATE KEY-----/);
  assert.equal(await ensureCertificate(directory, ["elsewhere.example.com"]), path);
  assert.equal(await Deno.readTextFile(path), text);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name), [FILE]);
});

Deno.test("a certificate that is damaged, about to expire, or not valid yet is replaced", async () => {
  const good = certificate + key;
  const other = (await selfSignedCertificate(NAMES, now)).key;
  const cases: [what: string, text: string, at: number][] = [
    ["empty", "", now],
    ["without a key", certificate, now],
    ["without a certificate", key, now],
    ["cut off", good.slice(0, -60), now],
    ["with another key", certificate + other, now],
    ["about to end", good, now + 701 * DAY_MS],
    ["over", good, now + 1000 * DAY_MS],
    ["of a clock that was ahead", good, now - 2 * DAY_MS],
  ];
  for (const [what, text, at] of cases) {
    await using folder = await TemporaryFolder.of({ [FILE]: text });
    const made = await Deno.readTextFile(await ensureCertificate(folder.path, NAMES, at));
    assert.notEqual(made, text, what);
    assert.equal(await modeOf(folder.pathOf(FILE)), 0o600, what);
    const parsed = new X509Certificate(made);
    assert.ok(Math.abs(Date.parse(parsed.validTo) - at - 730 * DAY_MS) < DAY_MS, what);
  }
  await using folder = await TemporaryFolder.of({ [FILE]: good });
  await ensureCertificate(folder.path, NAMES, now + 699 * DAY_MS);
  assert.equal(await Deno.readTextFile(folder.pathOf(FILE)), good);
});

/** Writes a temporary file, which is removed at the end of the process. */
function pathOf(text: string): string {
  const path = Deno.makeTempFileSync({ prefix: "routr_test_", suffix: ".pem" });
  addEventListener("unload", () => Deno.removeSync(path));
  Deno.writeTextFileSync(path, text);
  return path;
}
