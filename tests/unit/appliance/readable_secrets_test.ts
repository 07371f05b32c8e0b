import assert from "node:assert/strict";
import { readableSecrets } from "../../../src/appliance/readable_secrets.ts";
import { loadConfiguration } from "../../../src/config/load_configuration.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const CONFIG = "apiVersion: v1beta1\nspec: { restService: { unsecured: true } }\n";

/** Returns the files that are warned of, when everybody may enter the folder and read all files but `closed`. */
async function readable(
  files: Readonly<Record<string, string>>,
  { closed = [], folderMode = 0o755 }: { closed?: readonly string[]; folderMode?: number } = {},
): Promise<string[]> {
  await using folder = await TemporaryFolder.of({});
  await Deno.mkdir(folder.pathOf("state"));
  for (const [name, text] of Object.entries({ "config.yaml": CONFIG, ...files })) {
    await folder.write(name, text);
  }
  await Deno.chmod(folder.pathOf("state"), 0o755);
  for (const name of ["config.yaml", ...Object.keys(files)]) {
    await Deno.chmod(folder.pathOf(name), closed.includes(name) ? 0o640 : 0o644);
  }
  await Deno.chmod(folder.path, folderMode);
  const { config, source } = await loadConfiguration({
    directory: folder.path,
    env: { REST_SERVICE_KEY_STORE_PASSWORD: "k3jd9skq" },
    executableDirectory: "/",
  });
  const stateDirectory = folder.pathOf("state");
  const warnings = await readableSecrets({ config: config!, source, stateDirectory });
  const [, list = ""] =
    /^Every user of this host can read secrets: chmod o-rwx (.*)$/.exec(warnings.join()) ??
      [];
  return list.replaceAll(`${folder.path}/`, "").split(" ").filter((path) => path !== "");
}

const agent = (secret: string) =>
  `- kind: Agent\n  spec: { credentials: { username: ann, secret: ${secret} } }\n`;

Deno.test("files with secrets of resources are warned of, if every user can read them", async () => {
  const files = {
    "users.yaml": agent("k3jd9skq"),
    "agents.yml": '- { "secret": "k3jd9skq" }',
    "peers.yaml": "    ha1: [{ md5: 1b4c }]",
    "gateways.yaml": agent("k3jd9skq"),
    "domains.yaml": "- kind: Domain",
  };
  assert.deepEqual(await readable(files), ["users.yaml", "agents.yml", "peers.yaml", "gateways.yaml"]);
  assert.deepEqual(await readable(files, { closed: ["users.yaml", "gateways.yaml"] }), [
    "agents.yml",
    "peers.yaml",
  ]);
});

Deno.test("files without secrets are not: comments, names of variables", async () => {
  const files = {
    "users.yaml": agent("${ADMIN_SECRET}"),
    "agents.yaml": agent("'${ANN}'"),
    "peers.yaml": "#   secret: astsecret\n",
    "gateways.yaml": "",
  };
  assert.deepEqual(await readable(files), []);
  assert.deepEqual(await readable({ ...files, "agents.yaml": agent("'${ANN}'") + agent("k3jd9skq") }), [
    "agents.yaml",
  ]);
});

Deno.test("a config.yaml with passwords, keys and the salt", async () => {
  await using folder = await TemporaryFolder.of({ salt: "c2FsdHNhbHRzYWx0" });
  const config = `apiVersion: v1beta1
spec:
  restService: { saltFile: ${folder.path}/salt, keyStore: rest.pem }
  transport: [{ protocol: tls, port: 5061 }]
  securityContext: { keyStore: cert.pem, privateKey: key.pem, keyStorePassword: k3jd9skq }
`;
  const files = { "config.yaml": config, "cert.pem": "", "key.pem": "", "rest.pem": "" };
  assert.deepEqual(await readable(files), ["config.yaml", "key.pem", "rest.pem"]);
  await Deno.chmod(folder.path, 0o755);
  await Deno.chmod(folder.pathOf("salt"), 0o644);
  assert.deepEqual(await readable(files, { closed: ["config.yaml"] }), [
    `${folder.path}/salt`,
    "key.pem",
    "rest.pem",
  ]);
});

Deno.test("files of the state folder: keys, registrations, bans", async () => {
  const names = [".routr.salt", "api-cert.pem", "bans.json", "dialog.key", "registrations.log"];
  const files = Object.fromEntries(
    [...names, "registrations.log-recent", "other"].map((n) => [`state/${n}`, "x"]),
  );
  const expected = [...names, "registrations.log-recent"].map((name) => `state/${name}`);
  assert.deepEqual(await readable(files), expected);
  assert.deepEqual(await readable(files, { closed: expected.slice(1) }), expected.slice(0, 1));
});

Deno.test("in a folder that others cannot enter nothing is readable", async () => {
  assert.deepEqual(await readable({ "users.yaml": agent("k3jd9skq") }, { folderMode: 0o700 }), []);
  assert.deepEqual(await readable({ "users.yaml": agent("k3jd9skq") }, { folderMode: 0o711 }), [
    "users.yaml",
  ]);
});
