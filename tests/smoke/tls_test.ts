// TLS of the executable: phones by TLS and WSS, HTTPS, and its own client, also on an older runtime.

import assert from "node:assert/strict";
import { join } from "node:path";
import tls from "node:tls";
import { type TestCertificate, TestCertificates } from "../support/certificates.ts";
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { walkTour } from "../support/readme_tour.ts";
import { install, type Installation, readyWithin } from "./installation.ts";
import { pause } from "../support/pause.ts";

const answerWithin = 20_000;

Deno.test("the binary: each line of the README's tour does what it says", async () => {
  await using installation = await install();
  await walkTour({
    start: (args) => startProcess(installation.executable, { args, env: { NO_COLOR: "1" } }),
    command: `'${installation.executable}'`,
  });
});

Deno.test("the binary is asked over tls and wss, and shows a replaced certificate from then on", async () => {
  await using installation = await install();
  using certificates = new TestCertificates();
  const ports = { tls: freePort(), wss: freePort(), rest: freePort() };
  const [first, second] = ["first", "second"].map((name) =>
    certificates.issue({ name, dnsNames: ["sip.local"], ipAddresses: ["127.0.0.1"] })
  );
  await configure(installation, ports);
  await show(installation, first);
  await using server = installation.start();
  await server.waitForLine(/\bReady$/m, readyWithin);
  for (const scheme of ["tls", "wss"] as const) await server.waitForLine(listening(scheme, ports[scheme]), 0);
  const ca = await Deno.readTextFile(certificates.root.certificate);
  assert.equal(await answerOverTls(ports.tls, ca), "SIP/2.0 407 Proxy Authentication Required from first");
  assert.equal(await answerOverWebSocket(ports.wss, ca), "SIP/2.0 407 Proxy Authentication Required");
  await show(installation, second);
  let answer = "";
  for (let tries = 0; tries < 40 && !answer.endsWith("second"); tries++) {
    answer = await answerOverTls(ports.tls, ca).catch((error) => String(error));
    await pause(250);
  }
  assert.equal(answer, "SIP/2.0 407 Proxy Authentication Required from second");
  assert.equal(await server.stop(), 0, server.output);
});

Deno.test("the binary's client: --cacert and --insecure, at the login and later, and untrusted servers", async () => {
  await using installation = await install();
  using certificates = new TestCertificates();
  const rest = freePort();
  const pair = certificates.issue({ name: "routr", ipAddresses: ["127.0.0.1"] });
  await configure(installation, { tls: freePort(), wss: freePort(), rest }, `keyStore: ${pair.both}`);
  await show(installation, pair);
  await using server = installation.start();
  await server.waitForLine(/\bReady$/m, readyWithin);
  const url = `https://127.0.0.1:${rest}`;
  const login = ["login", url, "-u", "admin", "-p", "changeit"];
  const routr = async (expected: number, ...args: string[]) => {
    const { code, output } = await installation.run(...args);
    assert.equal(code, expected, `${args.join(" ")}\n${output}\n${server.output}`);
    return output;
  };
  assert.match(await routr(1, ...login), /Cannot trust https:.*: nobody known has signed its certificate/);
  await routr(0, ...login, "--cacert", certificates.root.certificate);
  assert.match(await routr(0, "get", "agents"), /1001/);
  assert.match(await routr(0, "ping"), /is up/);
  const more = join(installation.directory, "more.yaml");
  await Deno.writeTextFile(more, await Deno.readTextFile(join(installation.directory, "config/agents.yaml")));
  assert.match(await routr(0, "apply", "-f", more), /changed/);
  await routr(0, "logout");
  await routr(0, ...login, "--insecure");
  assert.match(await routr(0, "get", "agents", "--insecure"), /1001/);
  // A private authority has signed it.
  await routr(1, "get", "agents");
  assert.equal(await server.stop(), 0, server.output);
});

