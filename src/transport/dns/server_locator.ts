/** Finds the servers of a next hop: transport, address and port (RFC 3263 §4). */
import type { Clock } from "../../runtime/clock.ts";
import { isIpAddress, isIpv6 } from "../../runtime/ip/ip_address.ts";
import { defaultPort, securedProtocol, type TransportProtocol } from "../transport.ts";
import { Deadline } from "./deadline.ts";
import type { Destination, NextHop } from "./destination.ts";
import { type Eventually, whenAllKnown, whenKnown } from "../../runtime/eventually.ts";
import { FailedDestinations } from "./failed_destinations.ts";
import { FAILURE, recordsOf, type Resolution, type SrvRecord } from "./record.ts";
import type { Resolver } from "./resolver.ts";
import { selectServices, type Service, serviceLabel } from "./service_selection.ts";
import { orderServers } from "./srv_order.ts";

/** Milliseconds after which what is known by then has to do. */
const PATIENCE = 5_000;
const MAX_DESTINATIONS = 16;

/** In the order in which they are tried when a domain says nothing about it (RFC 3263 §4.1, RFC 3261 §18.1.1). */
const PLAIN_PROTOCOLS: readonly TransportProtocol[] = ["udp", "tcp", "sctp", "tls"];
const SECURE_PROTOCOLS: readonly TransportProtocol[] = ["tls"];

export interface ServerLocatorParts {
  readonly resolver: Pick<Resolver, "isLocal" | "query" | "resolve">;
  readonly clock: Clock;
  /** Whether there is a socket from which this address can be reached. */
  canReach(protocol: TransportProtocol, address: string): boolean;
  /** Whether the protocol is spoken at all. */
  serves(protocol: TransportProtocol): boolean;
  /** At least 0, less than 1. */
  readonly random?: () => number;
}

/** A host with what is known about how to get there. */
interface Place {
  readonly host: string;
  readonly port: number;
  readonly protocol: TransportProtocol;
  readonly isTransportFixed: boolean;
}

/** Answers at once as long as nothing has to be asked. */
export class ServerLocator {
  readonly #parts: ServerLocatorParts;
  readonly #random: () => number;
  readonly #failed: FailedDestinations;

  constructor(parts: ServerLocatorParts) {
    this.#parts = parts;
    this.#random = parts.random ?? Math.random;
    this.#failed = new FailedDestinations(parts.clock);
  }

