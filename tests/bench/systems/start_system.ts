// Starts a system by its name, each time in a directory of its own.

import type { LoadPorts } from "../load/load_ports.ts";
import type { ConnectionProtocol } from "../load/phone_connection.ts";
import { startKamailio } from "./kamailio.ts";
import { startRelay } from "./relay.ts";
import { startRoutr } from "./routr.ts";
import type { BenchedSystem } from "./benched_system.ts";

/** `kamailio` runs with Debian's defaults, `kamailio-fm` with its fast allocator; `relay` is the floor. */
export const SYSTEM_NAMES = ["routr", "kamailio", "kamailio-fm", "relay"] as const;
export type SystemName = typeof SYSTEM_NAMES[number];

export interface StartOptions {
  /** Parent of the system's own directory. */
  readonly directory: string;
  /** How many subscribers a server knows. */
  readonly users: number;
  readonly ports: LoadPorts;
  /** What phones connect by, beside UDP. */
  readonly protocol?: ConnectionProtocol;
  /** The compiled routr. */
  readonly binary?: string;
  /** For routr from source: the TCP port of its V8 inspector. */
  readonly inspectorPort?: number;
}

export function startSystem(name: SystemName, options: StartOptions): Promise<BenchedSystem> {
  const { users, ports, protocol, binary, inspectorPort } = options;
  const directory = Deno.makeTempDirSync({ dir: options.directory, prefix: `${name}_` });
  switch (name) {
    case "routr":
      return startRoutr({ directory, users, protocol, binary, inspectorPort });
    case "kamailio":
      return startKamailio({ directory, users, protocol, allocator: "default" });
    case "kamailio-fm":
      return startKamailio({ directory, users, protocol, allocator: "fast" });
    case "relay":
      return startRelay(directory, ports);
  }
}
