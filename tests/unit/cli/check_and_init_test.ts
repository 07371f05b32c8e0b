import assert from "node:assert/strict";
import { check as checkAnywhere } from "../../../src/cli/check.ts";
import { init } from "../../../src/cli/init.ts";
import type { Environment } from "../../../src/config/environment.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

function check(options: { directory: string; env: Environment }): Promise<number> {
  return checkAnywhere({ ...options, executableDirectory: "/" });
}

/** Returns the exit status of a command and its output. */
async function run(
  command: () => Promise<number>,
): Promise<{ status: number; output: string; errors: string }> {
  const { log, error } = console;
  const lines: { output: string[]; errors: string[] } = { output: [], errors: [] };
  console.log = (line: string) => lines.output.push(line);
  console.error = (line: string) => lines.errors.push(line);
  try {
    const status = await command();
    return { status, output: lines.output.join("\n"), errors: lines.errors.join("\n") };
  } finally {
    console.log = log;
    console.error = error;
  }
}

const SHIPPED = new URL("../../../config", import.meta.url).pathname;

Deno.test("the shipped configuration has no faults, and warnings about its public secrets", async () => {
  const { status, output } = await run(() => check({ directory: SHIPPED, env: {} }));
  assert.equal(
    // The umask decides whether others can read a checkout.
    output.replace(/^Warning: Every user of this host .*\n/m, ""),
    `Warning: 1 user with the secret of a sample, which everybody knows: "admin". The REST service is open to this host only until it is changed
Warning: 2 agents with the secret of a sample, which everybody knows: "1001", "1002". They are served in local networks only until it is changed
Configuration: ${SHIPPED}/config.yaml
Resources: 2 agents, 1 domain, 0 peers, 0 gateways, 0 DIDs, 1 user in ${SHIPPED}
No faults`,
  );
  assert.equal(status, 0);
});

