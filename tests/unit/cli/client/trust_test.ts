/** Trust of the client in servers; others get no request. */
import assert from "node:assert/strict";
import { TestCertificates } from "../../../support/certificates.ts";
import { ClientHome } from "./client_run.ts";
import { FakeService } from "./fake_service.ts";

const ANSWERS = {
  "GET /credentials": () => new Response("h.p.s"),
  "GET /system/status": () => Response.json({ status: "Up", message: "up", data: "up", result: "up" }),
  "GET /agents": () => [],
};
const LOGIN = ["-u", "admin", "-p", "secret"];

interface Pair {
  readonly certificate: string;
  readonly privateKey: string;
}

function service({ certificate, privateKey }: Pair, port = 0): FakeService {
  return new FakeService(ANSWERS, {
    cert: Deno.readTextFileSync(certificate),
    key: Deno.readTextFileSync(privateKey),
    port,
  });
}

Deno.test("A certificate of an authority that --cacert names is trusted, and no other", async () => {
  using certificates = new TestCertificates();
  await using there = service(certificates.issue({ name: "routr", ipAddresses: ["127.0.0.1"] }));
  await using home = await ClientHome.create();
  const refused = await home.run(["login", there.origin, ...LOGIN]);
  assert.equal(refused.status, 1);
  assert.match(refused.err, /^routr: Cannot trust https:\S+: nobody known has signed its certificate/);
  assert.deepEqual(there.calls, []);
  const { certificate } = certificates.root;
  assert.equal((await home.run(["login", there.origin, ...LOGIN, "--cacert", certificate])).status, 0);
  // The trust is kept.
  assert.equal((await home.run(["get", "agents"])).status, 0);
  assert.equal((await home.run(["get", "agents", "--cacert", certificate])).status, 0);
});

Deno.test("A certificate for another name is refused, whatever its signer", async () => {
  using certificates = new TestCertificates();
  await using there = service(certificates.issue({ name: "routr", dnsNames: ["pbx.example"] }));
  await using home = await ClientHome.create();
  const refused = await home.run([
    "login",
    there.origin,
    ...LOGIN,
    "--cacert",
    certificates.root.certificate,
  ]);
  assert.equal(refused.status, 1);
  assert.match(refused.err, /does not match/);
  assert.deepEqual(there.calls, []);
});

Deno.test("An authority that is trusted since the login still has to sign for the right name", async () => {
  using certificates = new TestCertificates();
  const [right, wrong] = [
    certificates.issue({ name: "routr", ipAddresses: ["127.0.0.1"] }),
    certificates.issue({ name: "other", dnsNames: ["other.example"] }),
  ];
  await using home = await ClientHome.create();
  let port: number;
  {
    await using there = service(right);
    port = there.port;
    const args = ["login", there.origin, ...LOGIN, "--cacert", certificates.root.certificate];
    assert.equal((await home.run(args)).status, 0);
  }
  await using imposter = service(wrong, port);
  const refused = await home.run(["get", "agents"]);
  assert.equal(refused.status, 1);
  assert.match(refused.err, /does not match/);
  assert.deepEqual(imposter.calls, []);
});

