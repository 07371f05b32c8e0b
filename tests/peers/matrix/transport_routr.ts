/** A routr of its own on several transports and loopback addresses, started as users start it. */
import type { TlsIdentity } from "../../contract/peers/tls_peers.ts";
import type { Endpoint } from "../../contract/transport_peers.ts";
import { TestCertificates } from "../../support/certificates.ts";
import { freePort } from "../../support/ports.ts";
import { startProcess } from "../../support/process.ts";
import { RoutrProcess, writeConfiguration } from "../../support/routr_process.ts";
import { type Protocol, protocols, type Way } from "./way.ts";

const projectRoot = new URL("../../../", import.meta.url).pathname;
const readyWithin = 60_000;
const lifetime = 240_000;

export interface TransportRoutrOptions {
  readonly agents: readonly string[];
  /** Addresses without brackets, on each of which it listens for every transport. */
  readonly bindAddresses: readonly string[];
  /** Lines of `spec`, indented by two. */
  readonly spec?: string;
  /** Properties of `spec.securityContext`. */
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** A running server and what its peers need to know. */
export interface TransportRoutr extends AsyncDisposable {
  readonly certificates: TestCertificates;
  /** The certificates that phones trust, and could show. */
  readonly identity: TlsIdentity;
  readonly output: string;
  /** The address of the server for phones of this kind. */
  endpointOf(way: Way): Endpoint;
  /** Resolves when it has logged such a line. */
  logged(pattern: RegExp): Promise<string>;
}

/** Resolves when it says that it is ready; every listener has to come up. */
export async function startTransportRoutr(options: TransportRoutrOptions): Promise<TransportRoutr> {
  const directory = await Deno.makeTempDir({ prefix: "routr-test-" });
  const certificates = new TestCertificates();
  const own = certificates.issue({
    name: "sip.local",
    dnsNames: ["sip.local"],
    ipAddresses: ["127.0.0.1", "::1"],
    clientAuth: true,
  });
  const ports = new Map<Protocol, number>(protocols.map((protocol) => [protocol, freePort()]));
  await writeConfiguration(directory, { port: ports.get("udp")!, agents: options.agents });
  const listeners = options.bindAddresses.flatMap((bindAddr) =>
    protocols.map((protocol) => ({ protocol, port: ports.get(protocol), bindAddr }))
  );
  const securityContext = {
    keyStore: own.both,
    keyStoreType: "pem",
    trustStore: certificates.root.certificate,
    ...options.securityContext,
  };
  await Deno.writeTextFile(
    `${directory}/config.yaml`,
    `apiVersion: v1beta1
spec:
  strictListeners: true
  restService:
    bindAddr: 127.0.0.1
    port: ${freePort()}
    unsecured: true
  transport: ${JSON.stringify(listeners)}
  securityContext: ${JSON.stringify(securityContext)}
${options.spec ?? ""}`,
  );
  const child = startProcess(Deno.execPath(), {
    args: ["run", "--permission-set=start", "main.ts", "--config", directory],
    cwd: projectRoot,
    env: { NO_COLOR: "1", ...options.env },
    lifetime,
  });
  const process = new RoutrProcess(child, { port: ports.get("udp")!, directory });
  const identity = {
    certificate: await Deno.readTextFile(own.chain),
    privateKey: await Deno.readTextFile(own.privateKey),
    authority: await Deno.readTextFile(certificates.root.certificate),
  };
  try {
    await child.waitForLine(/\bReady\b/, readyWithin);
  } catch (error) {
    await process.stop();
    certificates[Symbol.dispose]();
    throw error;
  }
  return {
    certificates,
    identity,
    get output() {
      return process.output;
    },
    endpointOf: ({ protocol, address }) => ({ address, port: ports.get(protocol)! }),
    logged: (pattern) => child.waitForLine(pattern, 5_000),
    async [Symbol.asyncDispose]() {
      certificates[Symbol.dispose]();
      await process[Symbol.asyncDispose]();
    },
  };
}
