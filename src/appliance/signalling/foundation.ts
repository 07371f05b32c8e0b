/** The foundation of all parts of the signalling server: options with their defaults, time, metrics, events. */
import type { Configuration, Listener } from "../../config/configuration.ts";
import type { ClusterOptions } from "../../core/cluster/cluster.ts";
import { ServerEvents } from "../../core/server_events.ts";
import type { Directory } from "../../data/directory.ts";
import type { RegistrationDatabase } from "../../location/registration_database.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { Metrics } from "../../runtime/metrics.ts";
import { randomSeed, randomToken } from "../../runtime/random.ts";
import { eachRound } from "../../runtime/rounds.ts";
import { TimerWheel } from "../../runtime/timer_wheel.ts";
import type { TransactionTimers } from "../../transaction/transaction_timers.ts";
import type { ResolverOptions } from "../../transport/dns/resolver.ts";
import type { NetworkInterface } from "../../transport/local_addresses.ts";
import type { Transport } from "../../transport/transport.ts";

/** Options of a server. Tests put in their own clock, timers, look-ups and transports. */
export interface ServerOptions {
  readonly configuration: Configuration;
  readonly directory: Directory;
  /** The folder of `config.yaml`, for the relative paths in it. */
  readonly configurationDirectory?: string;
  readonly clock?: Clock;
  readonly timers?: TransactionTimers;
  readonly resolver?: ResolverOptions;
  /** Signs flow tokens; dialogs go on after a restart only with the same key. */
  readonly dialogKey?: string;
  /** Seeds stateless tags and hashes of addresses; random unless threads of one server share it. */
  readonly seed?: number;
  /** Keeps registrations beyond the end of the process. Closed by `stop`. */
  readonly database?: RegistrationDatabase;
  /** Shares registrations with other nodes; they are not kept in `database` then. */
  readonly cluster?: ClusterOptions;
  readonly makeTransport?: (listener: Listener) => Transport;
  /** The interfaces of this machine, if left out. */
  readonly networkInterfaces?: readonly NetworkInterface[];
}

export class Foundation {
  readonly options: ServerOptions;
  readonly configuration: Configuration;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly metrics = new Metrics();
  readonly events: ServerEvents;
  /** Signs flow tokens, and what accounts have to know. */
  readonly key: string;
  readonly seed: number;
  /** Differs for each process. */
  readonly epoch = randomToken();
  readonly #endRounds: () => void;

  constructor(options: ServerOptions) {
    const { configuration, directory, clock = systemClock, dialogKey, seed } = options;
    this.options = options;
    this.configuration = configuration;
    this.directory = directory;
    this.clock = clock;
    this.wheel = new TimerWheel(clock);
    this.metrics.gauge("routr_timers", "Running timers", () => this.wheel.size);
    this.#endRounds = eachRound(() => this.wheel.turnIfDue());
    this.events = new ServerEvents(clock, this.metrics);
    this.key = dialogKey ?? randomToken() + randomToken();
    this.seed = seed ?? randomSeed();
  }

  /** Stops every timer. */
  close(): void {
    this.#endRounds();
    this.wheel.clear();
  }
}
