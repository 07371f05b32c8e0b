/**
 * Configurations of Routr v1 from its releases, charts and guides: `routr check` reports faults and properties without
 * effect, and calls succeed. Each folder is a configuration; `environment` has its variables.
 */
import assert from "node:assert/strict";
import { check } from "../../src/cli/check.ts";
import type { Environment } from "../../src/config/environment.ts";
import { loadConfiguration } from "../../src/config/load_configuration.ts";
import { FilesDataProvider } from "../../src/data/files_data_provider.ts";
import { LiveDirectory } from "../../src/data/live_directory.ts";
import { KINDS, type Resource } from "../../src/data/resource.ts";
import type { Phone } from "../support/phone.ts";
import { Network, SERVER } from "../support/scenario.ts";
import { ackTo } from "../support/sip_text.ts";

const SETS = new URL(".", import.meta.url).pathname;
const PROVIDER = "203.0.113.1";

interface Migration {
  readonly set: string;
  /** The faults that `check` prints, in order. */
  readonly faults?: readonly RegExp[];
  /** The warnings that `check` prints, apart from those about secrets. */
  readonly warnings?: readonly RegExp[];
  /** A number that agents dial, and the endpoint of the provider. */
  readonly out?: { readonly number: string; readonly protocol: "udp" | "tcp"; readonly port: number };
  /** The server registers with the provider. */
  readonly registers?: true;
  /** The agent that a call from the provider rings, and the dialled number. */
  readonly in?: string;
  /** The network of the phones, a private one unless set: the secret of a sample is good in local networks only. */
  readonly phones?: string;
}

const MIGRATIONS: readonly Migration[] = [
  {
    set: "first_release",
    registers: true,
    out: { number: "12025550143", protocol: "udp", port: 5060 },
    in: "0000000000",
  },
  {
    set: "last_release",
    // The key store of the image is missing.
    faults: [
      /^config\.yml:2:1: spec\.securityContext\.keyStore is "etc\/certs\/domains-cert\.jks", unusable: there is no/,
    ],
    out: { number: "12025550143", protocol: "tcp", port: 5061 },
    in: "+19195550120",
  },
  {
    set: "compose",
    faults: [
      /^environment: SALT is too short, expected base64 of at least 12 bytes, .*without any, one is made/,
      /^environment: REST_SERVICE_KEY_STORE is "etc\/certs\/api-cert\.jks", unusable: .*without one, the service makes one/,
    ],
    warnings: [
      /^spec\.restService\.minThreads has no effect/,
      /^spec\.restService\.maxThreads has no effect/,
      /^spec\.restService\.trustStore has no effect: it is the key store/,
    ],
  },
  { set: "chart" },
  { set: "online_editor" },
  {
    set: "behind_nat",
    phones: "192.0.2",
    warnings: [
      /^spec\.grpcService has no effect/,
      /^spec\.accessControlList: rule 0\.0\.0\.0\/1 covers only half/,
      /^Domain "sip\.local": rule 0\.0\.0\.0\/1 covers only half/,
      /^Peer "ast": device sip\.local is a domain too/,
    ],
    out: { number: "12025550143", protocol: "udp", port: 5060 },
  },
];

for (const migration of MIGRATIONS) {
  Deno.test(`migration: check says of ${migration.set} what has to be done`, async () => {
    const { status, lines } = await checked(migration.set);
    const isSecret = /with the secret of a sample|soon guessed|can read secrets/;
    const told = lines.slice(0, -3).filter((line) => !isSecret.test(line));
    const warnings = told.filter((line) => line.startsWith("Warning: ")).map((line) => line.slice(9));
    assertAll(told.filter((line) => !line.startsWith("Warning: ")), migration.faults ?? []);
    assertAll(warnings, migration.warnings ?? []);
    assert.equal(status, migration.faults === undefined ? 0 : 1);
  });

  Deno.test(`migration: calls go through ${migration.set}`, async () => {
    const net = await startNetwork(migration.set);
    try {
      if (migration.registers) await letRegister(net);
      const [first, second] = ["1001", "1002"].map((username, i) =>
        net.phone(username, { address: `${migration.phones ?? "192.168.7"}.${11 + i}`, secret: "1234" })
      );
      first.register();
      second.register();
      callThrough(first, second, "sip:1002@sip.local");
      callThrough(second, first, "sip:1001@sip.local");
      if (migration.out !== undefined) await callOut(net, first, migration.out);
      if (migration.in !== undefined) callIn(net, first, { ...migration.out!, number: migration.in });
      net.expectNothing();
    } finally {
      const stopped = net.stop();
      if (migration.registers) await letRegister(net);
      await stopped;
    }
  });
}

