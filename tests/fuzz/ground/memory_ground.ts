/** A server in this process, without sockets, on a clock that is turned. */
import process from "node:process";
import { MemoryDirectory } from "../../../src/data/directory.ts";
import type { Server } from "../../../src/appliance/server.ts";
import type { RegistrationDatabase } from "../../../src/location/registration_database.ts";
import type { Flow } from "../../../src/transport/transport.ts";
import { FakeDatabase } from "../../support/fake_database.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { readResource } from "../../support/scenario.ts";
import { startTestServer } from "../../support/server.ts";
import { Inbox } from "../play/inbox.ts";
import type { Ground, Wire } from "../play/ground.ts";
import type { Finding } from "../watch/finding.ts";
import { ErrorLines } from "../watch/error_lines.ts";
import { faultOf } from "../watch/message_watch.ts";
import { resourcesOf, specOf, variantOf } from "../world/documents.ts";
import { FIXED_PORT, type Lane, PROTOCOLS, TRAP_NETWORK, WIRE_NAMES, type WireName } from "../world/lane.ts";
import { laterProperties } from "../world/later_properties.ts";
import { FuzzTransport } from "./memory_transport.ts";

const PORTS = { udp: 5060, tcp: 5060, ws: 5062 } as const;
const LISTENERS = Object.entries(PORTS).map(([protocol, port]) => ({ protocol, port }));
/** Turns of promises until everything that was asked has come. */
const TURNS = 12;
const MAX_STOP_SECONDS = 100;
/** CPU that any message may take; most take a tenth of a millisecond. */
const MAX_MESSAGE_MS = 400;