Deno.test("the binary registers over tls with a gateway whose certificate is its own, and with no other", async () => {
  await using installation = await install();
  using certificates = new TestCertificates();
  const [right, wrong] = ["localhost", "elsewhere.example"].map((name) =>
    registrarOverTls(certificates.issue({ name, dnsNames: [name] }))
  );
  await using cleanUp = new AsyncDisposableStack();
  for (const { listener } of [right, wrong]) cleanUp.defer(() => listener.close());
  const own = certificates.issue({ name: "routr", dnsNames: ["sip.local"] });
  const path = await configure(installation, { tls: freePort(), wss: freePort(), rest: freePort() });
  await show(installation, own);
  const text = await Deno.readTextFile(path);
  const trust = `securityContext:\n    trustStore: ${certificates.root.certificate}`;
  await Deno.writeTextFile(path, text.replace("securityContext:", trust));
  const gateways = [right, wrong].map(({ listener }, i) =>
    `- apiVersion: v1beta1
  kind: Gateway
  metadata: { name: Provider, ref: GW000${i + 1} }
  spec:
    host: localhost:${listener.addr.port}
    transport: tls
    credentials: { username: trunk, secret: trunk-secret }
`
  );
  await Deno.writeTextFile(join(installation.directory, "config/gateways.yaml"), gateways.join(""));
  await using server = installation.start();
  await server.waitForLine(/Gateway GW0001 has registered us/, readyWithin);
  await server.waitForLine(
    /Gateway GW0002 .*certificate is for elsewhere\.example, not for localhost/,
    readyWithin,
  );
  assert.match(right.requests[0], /^REGISTER sip:localhost:/);
  assert.deepEqual(wrong.requests, []);
  assert.equal(await server.stop(20_000), 0, server.output);
});

/** Accepts every REGISTER. */
function registrarOverTls(
  { chain, privateKey }: TestCertificate,
): { listener: Deno.TlsListener; requests: string[] } {
  const [cert, key] = [chain, privateKey].map((path) => Deno.readTextFileSync(path));
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const requests: string[] = [];
  const serve = async (connection: Deno.TlsConn) => {
    for await (const bytes of connection.readable) {
      const request = new TextDecoder().decode(bytes);
      requests.push(request);
      const rows = request.split("\r\n").filter((row) =>
        /^(?:Via|From|To|Call-ID|CSeq|Contact|Expires):/.test(row)
      );
      const answer = ["SIP/2.0 200 OK", ...rows, "Content-Length: 0\r\n\r\n"].join("\r\n");
      await connection.write(new TextEncoder().encode(answer));
    }
  };
  (async () => {
    for await (const connection of listener) serve(connection).catch(() => {});
  })().catch(() => {});
  return { listener, requests };
}

Deno.test("the binary reports why TLS cannot be served, and so does check", async () => {
  await using installation = await install();
  await configure(installation, { tls: freePort(), wss: freePort(), rest: freePort() });
  const missing =
    /config\.yaml:\d+:\d+: spec\.securityContext\.keyStore is ".*cert\.pem", unusable: there is no such file/;
  const { code, output } = await installation.run("check");
  assert.equal(code, 1, output);
  assert.match(output, missing);
  await using server = installation.start();
  await server.waitForLine(/\bReady, but without tls 127\.0\.0\.1:\d+, wss 127\.0\.0\.1:\d+$/m, readyWithin);
  assert.match(server.output, missing);
  assert.equal(await server.stop(), 0, server.output);
});

