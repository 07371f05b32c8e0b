// A routr that is ended and started again, by signals as init systems and power cuts do it.

import type { Endpoint } from "../../contract/transport_peers.ts";
import { freePort } from "../../support/ports.ts";
import { type RunningProcess, startProcess } from "../../support/process.ts";
import { writeConfiguration } from "../../support/routr_process.ts";
import type { Protocol, Way } from "../matrix/way.ts";

const projectRoot = new URL("../../../", import.meta.url).pathname;
const readyWithin = 30_000;
const stopWithin = 5_000;

export interface RoutrNodeOptions {
  /** User names of agents in the files, all with one secret. */
  readonly agents?: readonly string[];
  /** Properties of `spec`, besides the listeners for UDP, TCP and WebSocket on 127.0.0.1. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Resolves when the server says that it is ready. */
export async function startNode(options: RoutrNodeOptions = {}): Promise<RoutrNode> {
  const { agents = [], spec } = options;
  const directory = await Deno.makeTempDir({ prefix: "routr-node-" });
  const port = freePort();
  const webSocketPort = freePort();
  await writeConfiguration(directory, { port, agents });
  const whole = {
    bindAddr: "127.0.0.1",
    recordRoute: true,
    restService: { bindAddr: "127.0.0.1", port: freePort(), unsecured: true },
    transport: [
      { protocol: "udp", port },
      { protocol: "tcp", port },
      { protocol: "ws", port: webSocketPort },
    ],
    ...spec,
  };
  await Deno.writeTextFile(
    `${directory}/config.yaml`,
    `apiVersion: v1beta1\nspec: ${JSON.stringify(whole)}\n`,
  );
  const node = new RoutrNode(options, { directory, port, webSocketPort });
  try {
    await node.start();
  } catch (error) {
    await node.stop();
    throw error;
  }
  return node;
}

export class RoutrNode implements AsyncDisposable {
  /** The port of its UDP and its TCP listener. */
  readonly port: number;
  /** Its configuration, and by default its state. */
  readonly directory: string;
  /** For phones of several kinds; nobody asks it for certificates. */
  readonly identity = { certificate: "", privateKey: "", authority: "" };
  readonly #webSocketPort: number;
  readonly #options: RoutrNodeOptions;
  #process: RunningProcess | undefined;

  constructor(
    options: RoutrNodeOptions,
    place: { readonly directory: string; readonly port: number; readonly webSocketPort: number },
  ) {
    this.#options = options;
    this.directory = place.directory;
    this.port = place.port;
    this.#webSocketPort = place.webSocketPort;
  }

  /** `host:port`, as other nodes call it. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The output of the process that runs, or ran last. */
  get output(): string {
    return this.#process?.output ?? "";
  }

  endpointOf({ protocol }: Pick<Way, "protocol">): Endpoint {
    return { address: "127.0.0.1", port: portFor(protocol, this.port, this.#webSocketPort) };
  }

  /** Resolves when it has logged such a line. */
  async logged(pattern: RegExp, milliseconds = 5_000): Promise<string> {
    if (!this.#process) throw new Error("Cannot read the log: the server was not started");
    return await this.#process.waitForLine(pattern, milliseconds);
  }

  /** Starts the server, again on the same ports, with the same configuration and state. */
  async start(): Promise<void> {
    this.#process = startProcess(Deno.execPath(), {
      args: ["run", "--permission-set=start", "main.ts", "--config", this.directory],
      cwd: projectRoot,
      env: { NO_COLOR: "1", ...this.#options.env },
    });
    await this.#process.waitForLine(/\bReady\b/, readyWithin);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#process?.signal("SIGKILL");
    await this.#process?.exitCode(stopWithin);
  }

  /** SIGTERM; fails when the server does not end by itself. Configuration and state stay. */
  async end(): Promise<void> {
    const code = await this.#process?.stop(stopWithin) ?? 0;
    if (code !== 0) throw new Error(`The server ended with code ${code}:\n${this.output}`);
  }

  async stop(): Promise<void> {
    await this.#process?.stop(stopWithin);
    await Deno.remove(this.directory, { recursive: true }).catch(() => {});
  }

  /** Ends the server unless a test has; one that crashed fails the test. */
  async [Symbol.asyncDispose](): Promise<void> {
    const wasRunning = this.#process !== undefined && !this.#process.hasEnded;
    const code = await this.#process?.stop(stopWithin);
    await Deno.remove(this.directory, { recursive: true }).catch(() => {});
    if (wasRunning && code !== 0) throw new Error(`The server ended with code ${code}:\n${this.output}`);
  }
}

function portFor(protocol: Protocol, port: number, webSocketPort: number): number {
  if (protocol === "udp" || protocol === "tcp") return port;
  if (protocol === "ws") return webSocketPort;
  throw new RangeError(`Cannot find a listener for ${protocol}`);
}
