/**
 * A lane: a domain of its own with agents, a peer and a gateway, and the wires that they and strangers send by. Lanes run
 * side by side at one server and have nothing in common, so that a finding is of one lane.
 */

/** Ends of the wires; `alice`, `tcp` and `ws` are devices of one agent. */
export const WIRE_NAMES = [
  "alice",
  "bob",
  "tcp",
  "ws",
  "peer",
  "gateway",
  "stranger",
  "strangerTcp",
  "strangerWs",
] as const;
export type WireName = typeof WIRE_NAMES[number];

/** The transport of each wire. */
export const PROTOCOLS: Readonly<Record<WireName, "udp" | "tcp" | "ws">> = {
  alice: "udp",
  bob: "udp",
  tcp: "tcp",
  ws: "ws",
  peer: "udp",
  gateway: "udp",
  stranger: "udp",
  strangerTcp: "tcp",
  strangerWs: "ws",
};

/** Whether nothing that this wire sends may reach anybody. */
export function isStranger(wire: WireName): boolean {
  return wire.startsWith("stranger");
}

/** In every secret, and nowhere else: what the server sends must not have it. */
export const SECRET_MARK = "XYZZY";
/** In everything that strangers send. */
export const STRANGER_MARK = "stranger";
/** The network that strangers want messages to be sent to; none ever is. */
export const TRAP_NETWORK = "127.66.6.";
/** The port of gateways and of the trap. */
export const FIXED_PORT = 5067;

export class Lane {
  readonly number: number;

  constructor(number: number) {
    this.number = number;
  }

  get domain(): string {
    return `lane${this.number}.test`;
  }

  /** The number that rings bob. */
  get did(): string {
    return `1706${this.number}`;
  }

  /** Each wire has an address of its own in the loopback network. */
  addressOf(wire: WireName): string {
    return `127.${20 + WIRE_NAMES.indexOf(wire)}.${this.number >> 8}.${this.number & 255}`;
  }

  /** The username of the account that a wire sends by; that of the gateway is what we authenticate to it with. */
  userOf(wire: WireName): string {
    if (wire === "bob") return `bob${this.number}`;
    if (wire === "peer") return `peer${this.number}`;
    return wire === "gateway" ? `trunkuser${this.number}` : `alice${this.number}`;
  }

  secretOf(username: string): string {
    return `${SECRET_MARK}-${username}`;
  }
}