Deno.test("A self-signed certificate is trusted from the login on, after a confirmation", async () => {
  using certificates = new TestCertificates();
  // The name may differ: the server may not know its own address.
  await using there = service(certificates.selfSigned({ name: "routr", dnsNames: ["pbx.example"] }));
  await using home = await ClientHome.create();

  const declined = await home.run(["login", there.origin, ...LOGIN], { answers: ["no"] });
  assert.equal(declined.status, 1);
  assert.match(declined.err, /(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/);
  assert.deepEqual(there.calls, []);

  assert.equal((await home.run(["login", there.origin, ...LOGIN], { answers: ["yes"] })).status, 0);
  const { certificate } = JSON.parse(await Deno.readTextFile(home.accessPath));
  assert.match(certificate, /^-----BEGIN CERTIFICATE-----\n/);
  assert.equal((await home.run(["get", "agents"])).status, 0);
  // No question is asked again.
  assert.equal((await home.run(["login", there.origin, ...LOGIN])).status, 0);
});

Deno.test("Without a terminal a self-signed certificate is refused", async () => {
  using certificates = new TestCertificates();
  await using there = service(certificates.selfSigned({ name: "routr", ipAddresses: ["127.0.0.1"] }));
  await using home = await ClientHome.create();
  const refused = await home.run(["login", there.origin, ...LOGIN]);
  assert.equal(refused.status, 1);
  assert.match(refused.err, /its certificate is signed by itself; log in at a terminal/);
  assert.deepEqual(there.calls, []);
});

Deno.test("Another certificate than that of the login hears no token", async () => {
  using certificates = new TestCertificates();
  // They differ in their key only.
  const [first, second] = [1, 2].map(() =>
    certificates.selfSigned({ name: "routr", ipAddresses: ["127.0.0.1"] })
  );
  await using home = await ClientHome.create();
  let port: number;
  {
    await using there = service(first);
    port = there.port;
    assert.equal((await home.run(["login", there.origin, ...LOGIN], { answers: ["yes"] })).status, 0);
  }
  await using imposter = service(second, port);
  const refused = await home.run(["get", "agents"]);
  assert.equal(refused.status, 1);
  assert.match(refused.err, /^routr: Cannot trust https:/);
  assert.deepEqual(imposter.calls, []);
  const login = await home.run(["login", imposter.origin, ...LOGIN], { answers: ["no"] });
  assert.match(login.err, /^Warning: the certificate is another than at the last login/);
  assert.deepEqual(imposter.calls, []);
});

Deno.test("The certificate made by a server on this host is trusted", async () => {
  using certificates = new TestCertificates();
  const own = certificates.selfSigned({ name: "routr", dnsNames: ["localhost"] });
  await using there = service(own);
  await using home = await ClientHome.create();
  await Deno.mkdir(home.folder.pathOf("state"));
  await home.folder.write("state/api-cert.pem", Deno.readTextFileSync(own.both));
  assert.equal((await home.run(["login", there.origin, ...LOGIN])).status, 0);
  assert.equal((await home.run(["get", "agents"])).status, 0);
});

Deno.test("--insecure accepts any certificate, with a warning", async () => {
  using certificates = new TestCertificates();
  await using there = service(certificates.issue({ name: "routr", dnsNames: ["pbx.example"] }));
  await using home = await ClientHome.create();
  const login = await home.run(["login", there.origin, ...LOGIN, "--insecure"]);
  assert.equal(login.status, 0);
  assert.match(login.err, /^Warning: the certificate of the service is not verified/);
  // A certificate that an authority has signed cannot be pinned.
  assert.match(login.err, /Later commands need --insecure as well/);
  assert.equal(JSON.parse(await Deno.readTextFile(home.accessPath)).certificate, undefined);
  assert.equal((await home.run(["get", "agents"])).status, 1);
  assert.equal((await home.run(["get", "agents", "--insecure"])).status, 0);
});

Deno.test("After an insecure login, the certificate that was shown then is trusted, and no other", async () => {
  using certificates = new TestCertificates();
  const [first, second] = [1, 2].map(() => certificates.selfSigned({ name: "routr" }));
  await using home = await ClientHome.create();
  let port: number;
  {
    await using there = service(first);
    port = there.port;
    const login = await home.run(["login", there.origin, ...LOGIN, "--insecure"]);
    assert.equal(login.status, 0);
    assert.match(login.err, /expect this certificate[^]*(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/);
    assert.equal((await home.run(["get", "agents"])).status, 0);
  }
  await using imposter = service(second, port);
  assert.equal((await home.run(["get", "agents"])).status, 1);
  assert.deepEqual(imposter.calls, []);
});

Deno.test("--cacert must name a certificate", async () => {
  await using home = await ClientHome.create();
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  await home.folder.write("broken.pem", broken);
  const path = home.folder.pathOf("broken.pem");
  const args = ["ping", "--url", "https://127.0.0.1:9", "--cacert"];
  assert.equal((await home.run([...args, path])).err, `routr: There is no certificate in PEM in ${path}`);
  assert.match((await home.run([...args, `${path}.gone`])).err, /^routr: Cannot read .*\.gone: /);
});