Deno.test("the binary reads everything again at SIGHUP, and lives through other signals and a restart", async () => {
  await using installation = await install();
  const rest = freePort();
  const path = await configure(installation, { tls: freePort(), wss: freePort(), rest }, "unsecured: true");
  await using server = installation.start();
  await server.waitForLine(/\bReady\b/, readyWithin);
  for (const signal of ["SIGUSR1", "SIGUSR2", "SIGALRM"] as const) server.signal(signal);
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, `${text}  logging: { traceLevel: 5 }\n  recordRoute: true\n`);
  server.signal("SIGHUP");
  await server.waitForLine(/Only a restart takes over spec\.recordRoute$/m, readyWithin);
  await server.waitForLine(/In force from now on: spec\.logging$/m, readyWithin);
  await Deno.writeTextFile(path, `${text}  bindAdr: 127.0.0.1\n`);
  server.signal("SIGHUP");
  await server.waitForLine(/spec\.bindAdr is not a known property/, readyWithin);
  await server.waitForLine(/The configuration stays as it was/, readyWithin);
  await Deno.writeTextFile(path, text);
  await installation.run("login", `http://127.0.0.1:${rest}`, "-u", "admin", "-p", "changeit");
  const { code, output } = await installation.run("restart");
  assert.equal(code, 0, output);
  await server.waitForLine(/\bStopped$/, readyWithin);
  const deadline = performance.now() + readyWithin;
  while (!/\bStopped\n[^]*\bReady\b/.test(server.output)) {
    assert.ok(performance.now() < deadline, server.output);
    await pause(100);
  }
  // The timeout of a stop is ten seconds.
  await pause(11_000);
  assert.doesNotMatch(server.output, /takes too long/);
  assert.equal(await server.stop(), 0, server.output);
});

/** Writes `config.yaml` and returns its path. */
async function configure(
  { directory }: Installation,
  ports: Readonly<Record<"tls" | "wss" | "rest", number>>,
  restService = "unsecured: false",
): Promise<string> {
  const path = join(directory, "config/config.yaml");
  await Deno.writeTextFile(
    path,
    `apiVersion: v1beta1
spec:
  bindAddr: 127.0.0.1
  transport:
    - { protocol: udp, port: ${freePort()} }
    - { protocol: tls, port: ${ports.tls} }
    - { protocol: wss, port: ${ports.wss} }
  securityContext:
    keyStore: ${join(directory, "cert.pem")}
    privateKey: ${join(directory, "key.pem")}
  restService: { bindAddr: 127.0.0.1, port: ${ports.rest}, ${restService} }
`,
  );
  return path;
}

async function show(
  { directory }: Installation,
  { certificate, privateKey }: { certificate: string; privateKey: string },
): Promise<void> {
  await Deno.copyFile(privateKey, join(directory, "key.pem"));
  await Deno.copyFile(certificate, join(directory, "cert.pem"));
}

function listening(protocol: string, port: number): RegExp {
  return new RegExp(`Listening on ${protocol} 127\\.0\\.0\\.1:${port}$`, "m");
}

/** Returns the INVITE of a stranger, which is challenged. */
function invite(transport: string): string {
  return [
    "INVITE sip:1002@sip.local SIP/2.0",
    `Via: SIP/2.0/${transport} 127.0.0.1:9;branch=z9hG4bK${crypto.randomUUID()}`,
    "Max-Forwards: 70",
    "From: <sip:1001@sip.local>;tag=1",
    "To: <sip:1002@sip.local>",
    `Call-ID: ${crypto.randomUUID()}`,
    "CSeq: 1 INVITE",
    "Contact: <sip:1001@127.0.0.1:9>",
    "Content-Length: 0\r\n\r\n",
  ].join("\r\n");
}

/** Returns the status line of the answer, and the subject of the shown certificate. */
function answerOverTls(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port, servername: "sip.local", ca }, () => {
      socket.write(invite("TLS"));
    });
    socket.on("data", (bytes) => {
      const { CN } = socket.getPeerCertificate().subject;
      resolve(`${bytes.toString("latin1").split("\r\n")[0]} from ${CN}`);
      socket.destroy();
    });
    socket.on("error", reject);
    socket.setTimeout(answerWithin, () => socket.destroy(new Error("no answer over TLS")));
  });
}

async function answerOverWebSocket(port: number, ca: string): Promise<string> {
  using client = Deno.createHttpClient({ caCerts: [ca] });
  const socket = new WebSocket(`wss://127.0.0.1:${port}`, { protocols: ["sip"], client });
  try {
    return await new Promise((resolve, reject) => {
      socket.onopen = () => socket.send(invite("WSS"));
      socket.onmessage = ({ data }) => resolve(String(data).split("\r\n")[0]);
      socket.onerror = () => reject(new Error("no answer over WebSocket"));
    });
  } finally {
    socket.close();
  }
}
