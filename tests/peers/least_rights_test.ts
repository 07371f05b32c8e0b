// The permission set `least` of deno.json is enough for everything that reads or writes; what is not granted is told.

import assert from "node:assert/strict";
import { join } from "node:path";
import tls from "node:tls";
import { UdpPhone } from "../contract/rest/udp_phone.ts";
import { type TestCertificate, TestCertificates } from "../support/certificates.ts";
import { assertNothingDenied, startWithLeastRights } from "../support/least_rights.ts";
import { pause } from "../support/pause.ts";
import { freePort } from "../support/ports.ts";
import type { RunningProcess } from "../support/process.ts";
import { startRedis } from "../support/redis_server.ts";
import { agentDocument, type Document, domainDocument, userDocument } from "../support/resources.ts";
import { ResourceBackend } from "../support/resource_backend.ts";
import { fixture } from "../unit/transport/tls/store_assertions.ts";
import { TemporaryFolder } from "../unit/data/temporary_folder.ts";

const readyWithin = 60_000;
const changedWithin = 20_000;
const ADMIN = "admin:k3jd9skq2m";
const SECRET = "x7dh2mwq9p";

const DOMAIN = `- apiVersion: v1beta1
  kind: Domain
  metadata: { name: Local }
  spec: { context: { domainUri: sip.local } }
`;
const USER = `- apiVersion: v1beta1
  kind: User
  metadata: { name: Admin }
  spec: { credentials: { username: admin, secret: k3jd9skq2m } }
`;
const agent = (username: string, secret: string) =>
  `- apiVersion: v1beta1
  kind: Agent
  metadata: { name: A${username}, ref: a${username} }
  spec: { credentials: { username: '${username}', secret: '${secret}' }, domains: [sip.local] }
`;

const account = (username: string) => agentDocument(username, { credentials: { username, secret: SECRET } });
const withName = (ref: string, document: Document): Document => ({
  ...document,
  metadata: { name: ref, ref },
});

interface Ports {
  readonly sip: number;
  readonly rest: number;
}

function configuration({ sip, rest }: Ports, more = "", service = "unsecured: true"): string {
  return `apiVersion: v1beta1
spec:
  bindAddr: 127.0.0.1
  restService: { bindAddr: 127.0.0.1, port: ${rest}, ${service} }
${more}
`.replace("TRANSPORT", `{ protocol: udp, port: ${sip} }, { protocol: tcp, port: ${sip} }`);
}

const UDP_AND_TCP = "  transport: [TRANSPORT]\n";

async function ask({ rest }: Ports, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Basic ${btoa(ADMIN)}`, "content-type": "application/json" };
  return await fetch(`http://127.0.0.1:${rest}/api/v1beta1${path}`, { ...init, headers });
}

