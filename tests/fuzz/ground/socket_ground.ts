/** A server in a process of its own, and sockets to it. */
import type { Ground, Wire } from "../play/ground.ts";
import type { Inbox } from "../play/inbox.ts";
import type { Finding } from "../watch/finding.ts";
import { faultOf } from "../watch/message_watch.ts";
import { FIXED_PORT, type Lane, PROTOCOLS, TRAP_NETWORK, WIRE_NAMES, type WireName } from "../world/lane.ts";
import { latin1 } from "../../torture/torture_messages.ts";
import { ServerProcess, type ServerProcessOptions } from "./server_process.ts";
import type { SocketWire } from "./wires/socket_wire.ts";
import { TcpWire } from "./wires/tcp_wire.ts";
import { UdpWire } from "./wires/udp_wire.ts";
import { WebSocketWire } from "./wires/web_socket_wire.ts";

/** Where stray messages of strangers would arrive. */
const TRAPS = [`${TRAP_NETWORK}1`, `${TRAP_NETWORK}2`];
const SIP_PORT = 5060;

export class SocketGround implements Ground {
  readonly process: ServerProcess;
  /** The lane whose message was wrong, where that is known. */
  suspect: Lane | undefined;
  readonly #wires = new Map<Lane, Readonly<Record<WireName, SocketWire>>>();
  readonly #traps: Deno.DatagramConn[];
  /** Looks at what has come, for those who wait. */
  readonly #watchers = new Map<Lane, Set<() => void>>();
  #finding: Finding | undefined;

  private constructor(process: ServerProcess, lanes: readonly Lane[]) {
    this.process = process;
    for (const lane of lanes) {
      this.#watchers.set(lane, new Set());
      this.#wires.set(lane, this.#openWires(lane));
    }
    this.#traps = TRAPS.map((hostname) => this.#openTrap(hostname));
  }

  static async start(options: ServerProcessOptions): Promise<SocketGround> {
    const process = await ServerProcess.start(options);
    try {
      return new SocketGround(process, options.lanes);
    } catch (error) {
      await process.stop();
      throw error;
    }
  }

  wiresOf(lane: Lane): Readonly<Record<WireName, Wire>> {
    return this.#wires.get(lane)!;
  }

  until(isTrue: () => boolean, milliseconds: number, lane: Lane): Promise<boolean> {
    if (isTrue() || this.process.hasEnded) return Promise.resolve(isTrue());
    const watchers = this.#watchers.get(lane)!;
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        watchers.delete(look);
        resolve(isTrue());
      };
      const look = () => {
        if (isTrue()) finish();
      };
      const timer = setTimeout(finish, milliseconds);
      watchers.add(look);
    });
  }

  pass(): void {}

  restart(): void {}

  takeFinding(): Finding | undefined {
    const [line] = this.process.errors.splice(0);
    const finding: Finding | undefined = this.process.hasEnded
      ? { kind: "end of the process", what: this.process.ending }
      : line !== undefined
      ? { kind: "internal error", what: line }
      : this.#finding;
    this.#finding = undefined;
    return finding;
  }

  async stop(): Promise<void> {
    for (const wires of this.#wires.values()) {
      for (const wire of Object.values(wires)) wire.close();
    }
    for (const trap of this.#traps) trap.close();
    await this.process.stop();
  }

  #openWires(lane: Lane): Readonly<Record<WireName, SocketWire>> {
    const wires = {} as Record<WireName, SocketWire>;
    for (const name of WIRE_NAMES) wires[name] = this.#openWire(lane, name);
    return wires;
  }

  #openWire(lane: Lane, name: WireName): SocketWire {
    const protocol = PROTOCOLS[name];
    const parts = {
      address: lane.addressOf(name),
      server: { hostname: "127.0.0.1", port: this.process.ports[protocol] },
      onMessage: (message: string, inbox: Inbox) => this.#onMessage(message, { inbox, lane, name }),
    };
    if (protocol === "tcp") return new TcpWire(parts);
    if (protocol === "ws") return new WebSocketWire(parts);
    return new UdpWire({ ...parts, port: name === "gateway" ? FIXED_PORT : SIP_PORT });
  }

  #onMessage(message: string, { inbox, lane, name }: { inbox: Inbox; lane: Lane; name: WireName }): void {
    inbox.put(message);
    const fault = faultOf(message, name, lane);
    if (fault && !this.#finding) {
      this.#finding = fault;
      this.suspect = lane;
    }
    for (const look of [...this.#watchers.get(lane)!]) look();
  }

  #openTrap(hostname: string): Deno.DatagramConn {
    const trap = Deno.listenDatagram({ transport: "udp", hostname, port: SIP_PORT });
    (async () => {
      for await (const [bytes] of trap) {
        this.#finding ??= { kind: "stranger forwarded", what: `to ${hostname}:\n${latin1(bytes)}` };
      }
    })();
    return trap;
  }
}
