// The executable as its user gets it: alone in a folder with `config/`, no Deno on the host.

import assert from "node:assert/strict";
import { join } from "node:path";
import manifest from "../../deno.json" with { type: "json" };
import { assertAllCalls, assertSipp, startSipp } from "../peers/sipp.ts";
import { freePort } from "../support/ports.ts";
import { type RunningProcess, runProcess, startProcess } from "../support/process.ts";
import { writeConfiguration } from "../support/routr_process.ts";

const projectRoot = new URL("../../", import.meta.url).pathname;
const builtBinary = Deno.env.get("ROUTR_BINARY") ?? join(projectRoot, "dist/routr");
const readyWithin = 5_000; // it takes a tenth of a second on an idle machine
const commandWithin = 10_000;
const environment = { PATH: "/nonexistent", NO_COLOR: "1" };

Deno.test("the binary tells its version", async () => {
  await using installation = await install();
  for (const argument of ["version", "--version"]) {
    const { code, output } = await installation.run(argument);
    assert.equal(code, 0, output);
    assert.equal(output.trim(), `routr ${manifest.version}`);
  }
});

Deno.test("the binary finds no fault in the sample configuration", async () => {
  await using installation = await install();
  const { code, output } = await installation.run("check");
  assert.equal(code, 0, output);
});

Deno.test("the binary names file and line of a fault", async () => {
  await using installation = await install();
  const agents = join(installation.directory, "config/agents.yaml");
  const text = await Deno.readTextFile(agents);
  await Deno.writeTextFile(agents, text.replace("secret:", "sekret:"));
  const line = text.split("\n").findIndex((row) => row.includes("secret:")) + 1;
  const { code, output } = await installation.run("check");
  assert.equal(code, 1, output);
  assert.match(output, new RegExp(`agents\\.yaml:${line}\\b`));
});

Deno.test("the binary writes a sample configuration and serves it", async () => {
  await using installation = await install();
  const directory = join(installation.directory, "fresh");
  const { code, output } = await installation.run("init", directory);
  assert.equal(code, 0, output);
  const port = await makeTestable(join(directory, "config.yaml"));
  await using server = installation.start("--config", directory);
  await assertServes(server, port);
});

Deno.test("the binary serves the folder config beside it, wherever it is started", async () => {
  await using installation = await install();
  const port = freePort();
  await writeConfiguration(join(installation.directory, "config"), { port });
  await using server = installation.start();
  await assertServes(server, port);
});

Deno.test("the binary registers with a gateway, and answers its challenge", async () => {
  await using installation = await install();
  const config = join(installation.directory, "config");
  await writeConfiguration(config, { port: freePort() });
  const port = freePort();
  const registrar = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => registrar.close());
  await Deno.writeTextFile(join(config, "gateways.yaml"), gatewayAt(port));
  await using server = installation.start();
  const [first, source] = await registrar.receive();
  const register = new TextDecoder().decode(first);
  assert.match(register, /^REGISTER sip:127\.0\.0\.1:/);
  const challenge = 'WWW-Authenticate: Digest realm="provider",nonce="n1",qop="auth"\r\n';
  await registrar.send(responseTo(register, "401 Unauthorized", challenge), source);
  const second = new TextDecoder().decode((await registrar.receive())[0]);
  assert.match(second, /^Authorization: Digest username="trunk",realm="provider",nonce="n1"/m);
  const contact = /^Contact: *(<[^>]+>)/m.exec(second)![1];
  await registrar.send(responseTo(second, "200 OK", `Contact: ${contact};expires=600\r\n`), source);
  await server.waitForLine(/Gateway GW0001 has registered us .* for 600 s/, readyWithin);
  const end = server.stop();
  const last = new TextDecoder().decode((await registrar.receive())[0]);
  assert.match(last, /^Expires: 0\r$/m);
  await registrar.send(responseTo(last, "200 OK", ""), source);
  assert.equal(await end, 0, server.output);
});

function gatewayAt(port: number): string {
  return `- apiVersion: v1beta1
  kind: Gateway
  metadata: { name: Provider, ref: GW0001 }
  spec:
    host: 127.0.0.1:${port}
    transport: udp
    credentials: { username: trunk, secret: trunksecret }
`;
}

function responseTo(request: string, status: string, lines: string): Uint8Array<ArrayBuffer> {
  const copied = request.split("\r\n").filter((line) => /^(?:Via|From|To|Call-ID|CSeq):/.test(line));
  const head = [`SIP/2.0 ${status}`, ...copied].join("\r\n");
  return new TextEncoder().encode(`${head}\r\n${lines}Content-Length: 0\r\n\r\n`);
}

