/** The addresses of gateways: those that their names resolve to, and those that have accepted us. */
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

export interface GatewayAddressesParts {
  readonly directory: Directory;
  readonly locator: Pick<ServerLocator, "locate">;
  readonly clock: Clock;
  timer(callback: () => void): Timer;
}

/** Time between two lookups of all names; the resolver caches by their time to live. */
const LOOKUP_INTERVAL_MS = 30_000;
/** Time that an address is trusted after it was last seen: DNS may return a few of many addresses at a time. */
const TRUST_MS = 7_200_000;
/** Addresses remembered for a gateway. */
const MAX_ADDRESSES = 64;

const log = logger("trunk");

export class GatewayAddresses {
  readonly #parts: GatewayAddressesParts;
  /** Time when each address was last seen, by gateway object. A changed gateway is a new object. */
  readonly #lastSeen = new Map<Gateway, Map<string, number>>();
  readonly #byAddress = new Map<string, Gateway[]>();
  #byHost = new Map<string, readonly Gateway[]>();
  readonly #timer: Timer;

  constructor(parts: GatewayAddressesParts) {
    this.#parts = parts;
    this.#timer = parts.timer(() => this.#refresh());
  }

  /** Begins to look up names. Call it once transports are open. */
  start(): void {
    this.#parts.directory.onChange(() => this.#refresh());
    this.#refresh();
  }

  stop(): void {
    this.#timer.stop();
  }

  /** Returns the gateways at the far end of a flow: at its address, and with its transport or a weaker one. */
  at({ remoteAddress, protocol }: Pick<Flow, "remoteAddress" | "protocol">): readonly Gateway[] {
    const gateways = this.#byAddress.get(remoteAddress);
    return gateways === undefined ? NONE : speakersOf(gateways, protocol);
  }

  /** Reports whether any gateway is at an address. */
  isAt(address: string): boolean {
    return this.#byAddress.has(address);
  }

  /** Returns the addresses of all gateways. */
  all(): Iterable<string> {
    return this.#byAddress.keys();
  }

  /** Returns the gateways with a host, written as in URIs. */
  named(host: string): readonly Gateway[] {
    return this.#byHost.get(host) ?? NONE;
  }

  /** Adds an address that has accepted our credentials, whatever DNS says. */
  add(gateway: Gateway, address: string): void {
    const addresses = this.#lastSeen.get(gateway);
    if (!addresses) return;
    const isNew = !addresses.has(address);
    if (isNew && addresses.size >= MAX_ADDRESSES) return;
    addresses.set(address, this.#parts.clock.now());
    if (isNew) this.#index(address, gateway);
  }

  #refresh(): void {
    const gateways = new Set(this.#parts.directory.gateways());
    for (const gateway of this.#lastSeen.keys()) if (!gateways.has(gateway)) this.#lastSeen.delete(gateway);
    for (const gateway of gateways) {
      if (!this.#lastSeen.has(gateway)) this.#lastSeen.set(gateway, new Map());
      for (const hop of hopsOf(gateway)) this.#locate(gateway, hop);
    }
    this.#forget();
    this.#byHost = Map.groupBy(gateways, ({ host }) => toUriHost(host));
    this.#timer.start(LOOKUP_INTERVAL_MS);
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

  /** Drops addresses that were not seen for long, and those of removed gateways. */
  #forget(): void {
    const oldest = this.#parts.clock.now() - TRUST_MS;
    this.#byAddress.clear();
    for (const [gateway, addresses] of this.#lastSeen) {
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

/** Returns those of some gateways that may use a transport. */
function speakersOf(gateways: readonly Gateway[], protocol: TransportProtocol): readonly Gateway[] {
  return gateways.every((gateway) => speaks(gateway, protocol))
    ? gateways
    : gateways.filter((gateway) => speaks(gateway, protocol));
}

/** Reports whether a gateway may use a protocol: its own, or one whose source is harder to forge. */
function speaks({ transport }: Gateway, protocol: TransportProtocol): boolean {
  return transport === protocol || STRONGER[transport]?.includes(protocol) === true;
}

const STRONGER: Readonly<Partial<Record<TransportProtocol, readonly TransportProtocol[]>>> = {
  udp: ["tcp", "tls"],
  tcp: ["tls"],
  ws: ["wss"],
};

/** Returns the next hop to a gateway, or to another host of it. */
export function hopToGateway(gateway: Gateway, { host, port }: HostPort = gateway): NextHop {
  const { transport } = gateway;
  return { host: toUriHost(host), port, protocol: transport, isSecure: isSecure(transport) };
}

/** Returns the next hops to the host and the registries of a gateway. */
function hopsOf(gateway: Gateway): NextHop[] {
  return [hopToGateway(gateway), ...gateway.registries.map((registry) => hopToGateway(gateway, registry))];
}
