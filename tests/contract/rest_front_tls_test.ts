/** The HTTP front: certificates of the server and of clients. */
import assert from "node:assert/strict";
import type { TlsSettings } from "../../src/transport/tls/tls_contexts.ts";
import { contractTest, within } from "./served_transport.ts";
import { type Echo, ServedFront } from "./served_front.ts";
import { askWithOpenssl } from "./openssl_client.ts";
import { certificates, identityOf, local, localIdentity, tlsSettings } from "./test_authority.ts";

const known = certificates.issue({ name: "console", clientAuth: true });
const pinned = certificates.selfSigned({ name: "pinned", clientAuth: true });
const stranger = certificates.selfSigned({ name: "stranger", clientAuth: true });
const expired = certificates.issue({ name: "expired", clientAuth: true, days: -1 });
/** An expired certificate in the trust store itself. */
const stale = certificates.selfSigned({ name: "stale", clientAuth: true, days: -1 });
const trustStore = {
  path: certificates.write(
    "trust.pem",
    [certificates.root, pinned, stale].map(({ certificate }) => Deno.readTextFileSync(certificate)).join(""),
  ),
  password: "",
};

function start(changes: Partial<TlsSettings>): Promise<ServedFront> {
  return ServedFront.start({ tls: tlsSettings({ trustStore, ...changes }) });
}

/** Sends a request with a client certificate, or without. */
async function ask(served: ServedFront, shown: typeof known | undefined): Promise<Response> {
  const { authority } = localIdentity;
  const identity = shown && identityOf(shown);
  using client = Deno.createHttpClient({
    caCerts: [authority],
    ...identity && { cert: identity.certificate, key: identity.privateKey },
  });
  const response = await within(fetch(served.url("/"), { client }), "an answer");
  const body = await response.text();
  return new Response(body, { status: response.status });
}

async function subject(served: ServedFront, shown: typeof known | undefined): Promise<string | undefined> {
  const response = await ask(served, shown);
  assert.equal(response.status, 200);
  return (await response.json() as Echo).client.subject;
}

contractTest(
  "HTTPS: a client's certificate that is trusted names it, another one does not, if wanted",
  async () => {
    await using served = await start({ clientCertificates: "wanted" });
    assert.equal(await subject(served, known), "CN=console");
    assert.equal(await subject(served, pinned), "CN=pinned");
    assert.equal(await subject(served, stranger), undefined);
    assert.equal(await subject(served, expired), undefined);
    assert.equal(await subject(served, stale), undefined);
    assert.equal(await subject(served, undefined), undefined);
  },
);

contractTest("HTTPS: who shows no certificate that is trusted is a 403, if one is required", async () => {
  await using served = await start({ clientCertificates: "required" });
  assert.equal(await subject(served, known), "CN=console");
  assert.equal(await subject(served, pinned), "CN=pinned");
  served.requests.length = 0;
  for (const shown of [stranger, expired, stale, undefined]) {
    assert.equal((await ask(served, shown)).status, 403);
  }
  assert.deepEqual(served.requests, []);
});

contractTest("HTTPS: certificates are not looked at if none is asked for", async () => {
  await using served = await start({ clientCertificates: "none" });
  assert.equal(await subject(served, known), undefined);
});

contractTest(
  "HTTPS: a certificate that is replaced on disk is shown from the next connection on",
  async () => {
    const path = certificates.write("replaced.pem", Deno.readFileSync(local.both));
    await using served = await start({ certificates: [{ path, password: "" }] });
    const shown = async () => (await askWithOpenssl({ address: "127.0.0.1", port: served.port }, [])).subject;
    assert.equal(await shown(), "local");
    Deno.copyFileSync(known.both, path);
    assert.equal(await shown(), "console");
  },
);

contractTest("HTTPS: a PKCS#12 store will do, and a version that is not allowed will not", async () => {
  const path = certificates.toPkcs12(local, "a secret");
  await using served = await start({ certificates: [{ path, password: "a secret" }], versions: ["TLSv1.3"] });
  const place = { address: "127.0.0.1", port: served.port };
  assert.equal((await askWithOpenssl(place, [])).version, "TLSv1.3");
  assert.equal((await askWithOpenssl(place, ["-tls1_2"])).version, undefined);
  assert.equal((await served.echo("/")).method, "GET");
});

contractTest(
  "HTTPS: a key store that cannot be used is why the front does not start, without its password",
  async () => {
    const path = certificates.toPkcs12(local, "right");
    const failure = (source: { path: string; password: string }) =>
      start({ certificates: [source] }).then(() => "", (error: Error) => error.message);
    const wrong = await failure({ path, password: "a wrong secret" });
    assert.ok(wrong.includes(path), wrong);
    assert.doesNotMatch(wrong, /secret/);
    assert.match(await failure({ path: "/no/such/store.jks", password: "" }), /\/no\/such\/store\.jks/);
  },
);