Deno.test("the shipped samples have no faults once their comments are taken away", async () => {
  await using folder = await TemporaryFolder.of({});
  for (const name of ["agents", "domains", "peers", "gateways", "dids"]) {
    const text = await Deno.readTextFile(`${SHIPPED}/${name}.yaml`);
    // Only lines that look like YAML are uncommented, not prose.
    const uncommented = text.replace(/^( *)# ?( *(?:- )?[a-zA-Z]+:(?: .*)?)$/gm, "$1$2");
    await folder.write(`${name}.yaml`, uncommented);
  }
  const { output } = await run(() => check({ directory: folder.path, env: {} }));
  assert.match(output, /2 agents, 1 domain, 1 peer, 1 gateway, 1 DID, 0 users/);
  assert.match(output, /No faults$/);
});

Deno.test("check prints every fault of every file and returns 1", async () => {
  await using folder = await TemporaryFolder.of({
    "config.yaml": "apiVersion: v1\nspec: {bindAddr: x, recordRoute: x}\n",
    "agents.yaml": "- kind: Agent\n\tspec: {\n",
    "peers.yaml": "- kind: Pear\n",
  });
  const { status, output } = await run(() =>
    check({ directory: folder.path, env: { REST_SERVICE_PORT: "x" } })
  );
  assert.equal(status, 1);
  const lines = output.replaceAll(`${folder.path}/`, "").split("\n");
  assert.deepEqual(lines.slice(0, 8), [
    'config.yaml:2:18: spec.bindAddr is "x", expected an IP address',
    'config.yaml:2:34: spec.recordRoute is "x", expected true, false or never',
    'environment: REST_SERVICE_PORT is "x", expected a whole number between 0 and 65535',
    "peers.yaml:1:3: apiVersion is missing, expected one of v1beta1, v1.0, v1",
    'peers.yaml:1:9: kind is "Pear", expected Peer',
    "peers.yaml:1:3: metadata is missing, expected a mapping",
    "peers.yaml:1:3: spec is missing, expected a mapping",
    "agents.yaml:2:1: found a tab as indentation, expected spaces",
  ]);
  assert.equal(lines.at(-1), "8 faults");
});

Deno.test("check reads the configured data source, and no files then", async () => {
  await using folder = await TemporaryFolder.of({ "agents.yaml": "- wrong\n" });
  const env = { DS_PROVIDER: "redis_data_provider", DS_PARAMETERS: "host=127.0.0.1,port=1,max_retry=0" };
  const { status, output } = await run(() => check({ directory: folder.path, env }));
  assert.equal(status, 1);
  assert.match(output, /^redis 127\.0\.0\.1:1\/0: .*connection refused/m);
  assert.match(output, /^Resources: 0 agents, .* in redis 127\.0\.0\.1:1$/m);
});

/** The secrets of a file by username, in comments too. */
async function secretsIn(path: string): Promise<Map<string, string>> {
  const text = await Deno.readTextFile(path);
  const credentials = text.matchAll(/username: '?([^'\n]+)'?\n#? *secret: '([^']+)'$/gm);
  return new Map(Array.from(credentials, ([, username, secret]) => [username, secret]));
}

Deno.test("init writes a valid configuration with random secrets, readable by its owner only", async () => {
  await using folder = await TemporaryFolder.of({});
  const all: string[] = [];
  for (const name of ["one", "two/deep"]) {
    const directory = folder.pathOf(name);
    const { status, output } = await run(() => init(directory));
    assert.equal(status, 0);
    assert.match(output, /routr --config/);
    const users = await secretsIn(`${directory}/users.yaml`);
    const agents = await secretsIn(`${directory}/agents.yaml`);
    const peers = await secretsIn(`${directory}/peers.yaml`);
    const gateways = await secretsIn(`${directory}/gateways.yaml`);
    assert.deepEqual([...users.keys(), ...agents.keys(), ...peers.keys(), ...gateways.keys()], [
      "admin",
      "1001",
      "1002",
      "ast",
      "youruser",
    ]);
    for (const [username, secret] of [...agents, ...peers, ...gateways]) {
      assert.match(secret, /^[a-km-np-z2-9]{16}$/, username);
      all.push(secret);
    }
    assert.match(users.get("admin")!, /^[a-km-np-z2-9]{32}$/);
    all.push(users.get("admin")!);
    // Once, and what has no effect yet not at all.
    for (const [username, secret] of [...agents, ...users]) {
      assert.equal(output.split(secret).length, 2, username);
      assert.ok(output.split("\n").some((line) => line.includes(username) && line.includes(secret)), output);
    }
    for (const secret of [...peers.values(), ...gateways.values()]) assert.ok(!output.includes(secret));
    for (const name of ["users", "agents", "peers", "gateways", "domains", "dids", "config"]) {
      assert.equal((await Deno.stat(`${directory}/${name}.yaml`)).mode! & 0o777, 0o600);
    }
    const checked = await run(() => check({ directory, env: {} }));
    assert.equal(checked.status, 0);
    assert.doesNotMatch(checked.output, /Warning/);
  }
  assert.equal(new Set(all).size, 10);
});

Deno.test("no secret of a sample is left in what init writes, in comments either", async () => {
  await using folder = await TemporaryFolder.of({});
  await run(() => init(folder.path));
  for (const { name, isFile } of Deno.readDirSync(folder.path)) {
    if (!isFile) continue;
    const text = await Deno.readTextFile(folder.pathOf(name));
    assert.doesNotMatch(text, /secret: '?(?:1234|changeit|changeme|astsecret|yoursecret)'?$/m, name);
  }
});

Deno.test("init overwrites nothing, and names the existing files", async () => {
  await using folder = await TemporaryFolder.of({ "agents.yaml": "mine", "domains.yml": "mine too" });
  const { status, errors } = await run(() => init(folder.path));
  assert.equal(status, 1);
  assert.equal(
    errors,
    `Cannot write a sample configuration: ${folder.pathOf("agents.yaml")}, ${folder.pathOf("domains.yml")} ` +
      "would be overwritten or shadowed",
  );
  assert.equal(await Deno.readTextFile(folder.pathOf("agents.yaml")), "mine");
  assert.deepEqual([...Deno.readDirSync(folder.path)].length, 2);
});
