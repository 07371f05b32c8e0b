/** `routr check` finds faults that disable a part of the server, with their positions. */
import assert from "node:assert/strict";
import { check } from "../../../src/cli/check.ts";
import type { Environment } from "../../../src/config/environment.ts";
import { TestCertificates } from "../../support/certificates.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const AGENT = `- apiVersion: v1beta1
  kind: Agent
  metadata: { name: Ann }
  spec:
    credentials: { username: ann, secret: SECRET }
    domains: [sip.local]
`;
const DOMAIN = `- apiVersion: v1beta1
  kind: Domain
  metadata: { name: Local }
  spec: { context: { domainUri: sip.local } }
`;
const USER = `- apiVersion: v1beta1
  kind: User
  metadata: { name: Admin }
  spec: { credentials: { username: admin, secret: long-and-secret } }
`;

interface Checked {
  readonly status: number;
  readonly faults: string[];
  readonly warnings: string[];
}

async function checked(
  spec: string,
  { env = {}, files = {} }: { env?: Environment; files?: Readonly<Record<string, string>> } = {},
): Promise<Checked> {
  await using folder = await TemporaryFolder.of({
    "config.yaml": `apiVersion: v1beta1\nspec:\n${spec}`,
    "agents.yaml": AGENT.replace("SECRET", "a-good-secret"),
    "domains.yaml": DOMAIN,
    "users.yaml": USER,
    ...files,
  });
  for (const name of ["config", "agents", "users"]) await Deno.chmod(folder.pathOf(`${name}.yaml`), 0o600);
  const { log } = console;
  const lines: string[] = [];
  console.log = (line: string) => lines.push(line.replaceAll(`${folder.path}/`, ""));
  try {
    const status = await check({ directory: folder.path, env, executableDirectory: "/" });
    const told = lines.slice(0, -3);
    return {
      status,
      faults: told.filter((line) => !line.startsWith("Warning: ")),
      warnings: told.filter((line) => line.startsWith("Warning: ")),
    };
  } finally {
    console.log = log;
  }
}

async function faultsOf(spec: string, env: Environment = {}): Promise<string[]> {
  const { status, faults } = await checked(spec, { env });
  assert.equal(status, faults.length === 0 ? 0 : 1);
  return faults;
}

const TLS = "  transport: [{ protocol: tls, port: 5061 }]\n";
const STORE = "a certificate with its key (PEM, PKCS#12 or JKS)";

Deno.test("check: key stores and trust stores that are missing, with line and property", async () => {
  assert.deepEqual(await faultsOf(`${TLS}  securityContext:\n    keyStore: gone.pem\n`), [
    `config.yaml:5:15: spec.securityContext.keyStore is "gone.pem", unusable: there is no such file, expected ${STORE}`,
  ]);
  assert.deepEqual(await faultsOf("  restService:\n    keyStore: gone.pem\n    trustStore: gone-too.pem\n"), [
    `config.yaml:4:15: spec.restService.keyStore is "gone.pem", unusable: there is no such file, expected ${STORE}; ` +
    "without one, the service makes one",
    'config.yaml:5:17: spec.restService.trustStore is "gone-too.pem", unusable: there is no such file, expected ' +
    "certificates of authorities (PEM, PKCS#12 or JKS)",
  ]);
  // An unset property is reported at its parent.
  assert.match(
    (await faultsOf(TLS))[0],
    /^config\.yaml:2:1: spec\.securityContext\.keyStore is "etc\/certs\/domains-cert\.jks", unusable/,
  );
  assert.deepEqual(await faultsOf("  restService: { unsecured: true, keyStore: gone.pem }\n"), []);
});

Deno.test("check: a store of the environment is reported by its variable", async () => {
  const [fault] = await faultsOf("  recordRoute: true\n", {
    REST_SERVICE_KEY_STORE: "etc/certs/api-cert.jks",
  });
  assert.match(
    fault,
    /^environment: REST_SERVICE_KEY_STORE is "etc\/certs\/api-cert\.jks", unusable: there is no such file/,
  );
});

Deno.test("check: a store that cannot be read, a wrong key, further certificates", async () => {
  using certificates = new TestCertificates();
  const [one, two] = ["one", "two"].map((name) => certificates.selfSigned({ name }));
  const [fault, ...more] = await faultsOf(`${TLS}  securityContext:
    keyStore: ${one.certificate}
    privateKey: ${two.privateKey}
    certificates:
      - keyStore: config.yaml
`);
  assert.match(
    fault,
    /^config\.yaml:6:17: spec\.securityContext\.privateKey is ".*", unusable: .*does not fit/,
  );
  assert.match(
    more[0],
    /^config\.yaml:8:19: spec\.securityContext\.certificates\[0\]\.keyStore is .*not a key store/,
  );
  assert.deepEqual(
    await faultsOf(
      `${TLS}  securityContext: { keyStore: ${one.certificate}, privateKey: ${one.privateKey} }\n`,
    ),
    [],
  );
});

Deno.test("check: clients' certificates without a trust store", async () => {
  using certificates = new TestCertificates();
  const { certificate, privateKey } = certificates.selfSigned({ name: "one" });
  const [fault] = await faultsOf(`${TLS}  securityContext:
    keyStore: ${certificate}
    privateKey: ${privateKey}
    client: { authType: Enabled }