async function change(ports: Ports, method: string, path: string, document?: unknown): Promise<void> {
  const response = await ask(ports, path, {
    method,
    ...document !== undefined && { body: JSON.stringify(document) },
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
}

async function registers({ sip }: Ports, username: string, secret: string): Promise<number> {
  using phone = new UdpPhone(sip);
  return await phone.register(username, secret);
}

/** Waits until a phone is answered so. */
async function becomes(ports: Ports, [username, secret]: [string, string], status: number): Promise<void> {
  const deadline = performance.now() + changedWithin;
  let last = 0;
  while ((last = await registers(ports, username, secret)) !== status) {
    assert.ok(performance.now() < deadline, `${username} is ${last}, not ${status}`);
    await pause(200);
  }
}

async function ends(server: RunningProcess): Promise<void> {
  assert.equal(await server.stop(), 0, server.output);
  assertNothingDenied(server);
}

function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o777;
}

Deno.test("least rights: files, their edits, REST, records of calls, state, SIGHUP, a restart", async () => {
  const ports = { sip: freePort(), rest: freePort() };
  await using records = await TemporaryFolder.of({});
  await using state = await TemporaryFolder.of({});
  await using folder = await TemporaryFolder.of({
    "config.yaml": configuration(ports, `${UDP_AND_TCP}  cdr: { path: ${records.pathOf("calls.jsonl")} }\n`),
    "domains.yaml": DOMAIN,
    "users.yaml": USER,
    "agents.yaml": agent("1001", "${ROUTR_SECRET_OF_1001}"),
  });
  for (const name of ["config", "domains", "users", "agents"]) {
    await Deno.chmod(folder.pathOf(`${name}.yaml`), 0o640);
  }
  const stateDirectory = state.pathOf("new/state");
  await using server = startWithLeastRights({
    directory: folder.path,
    write: [records.path, state.path],
    variables: { ROUTR_STATE_DIR: stateDirectory, ROUTR_SECRET_OF_1001: SECRET },
  });
  await server.waitForLine(/\bReady$/, readyWithin);
  assert.equal(await registers(ports, "1001", SECRET), 200);

  await change(ports, "POST", "/agents", withName("ann", account("1002")));
  assert.equal(await registers(ports, "1002", SECRET), 200);
  await change(ports, "PUT", "/agents/ann", { metadata: { name: "Ann" } });
  assert.match(await Deno.readTextFile(folder.pathOf("agents.yaml")), /name: "?Ann"?/);
  assert.equal(modeOf(folder.pathOf("agents.yaml")), 0o640);
  await change(ports, "POST", "/peers", {
    apiVersion: "v1beta1",
    kind: "Peer",
    metadata: { name: "Asterisk" },
    spec: { credentials: { username: "ast", secret: SECRET } },
  });
  assert.equal(modeOf(folder.pathOf("peers.yaml")), 0o600);

  await folder.write("agents.yaml", agent("1001", SECRET) + agent("1003", SECRET));
  await becomes(ports, ["1003", SECRET], 200);
  assert.equal(await registers(ports, "1002", SECRET), 401);

  // Nobody listens any more where 1001 has registered.
  using phone = new UdpPhone(ports.sip);
  await phone.invite({ username: "1003", secret: SECRET }, "1001");
  const deadline = performance.now() + changedWithin;
  while (!(await Deno.readTextFile(records.pathOf("calls.jsonl")).catch(() => "")).includes('"1003')) {
    assert.ok(performance.now() < deadline, server.output);
    await pause(200);
  }

  server.signal("SIGHUP");
  await server.waitForLine(/Reading everything again/, changedWithin);
  await change(ports, "POST", "/system/status/restart");
  const restarted = performance.now() + changedWithin;
  while (!/\bStopped\n[^]*\bReady\n/.test(server.output)) {
    assert.ok(performance.now() < restarted, server.output);
    await pause(200);
  }
  await becomes(ports, ["1003", SECRET], 200);
  for (const { name } of Deno.readDirSync(stateDirectory)) {
    assert.equal(modeOf(join(stateDirectory, name)), 0o600, name);
  }
  assert.ok([...Deno.readDirSync(stateDirectory)].length >= 3);
  await ends(server);
});

Deno.test("least rights: keys outside of the configuration in PEM, PKCS#12 and JKS, replaced, and HTTPS of its own", async () => {
  const ports = { sip: freePort(), rest: freePort() };
  const secured = { tls: freePort(), wss: freePort() };
  using certificates = new TestCertificates();
  const [first, second] = ["first", "second"].map((name) =>
    certificates.issue({ name, dnsNames: ["sip.local"], ipAddresses: ["127.0.0.1"] })
  );
  const store = certificates.toPkcs12(certificates.issue({ name: "pbx.example" }), "changeit");
  const jks = certificates.write("ec.jks", fixture("ec.jks"));
  await using keys = await TemporaryFolder.of({});
  await show(keys, first);
  await using folder = await TemporaryFolder.of({
    "config.yaml": configuration(
      ports,
      `  transport: [TRANSPORT, { protocol: tls, port: ${secured.tls} }, { protocol: wss, port: ${secured.wss} }]
  securityContext:
    keyStore: ${keys.pathOf("cert.pem")}
    privateKey: ${keys.pathOf("key.pem")}
    trustStore: ${certificates.root.certificate}
    certificates:
      - { keyStore: ${store}, keyStorePassword: changeit, domains: [pbx.example] }
      - { keyStore: ${jks}, keyStorePassword: changeit, domains: [ec.example.com] }
`,
      "unsecured: false",
    ),
    "domains.yaml": DOMAIN,
    "users.yaml": USER,
  });
  await using server = startWithLeastRights({
    directory: folder.path,
    read: [keys.path, certificates.folder],
  });
  await server.waitForLine(/\bReady$/, readyWithin);
  assert.equal(await subjectAt(secured.tls, "sip.local"), "first");
  assert.equal(await subjectAt(secured.tls, "pbx.example"), "pbx.example");
  assert.equal(await subjectAt(secured.wss, "ec.example.com"), "ec.example.com");
  await show(keys, second);
  const deadline = performance.now() + changedWithin;
  while (await subjectAt(secured.tls, "sip.local") !== "second") {
    assert.ok(performance.now() < deadline, server.output);
    await pause(200);
  }
  using client = Deno.createHttpClient({
    caCerts: [await Deno.readTextFile(folder.pathOf("state/api-cert.pem"))],
  });
  const response = await fetch(`https://127.0.0.1:${ports.rest}/healthz`, { client });
  assert.equal(response.status, 200, await response.text());
  await ends(server);
});

async function show(folder: TemporaryFolder, { certificate, privateKey }: TestCertificate): Promise<void> {
  await folder.replace("key.pem", await Deno.readTextFile(privateKey));
  await folder.replace("cert.pem", await Deno.readTextFile(certificate));
}

/** Returns the common name of the certificate that is shown. */
function subjectAt(port: number, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port, servername, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

Deno.test("least rights: resources and registrations in Redis", async () => {
  const ports = { sip: freePort(), rest: freePort() };
  await using redis = await startRedis();
  await using folder = await TemporaryFolder.of({
    "config.yaml": configuration(
      ports,
      `${UDP_AND_TCP}  dataSource:
    provider: redis_data_provider
    parameters: { host: 127.0.0.1, port: ${redis.port} }
`,
      "unsecured: true, initialApiSecret: k3jd9skq2m",
    ),
  });
  await using server = startWithLeastRights({ directory: folder.path });
  await server.waitForLine(/\bReady$/, readyWithin);
  await change(ports, "POST", "/domains", domainDocument("sip.local"));
  await change(ports, "POST", "/agents", withName("ann", account("1001")));
  await becomes(ports, ["1001", SECRET], 200);
  await change(ports, "DELETE", "/agents/ann");
  await becomes(ports, ["1001", SECRET], 401);
  await ends(server);
});

Deno.test("least rights: resources behind a REST service with a certificate of its own", async () => {
  const ports = { sip: freePort(), rest: freePort() };
  using certificates = new TestCertificates();
  const certificate = certificates.issue({ name: "backend", ipAddresses: ["127.0.0.1"] });
  await using backend = new ResourceBackend({ certificate });
  backend.put("domains", [domainDocument("sip.local")]);
  backend.put("users", [userDocument("admin", "k3jd9skq2m")]);
  backend.put("agents", [account("1001")]);
  await using folder = await TemporaryFolder.of({
    "config.yaml": configuration(
      ports,
      `${UDP_AND_TCP}  dataSource:
    provider: restful_data_provider
    parameters:
      baseUrl: ${backend.baseUrl}
      username: ${backend.username}
      secret: '${backend.secret}'
      refreshInterval: 1
      trustStore: ${certificates.root.certificate}
`,
    ),
  });
  await using server = startWithLeastRights({
    directory: folder.path,
    read: [certificates.root.certificate],
  });
  await server.waitForLine(/\bReady$/, readyWithin);
  await becomes(ports, ["1001", SECRET], 200);
  await change(ports, "POST", "/agents", account("1002"));
  await becomes(ports, ["1002", SECRET], 200);
  await ends(server);
});

Deno.test("what is not granted is told, with the property that names it", async () => {
  const ports = { sip: freePort(), rest: freePort() };
  await using elsewhere = await TemporaryFolder.of({ "cert.pem": "" });
  await using folder = await TemporaryFolder.of({
    "config.yaml": configuration(
      ports,
      `  transport: [TRANSPORT, { protocol: tls, port: ${freePort()} }]
  securityContext: { keyStore: ${elsewhere.pathOf("cert.pem")} }
  cdr: { path: ${elsewhere.pathOf("calls.jsonl")} }
`,
    ),
    "domains.yaml": DOMAIN,
    "users.yaml": USER,
    "agents.yaml": agent("1001", "${PASSWORD_OF_1001}"),
  });
  const rights = {
    directory: folder.path,
    variables: { ROUTR_STATE_DIR: elsewhere.path, PASSWORD_OF_1001: SECRET },
  };
  const faults = [
    /agents\.yaml:4:\d+: spec\.credentials\.secret is \$\{PASSWORD_OF_1001\}, which the server may not read, expected /,
    /config\.yaml:\d+:\d+: spec\.securityContext\.keyStore is ".*cert\.pem", unusable: /,
    /config\.yaml:\d+:\d+: spec\.cdr\.path is ".*calls\.jsonl", expected a file in a folder that can be written/,
    /found a folder that cannot be written, expected one that the REST service can keep its salt/,
  ];
  await using check = startWithLeastRights({ ...rights, args: ["check", "--config", folder.path] });
  assert.equal(await check.exitCode(readyWithin), 1, check.output);
  for (const fault of faults) assert.match(check.output, fault);
  await using server = startWithLeastRights(rights);
  await server.waitForLine(/\bReady, but without tls .*, the REST service$/, readyWithin);
  for (const fault of faults) assert.match(server.output, fault);
  assert.equal(await server.stop(), 0, server.output);
});
