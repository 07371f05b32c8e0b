/** A routr of its own process for lanes, from source or compiled; its log and its numbers are watched. */
import { join } from "node:path";
import { liveHeapBytes } from "../../bench/process/v8_heap.ts";
import { freePort } from "../../bench/process/local_port.ts";
import { residentBytes } from "../../bench/process/process_meter.ts";
import { writeFiles } from "../../bench/systems/routr.ts";
import { resourcesOf, specOf } from "../world/documents.ts";
import type { Lane } from "../world/lane.ts";
import { laterProperties } from "../world/later_properties.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const ADMINISTRATOR = { username: "admin", secret: "fuzzing" };
const API = "/api/v1beta1";
/** Characters of the log that are kept. */
const KEPT_LOG = 8_192;
const ERROR = /^\S+ (error|fatal) /;

export interface ServerPorts {
  readonly udp: number;
  readonly tcp: number;
  readonly ws: number;
}

export interface ServerProcessOptions {
  readonly lanes: readonly Lane[];
  readonly binary?: string;
}

export class ServerProcess {
  readonly ports: ServerPorts;
  /** Lines of level error that were not taken yet. */
  readonly errors: string[] = [];
  readonly #directory: string;
  readonly #restPort: number;
  readonly #inspectorPort: number | undefined;
  readonly #child: Deno.ChildProcess;
  #log = "";
  #isReady = false;
  #code: number | undefined;
  #authorization: string | undefined;

  private constructor(directory: string, { binary, ports, restPort }: {
    binary: string | undefined;
    ports: ServerPorts;
    restPort: number;
  }) {
    this.ports = ports;
    this.#directory = directory;
    this.#restPort = restPort;
    this.#inspectorPort = binary === undefined ? freePort() : undefined;
    const args = ["--config", directory];
    const source = [
      "run",
      "--quiet",
      "--no-check",
      "--v8-flags=--max-semi-space-size=8,--expose-gc",
      "-P=start",
      `--inspect=127.0.0.1:${this.#inspectorPort}`,
      "main.ts",
    ];
    this.#child = new Deno.Command(binary ?? Deno.execPath(), {
      args: binary === undefined ? [...source, ...args] : args,
      cwd: ROOT,
      env: { STATE_DIR: join(directory, "state"), NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#follow(this.#child.stdout);
    this.#follow(this.#child.stderr);
    this.#child.status.then(({ code }) => this.#code = code);
  }

  static async start({ lanes, binary }: ServerProcessOptions): Promise<ServerProcess> {
    const directory = await Deno.makeTempDir({ prefix: "routr-fuzz-" });
    const ports = { udp: freePort(), tcp: freePort(), ws: freePort() };
    const restPort = freePort();
    await writeConfiguration(directory, { lanes, ports, restPort });
    const server = new ServerProcess(directory, { binary, ports, restPort });
    const end = performance.now() + READY_TIMEOUT_MS;
    while (!server.#isReady) {
      if (server.hasEnded || performance.now() > end) {
        await server.stop();
        throw new Error(`Cannot start the server:\n${server.#log}`);
      }
      await pause(20);
    }
    return server;
  }

  get hasEnded(): boolean {
    return this.#code !== undefined;
  }

  /** How it ended, with the last of what it said. */
  get ending(): string {
    return `code ${this.#code}\n${this.#log.slice(-2_000)}`;
  }

  get residentBytes(): number {
    return residentBytes(this.#child.pid);
  }

  /** Bytes in use after a collection; undefined for a binary, and where the inspector does not answer. */
  async liveHeapBytes(): Promise<number | undefined> {
    const port = this.#inspectorPort;
    return port === undefined ? undefined : await liveHeapBytes(port).catch(() => undefined);
  }

  /** Numbers of the server by name; undefined when it does not tell. */
  async metrics(): Promise<ReadonlyMap<string, number> | undefined> {
    try {
      const text = await this.#get("/metrics", this.#authorization ??= `Bearer ${await this.#logIn()}`);
      const rows = text.matchAll(/^(routr_\w+) (\S+)$/gm);
      return new Map([...rows].map(([, name, value]) => [name, Number(value)]));
    } catch {
      this.#authorization = undefined;
      return undefined;
    }
  }

  async stop(): Promise<void> {
    if (!this.hasEnded) {
      this.#child.kill("SIGTERM");
      const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await this.#child.status;
      clearTimeout(timer);
    }
    await Deno.remove(this.#directory, { recursive: true }).catch(() => {});
  }

  #logIn(): Promise<string> {
    const { username, secret } = ADMINISTRATOR;
    return this.#get("/credentials", `Basic ${btoa(`${username}:${secret}`)}`);
  }

  async #get(path: string, authorization: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.#restPort}${API}${path}`, {
      headers: { Authorization: authorization },
      signal: AbortSignal.timeout(5_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot get ${path}: ${response.status} ${text}`);
    return text;
  }

  async #follow(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (ERROR.test(line)) this.errors.push(line);
        if (/\bReady$/.test(line)) this.#isReady = true;
      }
      this.#log = (this.#log + text).slice(-KEPT_LOG);
    }
  }
}

async function writeConfiguration(
  directory: string,
  { lanes, ports, restPort }: { lanes: readonly Lane[]; ports: ServerPorts; restPort: number },
): Promise<void> {
  const transport = Object.entries(ports).map(([protocol, port]) => ({ protocol, port }));
  const documents = resourcesOf(lanes).map((document) => ({ apiVersion: "v1beta1", ...document }));
  const filesOf = (
    file: string,
    kind: string,
  ) => [file, documents.filter((document) => document.kind === kind)];
  await writeFiles(directory, {
    "config.yaml": {
      apiVersion: "v1beta1",
      spec: {
        ...specOf(transport),
        ...laterProperties(),
        restService: { bindAddr: "127.0.0.1", port: restPort, unsecured: true },
      },
    },
    "users.yaml": [
      {
        apiVersion: "v1beta1",
        kind: "User",
        metadata: { name: "Administrator" },
        spec: { credentials: ADMINISTRATOR },
      },
    ],
    ...Object.fromEntries([
      filesOf("domains.yaml", "Domain"),
      filesOf("agents.yaml", "Agent"),
      filesOf("peers.yaml", "Peer"),
      filesOf("gateways.yaml", "Gateway"),
      filesOf("dids.yaml", "DID"),
    ]),
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
