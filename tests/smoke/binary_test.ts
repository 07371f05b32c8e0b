// The executable in a folder with `config/`, without Deno on the host.

import assert from "node:assert/strict";
import { join } from "node:path";
import manifest from "../../deno.json" with { type: "json" };
import { assertAllCalls, assertSipp, startSipp } from "../peers/sipp.ts";
import { freePort } from "../support/ports.ts";
import type { RunningProcess } from "../support/process.ts";
import { writeConfiguration } from "../support/routr_process.ts";
import { install, makeTestable, readyWithin } from "./installation.ts";

Deno.test("the binary prints its version", async () => {
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
  const secrets = [...output.matchAll(/^ *100[12]@sip\.local +(\S+)$/gm)].map(([, secret]) => secret);
  assert.equal(secrets.length, 2, output);
  await using server = installation.start("--config", directory);
  await assertServes(server, port, secrets);
});

Deno.test("the binary cannot touch programs, and cannot read passwords of the system", async () => {
  await using installation = await install();
  const folder = `/usr/bin/routr-${crypto.randomUUID()}`;
  const { code, output } = await installation.run("init", folder);
  assert.equal(code, 1, output);
  assert.match(output, /Requires write access to "\/usr\/bin\//);
  await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
  const read = await installation.run(
    "apply",
    "-f",
    "/etc/shadow",
    "--url",
    "http://127.0.0.1:1",
    "--token",
    "x",
  );
  assert.notEqual(read.code, 0, read.output);
  assert.match(read.output, /Requires read access to "\/etc\/shadow"/);
});

Deno.test("the binary warns of the samples, and says what that means", async () => {
  await using installation = await install();
  const { code, output } = await installation.run("check");
  assert.equal(code, 0, output);
  assert.match(
    output,
    /Warning: 2 agents with the secret of a sample, .*: "1001", "1002"\. They are served in local networks only/,
  );
  assert.match(
    output,
    /Warning: 1 user with the secret of a sample, .*: "admin"\. The REST service is open to this host only/,
  );
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
  const { message: register, source } = await receiveOther(registrar, "");
  assert.match(register, /^REGISTER sip:127\.0\.0\.1:/);
  const challenge = 'WWW-Authenticate: Digest realm="provider",nonce="n1",qop="auth"\r\n';
  await registrar.send(responseTo(register, "401 Unauthorized", challenge), source);
  const { message: second } = await receiveOther(registrar, register);
  assert.match(second, /^Authorization: Digest username="trunk",realm="provider",nonce="n1"/m);
  const contact = /^Contact: *(<[^>]+>)/m.exec(second)![1];
  await registrar.send(responseTo(second, "200 OK", `Contact: ${contact};expires=600\r\n`), source);
  await server.waitForLine(/Gateway GW0001 has registered us .* for 600 s/, readyWithin);
  const end = server.stop();
  const { message: last } = await receiveOther(registrar, second);
  assert.match(last, /^Expires: 0\r$/m);
  await registrar.send(responseTo(last, "200 OK", ""), source);
  assert.equal(await end, 0, server.output);
});

/** Returns the next message that is no retransmission of the one before. */
async function receiveOther(socket: Deno.DatagramConn, before: string) {
  for (;;) {
    const [bytes, source] = await socket.receive();
    const message = new TextDecoder().decode(bytes);
    if (message !== before) return { message, source };
  }
}

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

/** Asserts that it is ready in time, registers two phones, serves ten calls between them, and ends cleanly. */
async function assertServes(
  server: RunningProcess,
  port: number,
  [first, second]: readonly (string | undefined)[] = [],
): Promise<void> {
  await server.waitForLine(/\bReady\b/, readyWithin);
  await using registration = await startSipp("register", {
    server: port,
    calls: 1,
    rows: [{ user: "1002", password: second }],
  });
  assertAllCalls(await registration.result(), 1);
  await using answering = await startSipp("answer", { server: port, calls: 10, port: registration.port });
  await assertSipp("call", {
    server: port,
    calls: 10,
    rows: [{ user: "1001", password: first, callee: "1002" }],
  });
  assertAllCalls(await answering.result(), 10);
  assert.equal(await server.stop(), 0, server.output);
}
