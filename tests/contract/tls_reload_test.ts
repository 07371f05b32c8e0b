/** Certificates that are replaced on disk, and stores that cannot be used. */
import assert from "node:assert/strict";
import { KeyStoreError } from "../../src/transport/tls/key_store_error.ts";
import type { TlsContexts } from "../../src/transport/tls/tls_contexts.ts";
import { createConnectionTransport } from "../../src/transport/transport_factory.ts";
import type { TestCertificate } from "../support/certificates.ts";
import { tls } from "./harnesses.ts";
import { LIMITS } from "./limits.ts";
import { askWithOpenssl } from "./openssl_client.ts";
import { tlsPeers, tlsPeersShowing } from "./peers/tls_peers.ts";
import { contractTest, failureOf, message, Peers, ServedTransport, within } from "./served_transport.ts";
import { certificates, identityOf, local, localIdentity, tlsContexts } from "./test_authority.ts";

const PASSWORD = "a secret that nobody may read";

const [first, second] = ["first.example", "second.example"].map((name) =>
  certificates.issue({ name, dnsNames: [name, "both.example"], clientAuth: true })
);

function listen(contexts: TlsContexts): Promise<ServedTransport> {
  return ServedTransport.listen({
    ...tls,
    create: (place, limits) =>
      createConnectionTransport({ ...place, protocol: "tls" }, { ...LIMITS, ...limits }, contexts),
  });
}

/** A copy that can be replaced. */
function copyOf(path: string): string {
  return certificates.write("replaced.pem", Deno.readFileSync(path));
}

async function subject(served: ServedTransport): Promise<string | undefined> {
  return (await askWithOpenssl(served.transport, ["-servername", "both.example"])).subject;
}

for (
  const [how, replace] of Object.entries({
    "written over": (path: string, { both }: TestCertificate) => Deno.copyFileSync(both, path),
    "moved there": (path: string, { both }: TestCertificate) => Deno.renameSync(copyOf(both), path),
  })
) {
  contractTest(`TLS: a certificate that is ${how} is shown from the next connection on`, async () => {
    const path = copyOf(first.both);
    await using served = await listen(tlsContexts({ certificates: [{ path, password: "" }] }));
    assert.equal(await subject(served), "first.example");
    replace(path, second);
    assert.equal(await subject(served), "second.example");
    replace(path, first);
    assert.equal(await subject(served), "first.example");
  });
}

contractTest(
  "TLS: what replaces a certificate and is none leaves the old one in use, until a good one comes",
  async () => {
    const path = copyOf(first.both);
    await using served = await listen(tlsContexts({ certificates: [{ path, password: "" }] }));
    const bad = [
      () => Deno.writeTextFileSync(path, "no certificate"),
      () => Deno.writeTextFileSync(path, ""),
      () => Deno.copyFileSync(second.certificate, path),
      () => Deno.removeSync(path),
      () =>
        Deno.writeTextFileSync(
          path,
          Deno.readTextFileSync(first.privateKey) + Deno.readTextFileSync(second.chain),
        ),
    ];
    for (const spoil of bad) {
      spoil();
      assert.equal(await subject(served), "first.example");
    }
    Deno.copyFileSync(second.both, path);
    assert.equal(await subject(served), "second.example");
  },
);

contractTest("TLS: open connections outlive the certificate they were made with", async () => {
  const path = copyOf(local.both);
  await using served = await listen(tlsContexts({ certificates: [{ path, password: "" }] }));
  using peers = new Peers(tls);
  const peer = await peers.connect(served);
  await peer.write(message(1));
  await served.firstFlow();
  Deno.copyFileSync(second.both, path);
  assert.equal(await subject(served), "second.example");
  await peer.write(message(2));
  await served.until(() => served.messages.length === 2, "a message on the old connection");
});

