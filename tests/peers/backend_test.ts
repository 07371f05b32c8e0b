// One routr keeps its resources at another: the restful data provider against routr's own REST service.

import assert from "node:assert/strict";
import { join } from "node:path";
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { writeConfiguration } from "../support/routr_process.ts";

const projectRoot = new URL("../../", import.meta.url).pathname;
const readyWithin = 30_000;
const backendUser = `- apiVersion: v1beta1
  kind: User
  metadata: { name: Backend }
  spec:
    credentials: { username: backend, secret: backendsecret }
    readsSecrets: true
- apiVersion: v1beta1
  kind: User
  metadata: { name: Administrator }
  spec:
    credentials: { username: admin, secret: adminsecret }
`;

interface Node extends AsyncDisposable {
  readonly directory: string;
  /** The URL of the REST service. */
  readonly url: string;
}

/** @param backend the base URL of the service that it keeps its resources at; files if undefined */
async function startNode(backend?: string): Promise<Node> {
  const directory = await Deno.makeTempDir({ prefix: "routr-backend-" });
  await writeConfiguration(directory, { port: freePort() });
  const rest = freePort();
  const path = join(directory, "config.yaml");
  const text = await Deno.readTextFile(path);
  const dataSource = backend === undefined ? "" : `  dataSource:
    provider: restful_data_provider
    parameters: { baseUrl: ${backend}, username: backend, secret: backendsecret }
`;
  const service = `restService:\n    bindAddr: 127.0.0.1\n    unsecured: true\n    port: ${rest}`;
  await Deno.writeTextFile(
    path,
    text.replace(/restService:\s+bindAddr: .*\s+port: \d+/, service) + dataSource,
  );
  if (backend === undefined) await Deno.writeTextFile(join(directory, "users.yaml"), backendUser);
  const child = startProcess(Deno.execPath(), {
    args: ["run", "--permission-set=start", "main.ts", "--config", directory],
    cwd: projectRoot,
    env: { NO_COLOR: "1" },
  });
  await child.waitForLine(/\bReady\b/, readyWithin);
  return {
    directory,
    url: `http://127.0.0.1:${rest}/api/v1beta1`,
    async [Symbol.asyncDispose]() {
      assert.equal(await child.stop(), 0, child.output);
      await Deno.remove(directory, { recursive: true });
    },
  };
}

async function ask(url: string, user: string, init: RequestInit = {}) {
  const headers = { authorization: `Basic ${btoa(user)}`, "content-type": "application/json" };
  const response = await fetch(url, { ...init, headers });
  return { status: response.status, text: await response.text() };
}

const admin = "admin:adminsecret";

Deno.test("a routr serves and changes what another one keeps; only its own user reads secrets", async () => {
  await using backend = await startNode();
  await using front = await startNode(backend.url);
  const listed = await ask(`${front.url}/agents`, admin);
  assert.equal(listed.status, 200);
  assert.match(listed.text, /"username":"1001"/);
  const document = {
    apiVersion: "v1beta1",
    kind: "Agent",
    metadata: { name: "New" },
    spec: { credentials: { username: "1003", secret: "newsecret" }, domains: ["sip.local"] },
  };
  const created = await ask(`${front.url}/agents`, admin, { method: "POST", body: JSON.stringify(document) });
  assert.equal(created.status, 201, created.text);
  const ref = JSON.parse(created.text).data;
  const renamed = { metadata: { name: "Renamed" } };
  const updated = await ask(`${front.url}/agents/${ref}`, admin, {
    method: "PUT",
    body: JSON.stringify(renamed),
  });
  assert.equal(updated.status, 200, updated.text);
  assert.match(await Deno.readTextFile(join(backend.directory, "agents.yaml")), /name: Renamed[^]*newsecret/);
  for (const url of [backend.url, front.url]) {
    assert.doesNotMatch((await ask(`${url}/agents/${ref}`, admin)).text, /newsecret/);
  }
  assert.match(
    (await ask(`${backend.url}/agents/${ref}`, "backend:backendsecret")).text,
    /"secret":"newsecret"/,
  );
  const removed = await ask(`${front.url}/agents/${ref}`, admin, { method: "DELETE" });
  assert.equal(removed.status, 200, removed.text);
  assert.equal((await ask(`${backend.url}/agents/${ref}`, admin)).status, 404);
});
