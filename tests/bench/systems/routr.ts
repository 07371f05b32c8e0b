// This project's server, started as a user would: on a configuration directory, from source or as the compiled binary.

import { join } from "node:path";
import { DOMAIN, SECRET, subscribers } from "../load/subscribers.ts";
import type { ConnectionProtocol } from "../load/phone_connection.ts";
import { type ProcessCommand, RunningProcess } from "../process/running_process.ts";
import { freePort } from "../process/local_port.ts";
import { type BenchedSystem, whenServing } from "./benched_system.ts";
import { makeCertificate } from "./certificate.ts";

export interface RoutrOptions {
  /** An empty directory for its configuration. */
  readonly directory: string;
  /** How many agents it knows. */
  readonly users: number;
  /** What phones connect by, beside UDP. */
  readonly protocol?: ConnectionProtocol;
  /** The compiled executable; without it the source runs under this Deno. */
  readonly binary?: string;
  /** TCP port of the V8 inspector; from source only. */
  readonly inspectorPort?: number;
  /** Environment variables; its state is in its directory unless `STATE_DIR` is one of them. */
  readonly env?: Readonly<Record<string, string>>;
}

/** As in deno.json and build.sh: with more room for the young it takes 50 MB more under load, and no less CPU. */
const V8_FLAGS = "--v8-flags=--max-semi-space-size=8,--expose-gc";

/** Contacts one agent may register. */
export const CONTACTS_PER_USER = 10;

/** Milliseconds. */
const READY_TIMEOUT = 60_000;

const ROOT = join(import.meta.dirname!, "../../..");

export async function startRoutr(options: RoutrOptions): Promise<BenchedSystem> {
  const ports = await writeSubscribersConfiguration(options);
  return await startConfiguredRoutr({ ...options, ...ports });
}

/** Where a configuration lets routr listen. */
export interface RoutrPorts {
  readonly port: number;
  readonly connectionPort?: number;
}

/** Writes a configuration with the first subscribers in one domain, and returns the ports in it. */
export async function writeSubscribersConfiguration(
  options: Pick<RoutrOptions, "directory" | "users" | "protocol">,
): Promise<RoutrPorts> {
  const { protocol } = options;
  const port = freePort();
  const connectionPort = protocol && freePort();
  const transport = [{ protocol: "udp", port }];
  if (connectionPort) transport.push({ protocol, port: connectionPort });
  await writeConfiguration(options, transport);
  return { port, connectionPort };
}

/** Where routr finds its configuration, and where that lets it listen. */
export interface ConfiguredRoutrOptions
  extends RoutrPorts, Pick<RoutrOptions, "directory" | "binary" | "inspectorPort" | "env"> {}

/** On a directory that has everything already. */
export async function startConfiguredRoutr(options: ConfiguredRoutrOptions): Promise<BenchedSystem> {
  const { port, connectionPort, inspectorPort } = options;
  const process = new RunningProcess(routrCommand(options));
  return await whenServing({ name: "routr", process, port, connectionPort, inspectorPort });
}

/** As `startConfiguredRoutr`, but `readyAfter` is the time until it says that it is ready, with all that it kept. */
export async function startReadyRoutr(options: ConfiguredRoutrOptions): Promise<BenchedSystem> {
  const { port, connectionPort, inspectorPort } = options;
  const process = new RunningProcess(routrCommand(options));
  await process.untilOutput(/\bReady$/m, READY_TIMEOUT);
  const readyAfter = performance.now() - process.startedAt;
  return { name: "routr", process, port, connectionPort, inspectorPort, isServer: true, readyAfter };
}

/** The command that starts it from source, or the binary. */
export function routrCommand(
  { directory, binary, inspectorPort, env }: Omit<ConfiguredRoutrOptions, keyof RoutrPorts>,
): ProcessCommand {
  const serverArgs = ["--config", directory];
  const environment = { STATE_DIR: join(directory, "state"), ...env };
  if (binary) return { path: binary, args: serverArgs, env: environment };
  const inspect = inspectorPort ? [`--inspect=127.0.0.1:${inspectorPort}`] : [];
  return {
    path: Deno.execPath(),
    args: ["run", V8_FLAGS, "-P=start", ...inspect, "main.ts", ...serverArgs],
    cwd: ROOT,
    env: environment,
  };
}

async function writeConfiguration(
  { directory, users, protocol }: Pick<RoutrOptions, "directory" | "users" | "protocol">,
  transport: readonly { protocol: string; port: number }[],
): Promise<void> {
  const files: Record<string, unknown> = {
    "config.yaml": {
      apiVersion: "v1beta1",
      metadata: { userAgent: "routr" },
      spec: {
        bindAddr: "127.0.0.1",
        recordRoute: true,
        restService: { bindAddr: "127.0.0.1", port: freePort(), unsecured: true },
        transport,
        ...protocol === "tls" ? { securityContext: await securityContext(directory) } : {},
      },
    },
    "domains.yaml": [resource("Domain", DOMAIN, { context: { domainUri: DOMAIN } })],
    "users.yaml": [resource("User", "admin", { credentials: { username: "admin", secret: SECRET } })],
    "agents.yaml": subscribers(users).map((username) =>
      resource("Agent", `Agent ${username}`, {
        credentials: { username, secret: SECRET },
        domains: [DOMAIN],
        maxContacts: CONTACTS_PER_USER,
      })
    ),
  };
  await writeFiles(directory, files);
}

/** Writes configuration files by their names; JSON is YAML. */
export async function writeFiles(directory: string, files: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await Deno.writeTextFile(join(directory, name), JSON.stringify(content, null, 2));
  }
}

async function securityContext(directory: string) {
  const { key, certificate } = await makeCertificate(directory);
  return {
    keyStore: certificate,
    privateKey: key,
    keyStoreType: "pem",
    client: { authType: "Disabled" },
  };
}

/** @param metadata besides the name */
export function resource(kind: string, name: string, spec: Record<string, unknown>, metadata = {}) {
  return { apiVersion: "v1beta1", kind, metadata: { name, ...metadata }, spec };
}
