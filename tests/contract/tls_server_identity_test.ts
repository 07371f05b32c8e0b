/** The identity of servers (RFC 5922); refused servers learn nothing. */
import assert from "node:assert/strict";
import type { TlsSettings } from "../../src/transport/tls/tls_contexts.ts";
import { createConnectionTransport } from "../../src/transport/transport_factory.ts";
import { type CertificateOptions, openssl, type TestCertificate } from "../support/certificates.ts";
import { tls } from "./harnesses.ts";
import { LIMITS } from "./limits.ts";
import { tlsPeers } from "./peers/tls_peers.ts";
import { contractTest, failureOf, message, Peers, ServedTransport, within } from "./served_transport.ts";
import { certificates, identityOf, tlsContexts } from "./test_authority.ts";

interface Case {
  readonly what: string;
  readonly certificate: CertificateOptions | TestCertificate;
  /** The domain of the connection; by default the address 127.0.0.1. */
  readonly domain?: string;
  readonly isGood: boolean;
  readonly settings?: Partial<TlsSettings>;
}

const intermediate = certificates.authority({ name: "Intermediate" });
const stranger = certificates.selfSigned({ name: "a.example", dnsNames: ["a.example"] });
const sipUri = { name: "x", uriNames: ["sip:a.example"] };
const wildcard = { name: "x", dnsNames: ["*.a.example"] };

const misleading = misleadingCertificate();

const CASES: readonly Case[] = [
  { what: "its SIP URI", certificate: sipUri, domain: "a.example", isGood: true },
  { what: "its SIP URI in other case", certificate: sipUri, domain: "A.Example", isGood: true },
  {
    what: "one of several URIs",
    certificate: { name: "x", uriNames: ["https://x.example", "sip:b.example", "sip:a.example"] },
    domain: "a.example",
    isGood: true,
  },
  {
    what: "a DNS name beside a SIP URI for another (§7.1)",
    certificate: { name: "x", uriNames: ["sip:b.example"], dnsNames: ["a.example"] },
    domain: "a.example",
    isGood: false,
  },
  {
    what: "a SIP URI of a person (§7.1)",
    certificate: { name: "x", uriNames: ["sip:alice@a.example"] },
    domain: "a.example",
    isGood: false,
  },
  {
    what: "a SIP URI with a port",
    certificate: { name: "x", uriNames: ["sip:a.example:5061"] },
    domain: "a.example",
    isGood: true,
  },
  {
    what: "a URI that holds the text of another name",
    certificate: misleading,
    domain: "a.example",
    isGood: false,
    settings: { trustStore: { path: misleading.certificate, password: "" } },
  },
  {
    what: "its DNS name",
    certificate: { name: "x", dnsNames: ["a.example"] },
    domain: "a.example",
    isGood: true,
  },
  {
    what: "one of several DNS names",
    certificate: { name: "x", dnsNames: ["b.example", "a.example"] },
    domain: "a.example",
    isGood: true,
  },
  { what: "the common name alone", certificate: { name: "a.example" }, domain: "a.example", isGood: true },
  {
    what: "the common name beside another DNS name",
    certificate: { name: "a.example", dnsNames: ["b.example"] },
    domain: "a.example",
    isGood: false,
  },
  { what: "a wildcard (§7.2)", certificate: wildcard, domain: "sip.a.example", isGood: false },
  {
    what: "a wildcard that is allowed",
    certificate: wildcard,
    domain: "sip.a.example",
    isGood: true,
    settings: { allowsWildcards: true },
  },
  {
    what: "a wildcard for two labels",
    certificate: wildcard,
    domain: "x.sip.a.example",
    isGood: false,
    settings: { allowsWildcards: true },
  },
  {
    what: "a wildcard for no label",
    certificate: wildcard,
    domain: "a.example",
    isGood: false,
    settings: { allowsWildcards: true },
  },
  { what: "its address", certificate: { name: "x", ipAddresses: ["127.0.0.1"] }, isGood: true },
  { what: "another address", certificate: { name: "x", ipAddresses: ["127.0.0.2"] }, isGood: false },
  {
    what: "the address, not the domain",
    certificate: { name: "x", ipAddresses: ["127.0.0.1"] },
    domain: "a.example",
    isGood: false,
  },
  {
    what: "a domain, not the address",
    certificate: { name: "x", dnsNames: ["a.example"] },
    isGood: false,
  },
  {
    what: "another domain",
    certificate: { name: "x", dnsNames: ["a.example.evil.example"] },
    domain: "a.example",
    isGood: false,
  },
  {
    what: "the domain, through a second authority",
    certificate: { ...sipUri, ca: intermediate },
    domain: "a.example",
    isGood: true,
  },
  {
    what: "the domain, but expired",
    certificate: { ...sipUri, days: -1 },
    domain: "a.example",
    isGood: false,
  },
  {
    what: "the domain, but not valid yet",
    certificate: { ...sipUri, startsInDays: 1 },
    domain: "a.example",
    isGood: false,
  },
  { what: "the domain, signed by itself", certificate: stranger, domain: "a.example", isGood: false },
  {
    what: "the domain, signed by itself and in the trust store",
    certificate: stranger,
    domain: "a.example",
    isGood: true,
    settings: { trustStore: { path: stranger.certificate, password: "" } },
  },
  {
    what: "the domain, of an unknown authority",
    certificate: { ...sipUri, ca: certificates.selfSigned({ name: "Unknown" }) },
    domain: "a.example",
    isGood: false,
  },
  {
    what: "the domain, of an authority that is in no trust store",
    certificate: sipUri,
    domain: "a.example",
    isGood: false,
    settings: { trustStore: undefined },
  },
  {
    what: "nobody, and DisabledAll",
    certificate: { ...sipUri, days: -1, ca: certificates.selfSigned({ name: "Unknown" }) },
    domain: "nobody.example",
    isGood: true,
    settings: { verifiesServers: false },
  },
];

