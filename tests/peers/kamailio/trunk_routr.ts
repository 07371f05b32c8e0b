/** A routr with gateways, numbers and peers of its own, on UDP and TCP of 127.0.0.1. */
import type { Endpoint } from "../../contract/transport_peers.ts";
import { freePort } from "../../support/ports.ts";
import { type RunningProcess, startProcess } from "../../support/process.ts";
import { domain, RoutrProcess, secret } from "../../support/routr_process.ts";

const projectRoot = new URL("../../../", import.meta.url).pathname;
const readyWithin = 30_000;
const lifetime = 120_000;
const patience = 8_000;

export const did = "17066041487";

export interface TrunkRoutrOptions {
  /** Properties of the gateway's `spec`. */
  readonly gateway: Readonly<Record<string, unknown>>;
  /** User names of the agents of `sip.local`, all with one secret. */
  readonly agents?: readonly string[];
  /** The agent that the number `did` rings: 1001 unless said otherwise. */
  readonly aorLink?: string;
  /** The `spec` of peers. */
  readonly peers?: readonly Readonly<Record<string, unknown>>[];
  /** Further properties of the server's `spec`. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** A server whose domain `sip.local` calls out by the number `did` of one gateway. */
export interface TrunkRoutr extends AsyncDisposable {
  readonly place: Endpoint;
  readonly output: string;
  /** Resolves when it has logged such a line. */
  logged(pattern: RegExp, milliseconds?: number): Promise<string>;
}

/** Resolves when it says that it is ready; it registers with the gateway right after. */
export async function startTrunkRoutr(options: TrunkRoutrOptions): Promise<TrunkRoutr> {
  const directory = await Deno.makeTempDir({ prefix: "routr-test-" });
  const port = freePort();
  // JSON is YAML.
  for (const [name, value] of Object.entries(filesOf(options, port))) {
    await Deno.writeTextFile(`${directory}/${name}.yaml`, JSON.stringify(value, null, 1));
  }
  const child = startProcess(Deno.execPath(), {
    args: ["run", "--permission-set=start", "main.ts", "--config", directory],
    cwd: projectRoot,
    env: { NO_COLOR: "1" },
    lifetime,
  });
  const process = new RoutrProcess(child, { port, directory });
  try {
    await child.waitForLine(/\bReady\b/, readyWithin);
  } catch (error) {
    await process.stop();
    throw error;
  }
  return trunkRoutr(process, child);
}

function trunkRoutr(process: RoutrProcess, child: RunningProcess): TrunkRoutr {
  return {
    place: { address: "127.0.0.1", port: process.port },
    get output() {
      return process.output;
    },
    logged: (pattern, milliseconds = patience) => child.waitForLine(pattern, milliseconds),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

function filesOf(options: TrunkRoutrOptions, port: number): Readonly<Record<string, unknown>> {
  const { gateway, agents = ["1001", "1002"], aorLink = `sip:1001@${domain}`, peers = [] } = options;
  const apiVersion = "v1beta1";
  const listener = (protocol: string) => ({ protocol, port });
  return {
    config: {
      apiVersion,
      spec: {
        bindAddr: "127.0.0.1",
        recordRoute: true,
        restService: { bindAddr: "127.0.0.1", port: freePort(), unsecured: true },
        transport: [listener("udp"), listener("tcp")],
        ...options.spec,
      },
    },
    domains: [{
      apiVersion,
      kind: "Domain",
      metadata: { name: "Test domain" },
      spec: { context: { domainUri: domain, egressPolicy: { rule: ".*", didRef: "DID0001" } } },
    }],
    agents: agents.map((username) => ({
      apiVersion,
      kind: "Agent",
      metadata: { name: `Agent ${username}` },
      spec: { credentials: { username, secret }, domains: [domain] },
    })),
    gateways: [{ apiVersion, kind: "Gateway", metadata: { name: "Provider", ref: "GW0001" }, spec: gateway }],
    dids: [{
      apiVersion,
      kind: "DID",
      metadata: { ref: "DID0001", gwRef: "GW0001" },
      spec: { location: { telUrl: `tel:${did}`, aorLink } },
    }],
    peers: peers.map((spec, index) => ({
      apiVersion,
      kind: "Peer",
      metadata: { name: `Peer ${index + 1}` },
      spec,
    })),
  };
}
