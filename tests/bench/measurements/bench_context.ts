// What every measurement needs: the options, a place for files, the ports of the load, and systems to start.

import type { BenchOptions } from "../bench_options.ts";
import { subscribersNeeded } from "../load/injection_files.ts";
import { chooseLoadPorts, type LoadPorts } from "../load/load_ports.ts";
import { type StartOptions, startSystem, type SystemName } from "../systems/start_system.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";

/** Pairs of SIPp processes at the highest rate. */
const PAIRS = 8;
/** Users of the small configuration, like the sample configuration's. */
export const FEW_USERS = 2;

export class BenchContext {
  readonly options: BenchOptions;
  readonly ports: LoadPorts = chooseLoadPorts(PAIRS);
  /** Users of a system that is to take the load of all pairs. */
  readonly loadUsers = subscribersNeeded(PAIRS);
  /** Removed with everything in it at the end. */
  readonly directory = Deno.makeTempDirSync({ prefix: "bench_" });

  constructor(options: BenchOptions) {
    this.options = options;
  }

  /** The chosen systems that are servers. */
  get servers(): SystemName[] {
    return this.options.systems.filter((name) => name !== "relay");
  }

  /** The chosen systems that phones connect to. */
  get connectedServers(): SystemName[] {
    return this.options.systems.filter((name) => name === "routr" || name === "kamailio");
  }

  start(
    name: SystemName,
    users: number,
    extras: Pick<StartOptions, "protocol" | "inspectorPort"> = {},
  ): Promise<BenchedSystem> {
    const { directory, ports } = this;
    const binary = extras.inspectorPort ? undefined : this.options.binary;
    return startSystem(name, { ...extras, directory, users, ports, binary });
  }

  /** Says on stderr what is going on. */
  progress(text: string): void {
    console.error(`· ${text}`);
  }

  removeFiles(): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}
