/** Which gateways are at an address: those whose names resolve to it, and those we are registered with there. */
import type { Directory } from "../../data/directory.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { HostPort } from "../../data/network_property.ts";
import type { Clock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import type { Timer } from "../../runtime/timer_wheel.ts";
import type { NextHop } from "../../transport/dns/destination.ts";
import type { ServerLocator } from "../../transport/dns/server_locator.ts";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import { type Flow, isSecure, type TransportProtocol } from "../../transport/transport.ts";

/** What it is made of. */
export interface GatewayAddressesParts {
  readonly directory: Directory;
  readonly locator: Pick<ServerLocator, "locate">;
  readonly clock: Clock;
  timer(callback: () => void): Timer;
}

/** Milliseconds between two looks at the names; the resolver remembers by their time to live. */
const INTERVAL = 30_000;
/** Milliseconds that an address is trusted after it was seen last: names may tell a few of many at a time. */
const MEMORY = 7_200_000;
/** Addresses remembered for a gateway. */
const MAX_ADDRESSES = 64;

const log = logger("trunk");

export class GatewayAddresses {
  readonly #parts: GatewayAddressesParts;
  /** When each address was seen last, by gateway object: one that has changed is another, and begins anew. */
  readonly #known = new Map<Gateway, Map<string, number>>();
  readonly #byAddress = new Map<string, Gateway[]>();
  #byHost = new Map<string, readonly Gateway[]>();
  readonly #timer: Timer;

  constructor(parts: GatewayAddressesParts) {
    this.#parts = parts;
    this.#timer = parts.timer(() => this.#refresh());
  }

  /** Begins to look up names, once transports are open. */
  start(): void {
    this.#parts.directory.onChange(() => this.#refresh());
    this.#refresh();
  }

  stop(): void {
    this.#timer.stop();
  }

  /** The gateways at the far end of a flow: at its address, and by a transport that is theirs. */
  at({ remoteAddress, protocol }: Pick<Flow, "remoteAddress" | "protocol">): readonly Gateway[] {
    const gateways = this.#byAddress.get(remoteAddress);
    if (gateways === undefined) return NONE;
    return gateways.every((gateway) => speaks(gateway, protocol))
      ? gateways
      : gateways.filter((gateway) => speaks(gateway, protocol));
  }

  /** Reports whether any gateway is at an address. */
  isAt(address: string): boolean {
    return this.#byAddress.has(address);
  }

  /** The gateways with this host, as URIs have it. */
  named(host: string): readonly Gateway[] {
    return this.#byHost.get(host) ?? NONE;
  }

  /** We were answered from there: it is the gateway, whatever its names say. */
  add(gateway: Gateway, address: string): void {
    const addresses = this.#known.get(gateway);
    if (!addresses) return;
    const isNew = !addresses.has(address);
    if (isNew && addresses.size >= MAX_ADDRESSES) return;
    addresses.set(address, this.#parts.clock.now());
    if (isNew) this.#index(address, gateway);
  }

  #refresh(): void {
    const gateways = new Set(this.#parts.directory.gateways());
    for (const gateway of this.#known.keys()) if (!gateways.has(gateway)) this.#known.delete(gateway);
    for (const gateway of gateways) {
      if (!this.#known.has(gateway)) this.#known.set(gateway, new Map());
      for (const hop of hopsOf(gateway)) this.#locate(gateway, hop);
    }
    this.#forget();
    this.#byHost = Map.groupBy(gateways, ({ host }) => toUriHost(host));
    this.#timer.start(INTERVAL);
  }

  #locate(gateway: Gateway, hop: NextHop): void {
    const located = this.#parts.locator.locate(hop);
    const take = (destinations: readonly { address: string }[]) => {
      for (const { address } of destinations) this.add(gateway, address);
    };
    if (!(located instanceof Promise)) return take(located);
    located.then(take).catch((error) => {
      log.debug("Cannot look up {host}: {error}", { host: hop.host, error });
    });
  }

  /** Drops what was not seen for long, or belongs to gateways that are gone. */
  #forget(): void {
    const oldest = this.#parts.clock.now() - MEMORY;
    this.#byAddress.clear();
    for (const [gateway, addresses] of this.#known) {
      for (const [address, seen] of addresses) {
        if (seen < oldest) addresses.delete(address);
        else this.#index(address, gateway);
      }
    }
  }

  #index(address: string, gateway: Gateway): void {
    this.#byAddress.set(address, [...this.#byAddress.get(address) ?? NONE, gateway]);
  }
}

const NONE: readonly Gateway[] = [];

/** Reports whether a gateway may come by a protocol: its own, or one whose source is harder to forge. */
function speaks({ transport }: Gateway, protocol: TransportProtocol): boolean {
  return transport === protocol || BETTER[transport]?.includes(protocol) === true;
}

const BETTER: Readonly<Partial<Record<TransportProtocol, readonly TransportProtocol[]>>> = {
  udp: ["tcp", "tls"],
  tcp: ["tls"],
  ws: ["wss"],
};

/** The next hop for requests to a gateway, or to another host of it. */
export function hopToGateway(gateway: Gateway, { host, port }: HostPort = gateway): NextHop {
  const { transport } = gateway;
  return { host: toUriHost(host), port, protocol: transport, isSecure: isSecure(transport) };
}

/** The same, and those of its further registries. */
function hopsOf(gateway: Gateway): NextHop[] {
  return [hopToGateway(gateway), ...gateway.registries.map((registry) => hopToGateway(gateway, registry))];
}