Deno.test("the binary is run by its own client: log in, read, change, restart, stop", async () => {
  await using installation = await install();
  const rest = freePort();
  const config = join(installation.directory, "config");
  await writeConfiguration(config, { port: freePort() });
  const path = join(config, "config.yaml");
  const text = await Deno.readTextFile(path);
  // The runtime that binaries are built on where Deno's is out of reach has no TLS to speak of.
  const insecure = `restService:\n    bindAddr: 127.0.0.1\n    unsecured: true\n    port: ${rest}`;
  await Deno.writeTextFile(path, text.replace(/restService:\s+bindAddr: .*\s+port: \d+/, insecure));
  await using server = installation.start();
  await server.waitForLine(/\bReady\b/, readyWithin);
  assert.match(server.output, /REST service on http:/);
  const routr = async (...args: string[]) => {
    const { code, output } = await installation.run(...args);
    assert.equal(code, 0, output);
    return output;
  };
  await routr("login", `http://127.0.0.1:${rest}`, "-u", "admin", "-p", "changeit");
  assert.match(await routr("get", "agents"), /^\S+ +Agent 1001 +1001 +sip\.local$/m);
  const [agent] = JSON.parse(
    await routr("get", "agents", "--filter", "@.spec.credentials.username=='1002'", "-o", "json"),
  );
  await routr("delete", "agent", agent.metadata.ref);
  assert.doesNotMatch(await routr("get", "agents"), /1002/);
  assert.doesNotMatch(await Deno.readTextFile(join(config, "agents.yaml")), /1002/);
  await routr("restart");
  await server.waitForLine(/\bStopped\b/, readyWithin);
  for (let tries = 0; (await installation.run("ping")).code !== 0; tries++) {
    assert.ok(tries < 20, server.output);
  }
  await routr("stop");
  assert.equal(await server.exitCode(readyWithin), 0);
});

/** Ready in time, two phones register, ten calls between them, and a clean end. */
async function assertServes(server: RunningProcess, port: number): Promise<void> {
  await server.waitForLine(/\bReady\b/, readyWithin);
  await using registration = await startSipp("register", {
    server: port,
    calls: 1,
    rows: [{ user: "1002" }],
  });
  assertAllCalls(await registration.result(), 1);
  await using answering = await startSipp("answer", { server: port, calls: 10, port: registration.port });
  await assertSipp("call", { server: port, calls: 10, rows: [{ user: "1001", callee: "1002" }] });
  assertAllCalls(await answering.result(), 10);
  assert.equal(await server.stop(), 0, server.output);
}

/** Copies the executable and the sample configuration, and nothing else, to a folder of their own. */
async function install(): Promise<Installation> {
  const directory = await Deno.makeTempDir({ prefix: "routr-binary-" });
  await Deno.copyFile(builtBinary, join(directory, "routr"));
  await Deno.mkdir(join(directory, "config"));
  for await (const { name, isFile } of Deno.readDir(join(projectRoot, "config"))) {
    if (!isFile) continue;
    await Deno.copyFile(join(projectRoot, "config", name), join(directory, "config", name));
  }
  return new Installation(directory);
}

class Installation implements AsyncDisposable {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Runs a command of the executable to its end. */
  run(...args: string[]): Promise<{ code: number; output: string }> {
    return runProcess(this.#executable, { ...this.#options, args, lifetime: commandWithin });
  }

  start(...args: string[]): RunningProcess {
    return startProcess(this.#executable, { ...this.#options, args });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }

  get #executable(): string {
    return join(this.directory, "routr");
  }

  get #options() {
    // What the client remembers stays in the folder.
    return { cwd: "/", env: { ...environment, HOME: this.directory }, clearEnv: true };
  }
}

/**
 * Moves a sample configuration to loopback and a free port for SIP, which is returned, and one for REST.
 * SIPp sends whole calls to the server: it has to stay in their path.
 */
async function makeTestable(path: string): Promise<number> {
  const port = freePort();
  const text = await Deno.readTextFile(path);
  const changed = text
    .replace("bindAddr: 0.0.0.0", "bindAddr: 127.0.0.1")
    .replace("recordRoute: false", "recordRoute: true")
    .replaceAll("port: 5060", `port: ${port}`)
    .replaceAll("port: 4567", `port: ${freePort()}`);
  await Deno.writeTextFile(path, changed);
  return port;
}
