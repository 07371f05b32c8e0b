import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { isFor, namesOf } from "../../../../src/transport/tls/certificate_names.ts";
import { type CertificateOptions, openssl, TestCertificates } from "../../../support/certificates.ts";

function bytesOf(path: string): Uint8Array {
  return new X509Certificate(Deno.readTextFileSync(path)).raw;
}

/** The names in a certificate made for these. */
function names(options: Partial<CertificateOptions>) {
  using certificates = new TestCertificates();
  return namesOf(bytesOf(certificates.issue({ name: "Common.Example", ...options }).certificate));
}

/** The names in a certificate with these lines of openssl's `[names]` section. */
function namesOfLines(lines: string) {
  using certificates = new TestCertificates();
  const configuration = certificates.write(
    "names.cnf",
    `[req]\ndistinguished_name=name\n[name]\n[extensions]\nsubjectAltName=@names\n[names]\n${lines}\n`,
  );
  const [privateKey, certificate] = [certificates.write("key", ""), certificates.write("crt", "")];
  openssl([
    ...["req", "-x509", "-config", configuration, "-extensions", "extensions", "-subj", "/CN=x", "-noenc"],
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", privateKey, "-out", certificate],
  ]);
  return namesOf(bytesOf(certificate));
}

Deno.test("RFC 5922 §7.1: SIP URIs come before DNS names, those before the common name", () => {
  const [uriNames, dnsNames] = [["sip:Uri.Example", "https://web.example/"], [
    "Dns.Example",
    "*.wild.example",
  ]];
  assert.deepEqual(names({ uriNames, dnsNames }).domains, ["uri.example"]);
  assert.deepEqual(names({ uriNames: ["https://web.example"], dnsNames }).domains, [
    "dns.example",
    "*.wild.example",
  ]);
  assert.deepEqual(names({ dnsNames }).domains, ["dns.example", "*.wild.example"]);
  assert.deepEqual(names({}), { domains: ["common.example"], addresses: [] });
});

Deno.test("RFC 5922 §7.1: with alternative names of any kind, the common name counts no more", () => {
  assert.deepEqual(names({ uriNames: ["https://web.example"] }).domains, []);
  assert.deepEqual(names({ ipAddresses: ["192.0.2.1"] }), { domains: [], addresses: ["192.0.2.1"] });
});

Deno.test("RFC 5922 §7.1: a URI with a user part is no domain; of others, the host counts", () => {
  assert.deepEqual(names({ uriNames: ["sip:alice@a.example"] }).domains, []);
  assert.deepEqual(names({ uriNames: ["sip:a.example:5061"] }).domains, ["a.example"]);
  assert.deepEqual(namesOfLines("URI=sip:a.example;transport=tls").domains, ["a.example"]);
});

Deno.test("addresses are the same however they are written", () => {
  const found = names({ ipAddresses: ["192.0.2.1", "2001:db8::1"] });
  for (const host of ["192.0.2.1", "[2001:db8::1]", "[2001:DB8:0:0:0:0:0:1]", "[2001:0db8:0::0:1]"]) {
    assert.equal(isFor(found, host, false), true, host);
  }
  for (const host of ["192.0.2.2", "[2001:db8::2]", "[::1]", "2001", ""]) {
    assert.equal(isFor(found, host, false), false, host);
  }
});

Deno.test("a name is no further than its own field, whatever characters it has", () => {
  const lines = "URI=http://x.example/, DNS:bank.example, IP Address:192.0.2.1, y\nDNS=good.example";
  assert.deepEqual(namesOfLines(lines), { domains: ["good.example"], addresses: [] });
  assert.deepEqual(namesOfLines("email=a@mail.example\nRID=1.2.3.4").domains, []);
});

Deno.test("RFC 5922 §7.2: names are compared whole and in any case; a wildcard is one where it is allowed", () => {
  const found = { domains: ["a.example", "*.b.example"], addresses: [] };
  const table: readonly [string, boolean, boolean][] = [
    ["a.example", true, true],
    ["A.EXAMPLE", true, true],
    ["sip.a.example", false, false],
    ["example", false, false],
    ["a.example.", false, false],
    ["sip.b.example", false, true],
    ["SIP.B.Example", false, true],
    ["b.example", false, false],
    ["x.sip.b.example", false, false],
    [".b.example", false, false],
    ["", false, false],
  ];
  for (const [host, plain, withWildcards] of table) {
    assert.equal(isFor(found, host, false), plain, host);
    assert.equal(isFor(found, host, true), withWildcards, host);
  }
});

Deno.test("a certificate that is broken anywhere has fewer names, and nothing is thrown", () => {
  using certificates = new TestCertificates();
  const whole = bytesOf(
    certificates.issue({
      name: "a.example",
      dnsNames: ["a.example"],
      uriNames: ["sip:a.example"],
      ipAddresses: ["::1"],
    }).certificate,
  );
  assert.deepEqual(namesOf(new Uint8Array()), { domains: [], addresses: [] });
  for (let at = 0; at < whole.length; at++) {
    namesOf(whole.subarray(0, at));
    for (const value of [0x00, 0x80, 0x84, 0xff]) {
      const broken = Uint8Array.from(whole);
      broken[at] = value;
      const { domains } = namesOf(broken);
      assert.ok(domains.every((name) => name.length <= 9), domains.join());
    }
  }
});

Deno.test("hosts that are none are nobody's", () => {
  const found = { domains: ["a.example"], addresses: ["[::1]"] };
  for (const host of ["[", "[]", "[zz]", "[fe80::1%eth0]", "a b", "\0"]) {
    assert.equal(isFor(found, host, true), false, host);
  }
});