  /**
   * Where to send, in the order to be tried; empty when there is no such place. At once when nothing has to be asked.
   * Never rejects; takes at most five seconds.
   */
  locate(hop: NextHop): Eventually<readonly Destination[]> {
    const deadline = new Deadline(this.#parts.clock, PATIENCE);
    const domain = hop.host.endsWith(".") ? hop.host.slice(0, -1) : hop.host;
    const places = this.#placesOf(hop, domain, deadline);
    const located = whenKnown(places, (places) => this.#destinationsOf(places, domain, deadline));
    return whenKnown(located, (destinations) => {
      deadline.end();
      return this.#failed.putLast(destinations);
    });
  }

  /** Tells why there is no place for a hop. */
  whyNowhere({ host, protocol, isSecure }: NextHop): string {
    const named = isSecure && protocol ? securedProtocol(protocol) ?? protocol : protocol;
    if (named && !this.#parts.serves(named)) return `No listener for ${named}, by which ${host} is reached`;
    return isIpAddress(host) ? `No listener reaches ${host}` : `No address of ${host} in DNS`;
  }

  /** Nothing came back from there: for the next minute it is tried after the others of its list. */
  noteFailure(destination: Destination): void {
    this.#failed.add(destination);
  }

  noteSuccess(destination: Destination): void {
    this.#failed.delete(destination);
  }

  /** §4.1 and the first half of §4.2: transports and hosts. */
  #placesOf(
    { port, protocol, isSecure }: NextHop,
    domain: string,
    deadline: Deadline,
  ): Eventually<readonly Place[]> {
    const named = isSecure && protocol ? securedProtocol(protocol) : protocol;
    if (protocol && (!named || !this.#parts.serves(named))) return [];
    const served = (isSecure ? SECURE_PROTOCOLS : PLAIN_PROTOCOLS).filter((each) => this.#parts.serves(each));
    const chosen = named ?? served[0];
    const fallback = chosen === undefined ? [] : [{
      host: domain,
      port: port ?? defaultPort(chosen),
      protocol: chosen,
      isTransportFixed: named !== undefined || isSecure,
    }];
    if (port !== undefined || isIpAddress(domain) || this.#parts.resolver.isLocal(domain)) return fallback;
    if (named) return this.#placesByTransport(domain, [named], fallback, deadline);
    const rules = this.#parts.resolver.query(domain, "NAPTR");
    if (rules instanceof Promise) this.#askAhead(domain, served);
    return whenKnown(
      this.#placesByServices(rules, isSecure, deadline),
      (places) => places.length > 0 ? places : this.#placesByTransport(domain, served, fallback, deadline),
    );
  }

  /** Asks together what would be asked one after the other: who has to wait for a silent name server does so once. */
  #askAhead(domain: string, protocols: readonly TransportProtocol[]): void {
    const { resolver } = this.#parts;
    for (const protocol of protocols) {
      const label = serviceLabel(protocol);
      if (label !== undefined) void resolver.query(`${label}.${domain}`, "SRV");
    }
    void resolver.query(domain, "AAAA");
    void resolver.query(domain, "A");
  }

  /** By the services that the domain lists. */
  #placesByServices(
    rules: Eventually<Resolution<"NAPTR">>,
    isSecure: boolean,
    deadline: Deadline,
  ): Eventually<readonly Place[]> {
    return whenKnown(deadline.within(rules, FAILURE), (resolution) => {
      const services = selectServices(recordsOf(resolution), isSecure, this.#parts.serves.bind(this.#parts));
      return this.#placesByOrder(services, deadline);
    });
  }

  /** Once an order has led somewhere, higher ones are not for us (RFC 3403 §4.1). */
  #placesByOrder(services: readonly Service[], deadline: Deadline): Eventually<readonly Place[]> {
    if (services.length === 0) return [];
    const [{ order }] = services;
    const lists = services.filter((service) => service.order === order)
      .map((service) => this.#servers(service.name, deadline, service.protocol));
    return whenKnown(whenAllKnown(lists), (lists) => {
      const places = lists.flatMap((list) => list ?? []);
      if (places.length > 0) return places;
      return this.#placesByOrder(services.filter((service) => service.order !== order), deadline);
    });
  }

  /** By the servers that the domain lists for these transports; `fallback` when it lists none for any of them. */
  #placesByTransport(
    domain: string,
    protocols: readonly TransportProtocol[],
    fallback: readonly Place[],
    deadline: Deadline,
  ): Eventually<readonly Place[]> {
    const lists = protocols.map((protocol) => {
      const label = serviceLabel(protocol);
      return label === undefined ? undefined : this.#servers(`${label}.${domain}`, deadline, protocol);
    });
    if (lists.some((list) => list instanceof Promise)) this.#askAhead(domain, []);
    return whenKnown(whenAllKnown(lists), (lists) => {
      const places = lists.flatMap((list) => list ?? []);
      return lists.every((list) => list === undefined) ? fallback : places;
    });
  }

  /** The servers of a service; none when it is decidedly not there, undefined when nothing is known of it. */
  #servers(
    name: string,
    deadline: Deadline,
    protocol: TransportProtocol,
  ): Eventually<readonly Place[] | undefined> {
    const asked = deadline.within<Resolution<"SRV">>(this.#parts.resolver.query(name, "SRV"), FAILURE);
    return whenKnown(asked, (resolution) => {
      if (resolution.kind !== "answer") return undefined;
      return orderServers(resolution.records.filter(isThere), this.#random)
        .map(({ target, port }) => ({ host: target, port, protocol, isTransportFixed: true }));
    });
  }

  /** The second half of §4.2: addresses. */
  #destinationsOf(
    places: readonly Place[],
    domain: string,
    deadline: Deadline,
  ): Eventually<readonly Destination[]> {
    const { resolver } = this.#parts;
    const asked = places.slice(0, MAX_DESTINATIONS)
      .map(({ host }) => deadline.within(resolver.resolve(host), []));
    return whenKnown(whenAllKnown(asked), (lists) => {
      const destinations: Destination[] = [];
      for (const [i, addresses] of lists.entries()) {
        this.#addDestinations(destinations, places[i], addresses, domain);
      }
      return destinations;
    });
  }

  #addDestinations(
    destinations: Destination[],
    { port, protocol, isTransportFixed }: Place,
    addresses: readonly string[],
    domain: string,
  ): void {
    const reachable = addresses.filter((address) => this.#parts.canReach(protocol, address));
    for (const address of interleaved(reachable)) {
      if (destinations.length >= MAX_DESTINATIONS) return;
      const isListed = destinations.some((other) =>
        other.address === address && other.port === port && other.protocol === protocol
      );
      if (!isListed) destinations.push({ protocol, address, port, domain, isTransportFixed });
    }
  }
}

function isThere({ target, port }: SrvRecord): boolean {
  return target !== "." && port > 0;
}

/** IPv4 and IPv6 in turn, beginning with the family of the first (RFC 8305 §4). */
function interleaved(addresses: readonly string[]): readonly string[] {
  if (addresses.length < 2) return addresses;
  const startsWith6 = isIpv6(addresses[0]);
  const first = addresses.filter((address) => isIpv6(address) === startsWith6);
  const second = addresses.filter((address) => isIpv6(address) !== startsWith6);
  if (second.length === 0) return addresses;
  return Array.from({ length: Math.max(first.length, second.length) })
    .flatMap((_, i) => [first[i], second[i]])
    .filter((address) => address !== undefined);
}