Deno.test("migration: former names are refused with the present ones", async () => {
  const { status, lines } = await checked("former_name");
  assert.equal(status, 1);
  const text = lines.join("\n");
  assert.match(text, /^environment: SIPIO_EXTERN_ADDR is a former name, expected EXTERN_ADDR$/m);
  const withoutVariables = await checked("former_name", {});
  assert.match(
    withoutVariables.lines.join("\n"),
    /^config\.yml:1:13: apiVersion is "v1draft1", expected v1beta1/m,
  );
  assert.match(
    text,
    /^gateways\.yml:4:3: spec\.host is missing, expected the host of the gateway/m,
  );
});

async function environmentOf(set: string): Promise<Environment> {
  const text = await Deno.readTextFile(`${SETS}${set}/environment`).catch(() => "");
  return Object.fromEntries(text.split("\n").filter(Boolean).map((line) => line.split(/=(.*)/s, 2)));
}

async function checked(set: string, env?: Environment): Promise<{ status: number; lines: string[] }> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (line: string) => lines.push(line.replaceAll(`${SETS}${set}/`, ""));
  try {
    const status = await check({
      directory: `${SETS}${set}`,
      env: env ?? await environmentOf(set),
      executableDirectory: "/",
    });
    return { status, lines };
  } finally {
    console.log = log;
  }
}

function assertAll(lines: readonly string[], patterns: readonly RegExp[]): void {
  assert.equal(lines.length, patterns.length, lines.join("\n"));
  for (const [i, pattern] of patterns.entries()) assert.match(lines[i], pattern);
}

/** Starts the server with a configuration on a network in memory. */
async function startNetwork(set: string): Promise<Network> {
  const directory = `${SETS}${set}`;
  const env = await environmentOf(set);
  const { document } = await loadConfiguration({ directory, env, executableDirectory: "/" });
  const { metadata, spec } = document as { metadata?: object; spec?: Record<string, unknown> };
  const live = new LiveDirectory(new FilesDataProvider(directory));
  await live.load();
  live.close();
  const loaded = (Object.keys(KINDS) as (keyof typeof KINDS)[])
    .flatMap((kind): Resource[] => [...live.directory.resources(kind)]);
  // The listeners are those of the network.
  const { transport: _, ...rest } = spec ?? {};
  return await Network.start({
    domains: [],
    agents: [],
    loaded,
    names: { "sip.provider.net": [PROVIDER] },
    spec: { ...rest, bindAddr: SERVER, ...metadata && {} },
  });
}

/** Makes a call that is answered, and ended by the caller. */
function callThrough(caller: Phone, callee: Phone, target: string): void {
  const invite = caller.invite(target);
  const ringing = callee.expect("INVITE ");
  callee.answer(ringing, "180 Ringing");
  caller.expect("180");
  callee.accept(ringing);
  const answer = caller.expect("200");
  caller.sendAsIs(withRoutes(ackTo(invite, answer), answer));
  callee.takeAll();
}

/** Adds the routes of the answer, by which the ACK of a 2xx goes to its Contact (§12.2.1.1). */
function withRoutes(ack: string, answer: string): string {
  const routes = [...answer.matchAll(/^Record-Route: *(.*)$/gmi)].map(([, route]) => route).reverse();
  const contact = /^Contact: *<([^>]+)>/mi.exec(answer)![1];
  const lines = routes.map((route) => `Route: ${route.trim()}\r\n`).join("");
  return ack.replace(/^ACK \S+/, `ACK ${contact}`).replace(/^Via:/m, `${lines}Via:`);
}

/** Answers a REGISTER to the provider. */
async function letRegister(net: Network): Promise<void> {
  await net.settle();
  const registrar = net.phone("provider", { address: PROVIDER });
  const register = registrar.expect("REGISTER sip:sip.provider.net ");
  registrar.answer(register, "200 OK", { lines: `${/^Contact:.*$/m.exec(register)![0]};expires=3600` });
}

async function callOut(
  net: Network,
  caller: Phone,
  { number, protocol, port }: NonNullable<Migration["out"]>,
): Promise<void> {
  const trunk = net.phone("provider", { address: PROVIDER, domain: PROVIDER, protocol, port });
  caller.invite(`sip:${number}@sip.local`);
  await net.settle();
  const invite = trunk.expect(`INVITE sip:${number}@`);
  trunk.answer(invite, "180 Ringing");
  caller.expect("180");
  trunk.answer(invite, "486 Busy Here");
  trunk.expect("ACK ");
  caller.expect("486");
}

function callIn(
  net: Network,
  callee: Phone,
  { number, protocol, port }: NonNullable<Migration["out"]>,
): void {
  const trunk = net.phone("+4930", { address: PROVIDER, domain: PROVIDER, protocol, port });
  trunk.send(`INVITE sip:${number}@${SERVER} SIP/2.0\nContact: <${trunk.uri}>`);
  trunk.expect("100");
  const ringing = callee.expect("INVITE ");
  callee.answer(ringing, "486 Busy Here");
  callee.expect("ACK ");
  trunk.expect("486");
}