export class MemoryGround implements Ground {
  readonly clock = new FakeClock();
  readonly #lanes: readonly Lane[];
  readonly #directory = new MemoryDirectory();
  readonly #database = new FakeDatabase();
  readonly #transports: Readonly<Record<"udp" | "tcp" | "ws", FuzzTransport>>;
  readonly #wires = new Map<Lane, Readonly<Record<WireName, MemoryWire>>>();
  readonly #byEndpoint = new Map<string, { lane: Lane; name: WireName; wire: MemoryWire }>();
  readonly #errors = new ErrorLines();
  #server: Server | undefined;
  #finding: Finding | undefined;
  private constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes;
    const onSent = (message: string, flow: Flow) => this.#onSent(message, flow);
    this.#transports = {
      udp: new FuzzTransport("udp", PORTS.udp, onSent),
      tcp: new FuzzTransport("tcp", PORTS.tcp, onSent),
      ws: new FuzzTransport("ws", PORTS.ws, onSent),
    };
    for (const lane of lanes) this.#addLane(lane);
  }

  static async start(lanes: readonly Lane[]): Promise<MemoryGround> {
    const ground = new MemoryGround(lanes);
    ground.#directory.replace(resourcesOf(lanes).map(readResource), false);
    await ground.#start();
    return ground;
  }

  async restart(): Promise<void> {
    this.#countErrors();
    await this.#stopServer();
    await this.#start();
  }

  async #start(): Promise<void> {
    const { server } = await startTestServer({
      domains: [],
      agents: [],
      spec: { ...specOf(LISTENERS), ...laterProperties(), ...variantOf(this.#lanes[0]) },
      parts: {
        clock: this.clock,
        directory: this.#directory,
        database: this.#database as unknown as RegistrationDatabase,
        dialogKey: "a key that is kept",
        networkInterfaces: [{ family: "IPv4", address: "127.0.0.1", cidr: "127.0.0.1/8" }],
        makeTransport: ({ protocol }) => this.#transports[protocol as "udp" | "tcp" | "ws"],
        // One name is found, others are not.
        resolver: {
          nameServers: [],
          lookup: (name) => Promise.resolve(name === "found.test" ? ["127.88.0.5"] : []),
        },
      },
    });
    this.#server = server;
    await this.#settle();
  }

  wiresOf(lane: Lane): Readonly<Record<WireName, Wire>> {
    return this.#wires.get(lane)!;
  }

  async until(isTrue: () => boolean): Promise<boolean> {
    await this.#settle();
    return isTrue();
  }

  async pass(seconds: number): Promise<void> {
    this.clock.advance(seconds * 1000);
    await this.#settle();
  }

  takeFinding(): Finding | undefined {
    this.#countErrors();
    const line = this.#errors.take();
    const finding = line === undefined ? this.#finding : { kind: "internal error", what: line } as const;
    this.#finding = undefined;
    return finding;
  }

  /** Errors that a server has counted make a finding; each server begins at 0. */
  #countErrors(): void {
    const errors = this.metrics.routr_internal_errors_total ?? 0;
    if (errors > 0) {
      this.#finding ??= { kind: "internal error", what: `routr_internal_errors_total ${errors}` };
    }
  }

  /** Numbers of the server by name. */
  get metrics(): Record<string, number> {
    return this.#server!.metrics.snapshot();
  }

  async stop(): Promise<void> {
    await this.#stopServer();
    this.#errors.close();
  }

  /** Calls in set-up have some seconds to end, which pass at once. */
  async #stopServer(): Promise<void> {
    let hasStopped = false;
    const stopping = this.#server!.stop().then(() => hasStopped = true);
    for (let second = 0; second < MAX_STOP_SECONDS && !hasStopped; second++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (!hasStopped) this.clock.advance(1_000);
    }
    if (!hasStopped) this.#finding ??= { kind: "silence", what: "the server does not stop" };
    else await stopping;
  }

  #addLane(lane: Lane): void {
    const wires = {} as Record<WireName, MemoryWire>;
    for (const name of WIRE_NAMES) {
      const transport = this.#transports[PROTOCOLS[name]];
      const address = lane.addressOf(name);
      const port = name === "gateway" ? FIXED_PORT : 5060;
      const wire = wires[name] = new MemoryWire({
        address,
        port,
        transport,
        onSlow: (milliseconds, bytes) => {
          this.#finding ??= { kind: "slow message", what: `${Math.round(milliseconds)} ms for\n${bytes}` };
        },
      });
      this.#byEndpoint.set(`${address}:${port}`, { lane, name, wire });
    }
    this.#wires.set(lane, wires);
  }

  #onSent(message: string, { remoteAddress, remotePort }: Flow): void {
    if (remoteAddress.startsWith(TRAP_NETWORK)) {
      this.#finding ??= {
        kind: "stranger forwarded",
        what: `to ${remoteAddress}:${remotePort}:\n${message}`,
      };
    }
    const reached = this.#byEndpoint.get(`${remoteAddress}:${remotePort}`);
    if (!reached) return;
    reached.wire.inbox.put(message);
    this.#finding ??= faultOf(message, reached.name, reached.lane);
  }

  async #settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await undefined;
  }
}

interface MemoryWireParts {
  readonly address: string;
  readonly port: number;
  readonly transport: FuzzTransport;
  onSlow(milliseconds: number, bytes: string): void;
}

class MemoryWire implements Wire {
  readonly inbox = new Inbox();
  readonly endpoint: string;
  readonly server: string;
  readonly #parts: MemoryWireParts;

  constructor(parts: MemoryWireParts) {
    const { address, port, transport } = parts;
    this.#parts = parts;
    this.endpoint = `${address}:${port}`;
    this.server = `${transport.address}:${transport.port}`;
  }

  open(): void {}

  async send(bytes: string): Promise<void> {
    const { address, port, transport } = this.#parts;
    const before = process.cpuUsage();
    transport.receive(bytes, address, port);
    const { user, system } = process.cpuUsage(before);
    const took = (user + system) / 1000;
    if (took > MAX_MESSAGE_MS) this.#parts.onSlow(took, bytes);
    await undefined;
  }
}
