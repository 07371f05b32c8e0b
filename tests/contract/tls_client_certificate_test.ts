/** Certificates of clients (`client.authType`). */
import assert from "node:assert/strict";
import { createConnectionTransport } from "../../src/transport/transport_factory.ts";
import type { TlsSettings } from "../../src/transport/tls/tls_contexts.ts";
import type { TestCertificate } from "../support/certificates.ts";
import { tls } from "./harnesses.ts";
import { LIMITS } from "./limits.ts";
import { tlsPeersShowing } from "./peers/tls_peers.ts";
import { contractTest, LOOPBACK, message, Peers, ServedTransport } from "./served_transport.ts";
import { certificates, identityOf, localIdentity, tlsContexts } from "./test_authority.ts";

const names = { dnsNames: ["client.example"], clientAuth: true };
const pinned = certificates.selfSigned({ name: "pinned.example", ...names });
const trust = certificates.write(
  "trust.pem",
  Deno.readTextFileSync(certificates.root.certificate) + Deno.readTextFileSync(pinned.certificate),
);
const stale = certificates.selfSigned({ name: "stale.example", ...names, days: -1 });
const trustOfStale = certificates.write("stale.pem", Deno.readTextFileSync(stale.certificate));

const CLIENTS: Readonly<Record<string, TestCertificate | undefined>> = {
  "no certificate": undefined,
  "one that the authority signed": certificates.issue({ name: "client.example", ...names }),
  "one below a second authority": certificates.issue({
    name: "client.example",
    ...names,
    ca: certificates.authority({ name: "Second authority" }),
  }),
  "a pinned one that signs itself": pinned,
  "one that signs itself": certificates.selfSigned({ name: "stranger.example", ...names }),
  "one of an unknown authority": certificates.issue({
    name: "client.example",
    ...names,
    ca: certificates.selfSigned({ name: "Unknown" }),
  }),
  "one that has expired": certificates.issue({ name: "client.example", ...names, days: -1 }),
  "one that is not valid yet": certificates.issue({ name: "client.example", ...names, startsInDays: 1 }),
  "one for servers only": certificates.issue({ name: "server.example", dnsNames: ["server.example"] }),
};

const GOOD = new Set([
  "one that the authority signed",
  "one below a second authority",
  "a pinned one that signs itself",
]);

function listen(changes: Partial<TlsSettings>): Promise<ServedTransport> {
  const contexts = tlsContexts({ trustStore: { path: trust, password: "" }, ...changes });
  const create: typeof tls.create = (place, limits) =>
    createConnectionTransport({ ...place, protocol: "tls" }, { ...LIMITS, ...limits }, contexts);
  return ServedTransport.listen({ ...tls, create }, LOOPBACK);
}

function showing(certificate: TestCertificate | undefined) {
  return { ...tls, peers: tlsPeersShowing(localIdentity.authority, certificate && identityOf(certificate)) };
}

/** A client with this certificate is served. */
async function isServed(served: ServedTransport, certificate: TestCertificate | undefined): Promise<boolean> {
  using peers = new Peers(showing(certificate));
  const peer = await peers.connect(served);
  await peer.write(message(1)).catch(() => {});
  await served.until(() => served.messages.length + served.violations.length > 0, "a verdict");
  return served.messages.length > 0;
}

for (const [what, certificate] of Object.entries(CLIENTS)) {
  for (const clientCertificates of ["required", "wanted", "none"] as const) {
    const expected = clientCertificates !== "required" || GOOD.has(what);
    contractTest(
      `TLS: client certificates ${clientCertificates}: ${what} is ${expected ? "served" : "refused"}`,
      async () => {
        await using served = await listen({ clientCertificates });
        assert.equal(await isServed(served, certificate), expected);
        const counts = [served.opened.length, served.violations.length];
        assert.deepEqual(counts, expected ? [1, 0] : [0, 1], served.violations.join("\n"));
      },
    );
  }
}

contractTest("TLS: a pinned certificate that has expired is refused", async () => {
  await using served = await listen({
    clientCertificates: "required",
    trustStore: { path: trustOfStale, password: "" },
  });
  assert.equal(await isServed(served, stale), false);
});

contractTest(
  "TLS: nobody's certificate can be checked without a trust store, and the start says so",
  async () => {
    for (const clientCertificates of ["required", "wanted"] as const) {
      await assert.rejects(listen({ clientCertificates, trustStore: undefined }), /trustStore/);
    }
  },
);

/** Reports whether requests for `domain` at port 5061 use the client's own connection (RFC 5923). */
async function isAlias(served: ServedTransport, domain: string): Promise<boolean> {
  const flow = await served.firstFlow();
  flow.addAlias?.(5061);
  const { transport } = served;
  const found = transport.flowTo(flow.remoteAddress, 5061, domain);
  return found === flow;
}

contractTest(
  "TLS: RFC 5923: a good client certificate makes its connection an alias for its names only",
  async () => {
    for (
      const [what, expected] of [["one that the authority signed", true], [
        "one that signs itself",
        false,
      ]] as const
    ) {
      await using served = await listen({ clientCertificates: "wanted", isDebugging: true });
      using peers = new Peers(showing(CLIENTS[what]));
      await (await peers.connect(served)).write(message(1));
      assert.equal(await isAlias(served, "client.example"), expected, what);
      assert.equal(await isAlias(served, "other.example"), false, what);
    }
  },
);