contractTest("TLS: certificate and key in two files are replaced one after the other", async () => {
  const [path, privateKey] = [copyOf(first.chain), copyOf(first.privateKey)];
  await using served = await listen(tlsContexts({ certificates: [{ path, password: "", privateKey }] }));
  Deno.copyFileSync(second.chain, path);
  assert.equal(await subject(served), "first.example");
  Deno.copyFileSync(second.privateKey, privateKey);
  assert.equal(await subject(served), "second.example");
});

contractTest(
  "TLS: a trust store that is replaced is in use for the next connection, in and out",
  async () => {
    const stranger = certificates.selfSigned({ name: "Another root" });
    const path = copyOf(stranger.certificate);
    const contexts = tlsContexts({ clientCertificates: "required", trustStore: { path, password: "" } });
    await using served = await listen(contexts);
    using clients = new Peers({ ...tls, peers: tlsPeersShowing(localIdentity.authority, identityOf(first)) });
    using servers = new Peers({ ...tls, peers: tlsPeers(localIdentity) });
    const listener = servers.listen();
    const flowTo = () => served.transport.flowTo(listener.address, listener.port);

    await clients.connect(served);
    await served.until(() => served.violations.length === 1, "that a stranger is refused");
    const refused = failureOf(flowTo(), message(1));
    await servers.accept(listener);
    assert.notEqual(await refused, "");

    Deno.copyFileSync(certificates.root.certificate, path);
    await (await clients.connect(served)).write(message("in"));
    await served.firstFlow();
    flowTo().send(message("out"));
    assert.equal(await within((await servers.accept(listener)).readMessage(), "a message"), message("out"));
  },
);

contractTest("TLS: what was no good when it was read first is read again", async () => {
  const [path, trusted] = [certificates.write("later.pem", "-"), certificates.write("later.pem", "-")];
  const contexts = tlsContexts({
    certificates: [{ path, password: "" }],
    trustStore: { path: trusted, password: "" },
  });
  await assert.rejects(contexts.prepareServer(), KeyStoreError);
  await assert.rejects(contexts.clientOptions(), KeyStoreError);
  Deno.copyFileSync(certificates.root.certificate, trusted);
  Deno.copyFileSync(first.both, path);
  await using served = await listen(contexts);
  assert.equal(await subject(served), "first.example");
  assert.equal((await contexts.clientOptions()).cert, Deno.readTextFileSync(first.chain));
});

const UNUSABLE: Readonly<Record<string, () => { path: string; password: string; privateKey?: string }>> = {
  "no file": () => ({ path: `${certificates.folder}/nowhere.p12`, password: PASSWORD }),
  "a wrong password": () => ({ path: certificates.toPkcs12(first, "another"), password: PASSWORD }),
  "a key that does not fit": () => ({ path: first.chain, password: PASSWORD, privateKey: second.privateKey }),
  "a certificate without key": () => ({ path: first.certificate, password: PASSWORD }),
  "a key without certificate": () => ({ path: first.privateKey, password: PASSWORD }),
};

for (const [what, make] of Object.entries(UNUSABLE)) {
  contractTest(`TLS: with ${what} the start fails and names the file, not the password`, async () => {
    const source = make();
    await assert.rejects(listen(tlsContexts({ certificates: [source] })), (error: Error) => {
      assert.ok(
        error.message.includes(source.path) || error.message.includes(String(source.privateKey)),
        error.message,
      );
      assert.ok(!error.message.includes(PASSWORD));
      return true;
    });
  });
}

contractTest("TLS: our own certificate is shown to servers that ask", async () => {
  await using served = await listen(tlsContexts({ clientCertificates: "required" }));
  await using caller = await listen(tlsContexts({ certificates: [{ path: first.both, password: "" }] }));
  const flow = caller.transport.flowTo(served.transport.address, served.transport.port);
  flow.send(message(1));
  await served.until(() => served.messages.length + served.violations.length > 0, "a verdict");
  assert.deepEqual([served.texts, served.violations], [[message(1)], []]);
});
