/** This server as a node of a cluster, whose nodes share registrations. */
import type { Binding } from "../../location/binding.ts";
import type { NodeRecord } from "../../location/binding_record.ts";
import type { LocationService } from "../../location/location_service.ts";
import { restoreClusterKey } from "../../location/redis/cluster_key.ts";
import { NodeTable } from "../../location/redis/node_table.ts";
import { RedisBindingExchange } from "../../location/redis/redis_binding_exchange.ts";
import { SharedLocation } from "../../location/shared_location.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { HostPort } from "../../data/network_property.ts";
import { logger } from "../../runtime/log.ts";
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import type { TimerWheel } from "../../runtime/timer_wheel.ts";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import { LocalAddresses } from "../../transport/local_addresses.ts";
import type { Transport } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import type { BoundFlow, OwnFlowRecords } from "../flows/bound_flow.ts";
import { ClusterFlows } from "./cluster_flows.ts";

const log = logger("cluster");

export interface ClusterOptions {
  /** The connection to the Redis of the cluster. Closed by `stop`. */
  readonly connection: RedisConnection;
  /** A secret of the nodes. */
  readonly key: string;
  /** The address at which other nodes reach this one by SIP; its first listener if left out. */
  readonly address?: HostPort;
  /** Silence after which a node counts as dead. */
  readonly nodeLifetimeMs?: number;
}

export interface ClusterParts {
  readonly location: LocationService<BoundFlow>;
  readonly connection: RedisConnection;
  /** A secret of the nodes. */
  readonly key: string;
  readonly transport: TransportLayer;
  readonly own: OwnFlowRecords;
  readonly self: NodeRecord;
  readonly nodeLifetimeMs?: number;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  onAdopted(aor: string, bindings: readonly Binding<BoundFlow>[]): void;
}

export class Cluster {
  readonly #nodes: NodeTable;
  readonly #shared: SharedLocation<BoundFlow>;
  readonly #parts: ClusterParts;

  constructor(parts: ClusterParts) {
    const { location, connection, key, transport, own, self, nodeLifetimeMs, clock, wheel, onAdopted } =
      parts;
    this.#parts = parts;
    const nodes = new NodeTable({
      connection,
      clock,
      wheel,
      self,
      lifetimeMs: nodeLifetimeMs,
      onChange: () => void this.#shared.compare(),
      onForgotten: () => void restoreClusterKey(connection, key),
    });
    const flows = new ClusterFlows({ own, transport, liveness: nodes, address: self.address });
    this.#nodes = nodes;
    const exchange = new RedisBindingExchange(connection);
    this.#shared = new SharedLocation({ location, exchange, flows, nodes, clock, wheel, onAdopted });
  }

  /** Resolves when the registrations of all nodes are known here. */
  async start(): Promise<void> {
    const { connection, self } = this.#parts;
    await this.#nodes.start();
    await this.#shared.start();
    log.info("Sharing registrations by Redis at {redis}; other nodes reach this one at {address}", {
      redis: connection.name,
      address: self.address,
    });
  }

  async stop(): Promise<void> {
    await this.#shared.stop();
    await this.#nodes.stop();
  }
}

/** Returns the address at which other nodes reach this one: as configured, else that of the UDP or first listener. */
export function nodeAddress(given: HostPort | undefined, transports: readonly Transport[]): string {
  const { address, port } = transports.find(({ protocol }) => protocol === "udp") ?? transports[0];
  const host = given
    ? toUriHost(given.host)
    : new LocalAddresses(Deno.networkInterfaces()).facing("", address);
  return `${host}:${given?.port ?? port}`;
}