`);
  assert.match(fault, /^config\.yaml:5:5: spec\.securityContext is unusable: .*trustStore/);
});

Deno.test("check: one port for two listeners, the REST service among them", async () => {
  assert.deepEqual(
    await faultsOf(`  transport:
    - { protocol: udp, port: 4567 }
    - { protocol: tcp, port: 4567 }
    - { protocol: ws, port: 4567, bindAddr: 127.0.0.1 }
`),
    [
      "config.yaml:6:29: spec.transport[2].port is 4567, expected another port than that of the transport tcp",
      "config.yaml:2:1: spec.restService.port is 4567, expected another port than that of the transport tcp",
    ],
  );
  const apart = `  transport: [{ protocol: tcp, port: 4567, bindAddr: 127.0.0.2 }]
  restService: { bindAddr: 127.0.0.3 }
`;
  assert.deepEqual(await faultsOf(apart), []);
});

Deno.test("check: an unusable salt is reported with how to make one", async () => {
  const [fault] = await faultsOf("  recordRoute: true\n", { SALT: "changeit" });
  assert.match(
    fault,
    /^environment: SALT is too short, expected base64 of at least 12 bytes, such as `openssl rand/,
  );
  assert.ok(!fault.includes("changeit"));
  assert.match(
    (await faultsOf("  restService:\n    salt: abc\n"))[0],
    /^config\.yaml:4:11: spec\.restService\.salt is too short/,
  );
  assert.deepEqual(await faultsOf("  restService: { salt: c2FsdHNhbHRzYWx0c2FsdA== }\n"), []);
});

Deno.test("check: secrets that are soon guessed, in one line, without telling them", async () => {
  for (const secret of ["short", "'123456789'", "ann-2024", "password1"]) {
    const files = { "agents.yaml": AGENT.replace("SECRET", secret) };
    const { status, warnings } = await checked("  recordRoute: true\n", { files });
    assert.equal(status, 0);
    assert.deepEqual(warnings, [
      'Warning: 1 agent with a secret that is soon guessed: "ann". Take at least 8 characters (10 digits), neither the ' +
      "username nor a common word",
    ]);
  }
  const many = Array.from({ length: 5 }, (_, i) => AGENT.replace("ann", `ann${i}`).replace("SECRET", "x"))
    .join("");
  const { warnings } = await checked("  recordRoute: true\n", { files: { "agents.yaml": many } });
  assert.match(
    warnings.join("\n"),
    /^Warning: 5 agents .*: "ann0", "ann1", "ann2" and 2 more\. Take [^\n]*$/,
  );
});

Deno.test("check: the secrets of samples, and what they are good for", async () => {
  const files = {
    "agents.yaml": AGENT.replace("SECRET", "'1234'"),
    "users.yaml": USER.replace("long-and-secret", "changeit"),
  };
  assert.deepEqual((await checked("  recordRoute: true\n", { files })).warnings, [
    'Warning: 1 user with the secret of a sample, which everybody knows: "admin". The REST service is open to this ' +
    "host only until it is changed",
    'Warning: 1 agent with the secret of a sample, which everybody knows: "ann". They are served in local networks ' +
    "only until it is changed",
  ]);
});

Deno.test("check: there are no users for the REST service", async () => {
  const { warnings } = await checked("  recordRoute: true\n", { files: { "users.yaml": "" } });
  assert.deepEqual(warnings, [
    "Warning: There are no users: the REST service refuses everybody. Add one to users.yaml",
  ]);
});

Deno.test("check: addresses that are not of this machine", async () => {
  const spec = `  transport:
    - { protocol: udp, port: 5060 }
    - { protocol: tcp, port: 5060, bindAddr: 192.0.2.1 }
  restService: { bindAddr: '2001:db8::1' }
`;
  assert.deepEqual(await faultsOf(spec), [
    'config.yaml:5:46: spec.transport[1].bindAddr is "192.0.2.1", expected an address of this machine',
    'config.yaml:6:28: spec.restService.bindAddr is "2001:db8::1", expected an address of this machine',
  ]);
  assert.deepEqual(await faultsOf("  bindAddr: '::'\n"), []);
});

Deno.test("check: a state folder that the REST service cannot keep its salt in", async () => {
  const env = { STATE_DIR: "/proc/routr/state" };
  const [fault] = await faultsOf("  recordRoute: true\n", env);
  assert.match(fault, /^\/proc\/routr\/state: found a folder that cannot be written, expected .*STATE_DIR/);
  const given = "  restService: { unsecured: true, salt: c2FsdHNhbHRzYWx0c2FsdA== }\n";
  assert.deepEqual(await faultsOf(given, env), []);
});

Deno.test("check leaves nothing behind", async () => {
  await using folder = await TemporaryFolder.of({ "domains.yaml": DOMAIN });
  const { log } = console;
  console.log = () => {};
  try {
    await check({ directory: folder.path, env: {}, executableDirectory: "/" });
  } finally {
    console.log = log;
  }
  assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["domains.yaml"]);
});

Deno.test("check: call records in a folder that is missing or cannot be written", async () => {
  const expected = "expected a file in a folder that can be written";
  assert.deepEqual(await faultsOf("  cdr: { path: gone/calls.jsonl }\n"), [
    `config.yaml:3:16: spec.cdr.path is "gone/calls.jsonl", ${expected}`,
  ]);
  assert.deepEqual(await faultsOf("  cdr: { path: /proc/calls.jsonl }\n"), [
    `config.yaml:3:16: spec.cdr.path is "/proc/calls.jsonl", ${expected}`,
  ]);
  assert.deepEqual(await faultsOf("  cdr: { path: calls.jsonl }\n"), []);
});
