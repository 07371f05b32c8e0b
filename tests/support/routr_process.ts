// A routr of its own for one test: temporary configuration, free ports on 127.0.0.1, ended by its pid.

import { freePort } from "./ports.ts";
import { RunningProcess, startProcess } from "./process.ts";

const projectRoot = new URL("../../", import.meta.url).pathname;
/** Compiling a cold module cache takes long. */
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;

export const domain = "sip.local";
/** No secret of a sample, which is good in local networks only. */
export const secret = "k3jd9skq";

export interface RoutrOptions {
  /** User names of the agents of `sip.local`, with the secret of this file. */
  readonly agents?: readonly string[];
  /** `spec.recordRoute`; true by default. */
  readonly recordRoute?: boolean;
  /** `spec.access`. */
  readonly access?: Readonly<Record<string, unknown>>;
}

/** Writes a configuration folder, starts the server and resolves when it is ready. */
export async function startRoutr(options: RoutrOptions = {}): Promise<RoutrProcess> {
  const directory = await Deno.makeTempDir({ prefix: "routr-test-" });
  const port = freePort();
  await writeConfiguration(directory, { ...options, port, isRestUnsecured: true });
  const child = startProcess(Deno.execPath(), {
    args: ["run", "--permission-set=start", "main.ts", "--config", directory],
    cwd: projectRoot,
    env: { NO_COLOR: "1" },
  });
  try {
    await child.waitForLine(/\bReady\b/, READY_TIMEOUT_MS);
  } catch (error) {
    await child.stop();
    await Deno.remove(directory, { recursive: true });
    throw error;
  }
  return new RoutrProcess(child, { port, directory });
}

export class RoutrProcess implements AsyncDisposable {
  /** The port of its UDP and its TCP listener on 127.0.0.1. */
  readonly port: number;
  readonly #child: RunningProcess;
  readonly #directory: string;

  constructor(child: RunningProcess, { port, directory }: { port: number; directory: string }) {
    this.port = port;
    this.#child = child;
    this.#directory = directory;
  }

  get output(): string {
    return this.#child.output;
  }

  /** Ends the server by SIGTERM; returns its exit code. */
  async stop(): Promise<number> {
    const code = await this.#child.stop(STOP_TIMEOUT_MS);
    await Deno.remove(this.#directory, { recursive: true }).catch(() => {});
    return code;
  }

  /** Ends the server. Fails when it crashed or had to be killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const code = await this.stop();
    if (code !== 0) throw new Error(`The server ended with code ${code}:\n${this.output}`);
  }
}

/** The options of a written configuration. */
interface WrittenOptions extends RoutrOptions {
  readonly port: number;
  /** HTTP instead of HTTPS, which saves the second that a new certificate takes. */
  readonly isRestUnsecured?: boolean;
}

/** Writes config.yaml, domains.yaml and agents.yaml, listening on `port` for UDP and TCP. */
export async function writeConfiguration(
  directory: string,
  { port, agents = ["1001", "1002"], recordRoute = true, access = {}, isRestUnsecured = false }:
    WrittenOptions,
): Promise<void> {
  const config = `apiVersion: v1beta1
spec:
  bindAddr: 127.0.0.1
  recordRoute: ${recordRoute}
  access: ${JSON.stringify(access)}
  restService:
    bindAddr: 127.0.0.1
    port: ${freePort()}
${isRestUnsecured ? "    unsecured: true\n" : ""}\
  transport:
    - protocol: udp
      port: ${port}
    - protocol: tcp
      port: ${port}
`;
  const domains = `- apiVersion: v1beta1
  kind: Domain
  metadata:
    name: Test domain
  spec:
    context:
      domainUri: ${domain}
`;
  const agent = (user: string) =>
    `- apiVersion: v1beta1
  kind: Agent
  metadata:
    name: Agent ${user}
  spec:
    credentials:
      username: '${user}'
      secret: '${secret}'
    domains: [${domain}]
`;
  await Deno.writeTextFile(`${directory}/config.yaml`, config);
  await Deno.writeTextFile(`${directory}/domains.yaml`, domains);
  await Deno.writeTextFile(`${directory}/agents.yaml`, agents.map(agent).join(""));
}