/** Signs itself, with a URI that reads like a DNS name when all names are written in one line. */
function misleadingCertificate(): TestCertificate {
  const configuration = certificates.write(
    "misleading.cnf",
    "[req]\ndistinguished_name=name\n[name]\n[extensions]\nsubjectAltName=@names\n" +
      "[names]\nURI=http://x.example/, DNS:a.example, IP Address:zz:zz, y\n",
  );
  const [privateKey, certificate] = [certificates.write("m.key", ""), certificates.write("m.crt", "")];
  openssl([
    ...["req", "-x509", "-config", configuration, "-extensions", "extensions", "-subj", "/CN=x", "-noenc"],
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", privateKey, "-out", certificate],
  ]);
  return { name: "x", certificate, privateKey, chain: certificate, both: certificate };
}

function listen(settings: Partial<TlsSettings> = {}): Promise<ServedTransport> {
  const contexts = tlsContexts(settings);
  return ServedTransport.listen({
    ...tls,
    create: (place, limits) =>
      createConnectionTransport({ ...place, protocol: "tls" }, { ...LIMITS, ...limits }, contexts),
  });
}

function isMade(certificate: Case["certificate"]): certificate is TestCertificate {
  return "privateKey" in certificate;
}

for (const { what, certificate: wanted, domain, isGood, settings } of CASES) {
  contractTest(`TLS: a server's certificate is for ${what}: ${isGood ? "good" : "refused"}`, async () => {
    const certificate = isMade(wanted) ? wanted : certificates.issue(wanted);
    await using served = await listen(settings);
    using servers = new Peers({ ...tls, peers: tlsPeers(identityOf(certificate)) });
    const listener = servers.listen();
    const flow = served.transport.flowTo(listener.address, listener.port, domain);
    const accepted = servers.accept(listener);
    if (isGood) {
      flow.send(message(1));
      assert.equal(await within((await accepted).readMessage(), "a message"), message(1));
      return;
    }
    const reasons = await Promise.all([failureOf(flow, message(1)), failureOf(flow, message(2))]);
    assert.ok(reasons.every((reason) => reason.startsWith("TLS handshake with ")), reasons.join());
    assert.equal(await (await accepted).readBytes(1), "", "nothing reaches a server that is refused");
    assert.equal(flow.isOpen, false);
    await served.until(() => served.closed.length === 1, "onFlowClosed");
  });
}

contractTest("TLS: why a certificate was refused is said, with both names", async () => {
  await using served = await listen();
  const certificate = certificates.issue({ name: "x", dnsNames: ["b.example"] });
  using servers = new Peers({ ...tls, peers: tlsPeers(identityOf(certificate)) });
  const listener = servers.listen();
  const failure = failureOf(
    served.transport.flowTo(listener.address, listener.port, "a.example"),
    message(1),
  );
  await servers.accept(listener);
  assert.match(await failure, /b\.example.*a\.example/);
});

contractTest(
  "TLS: connections to one address for two domains are two, each with its server name",
  async () => {
    await using served = await listen({ verifiesServers: true });
    const certificate = certificates.issue({ name: "x", dnsNames: ["a.example", "b.example"] });
    using servers = new Peers({ ...tls, peers: tlsPeers(identityOf(certificate)) });
    const listener = servers.listen();
    const flowTo = (domain?: string) => served.transport.flowTo(listener.address, listener.port, domain);
    const [a, b] = [flowTo("a.example"), flowTo("b.example")];
    assert.notEqual(a, b);
    assert.deepEqual([flowTo("a.example"), flowTo("b.example")], [a, b]);
    assert.deepEqual([a.domain, b.domain], ["a.example", "b.example"]);
    a.send(message("for a"));
    b.send(message("for b"));
    const texts = [];
    for (let i = 0; i < 2; i++) {
      const server = await servers.accept(listener);
      texts.push(await within(server.readMessage(), "a message"));
    }
    assert.deepEqual(texts.sort(), [message("for a"), message("for b")]);
  },
);

contractTest("TLS: names of domains are the same in any case", async () => {
  await using served = await listen();
  using servers = new Peers({ ...tls, peers: tlsPeers(identityOf(certificates.issue({ ...sipUri }))) });
  const listener = servers.listen();
  const flow = served.transport.flowTo(listener.address, listener.port, "a.example");
  assert.equal(served.transport.flowTo(listener.address, listener.port, "A.EXAMPLE"), flow);
  await servers.accept(listener);
});
