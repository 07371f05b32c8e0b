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

/** Time after which the answers so far are used. */
const TIMEOUT_MS = 5_000;
const MAX_DESTINATIONS = 16;

/** Protocols in the order of trial for a domain without a preference (RFC 3263 §4.1, RFC 3261 §18.1.1). */
const PLAIN_PROTOCOLS: readonly TransportProtocol[] = ["udp", "tcp", "sctp", "tls"];
const SECURE_PROTOCOLS: readonly TransportProtocol[] = ["tls"];

export interface ServerLocatorParts {
  readonly resolver: Pick<Resolver, "isLocal" | "query" | "resolve">;
  readonly clock: Clock;
  /** Reports whether a socket can reach an address. */
  canReach(protocol: TransportProtocol, address: string): boolean;
  /** Reports whether a protocol has a listener. */
  serves(protocol: TransportProtocol): boolean;
  /** Returns a number from 0 to below 1. */
  readonly random?: () => number;
}

/** A host that serves the next hop. */
interface Candidate {
  readonly host: string;
  readonly port: number;
  readonly protocol: TransportProtocol;
  readonly isTransportFixed: boolean;
}

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
   * Returns the destinations of a hop in the order of trial, at once when nothing has to be asked. Never rejects; takes
   * five seconds at most.
   */
  locate(hop: NextHop): Eventually<readonly Destination[]> {
    const deadline = new Deadline(this.#parts.clock, TIMEOUT_MS);
    const domain = hop.host.endsWith(".") ? hop.host.slice(0, -1) : hop.host;
    const candidates = this.#candidatesOf(hop, domain, deadline);
    const located = whenKnown(candidates, (candidates) => this.#destinationsOf(candidates, domain, deadline));
    return whenKnown(located, (destinations) => {
      deadline.end();
      return this.#failed.putLast(destinations);
    });
  }

  /** Returns the reason for a hop without destinations. */
  whyNowhere({ host, protocol, isSecure }: NextHop): string {
    const named = isSecure && protocol ? securedProtocol(protocol) ?? protocol : protocol;
    if (named && !this.#parts.serves(named)) return `No listener for ${named}, by which ${host} is reached`;
    return isIpAddress(host) ? `No listener reaches ${host}` : `No address of ${host} in DNS`;
  }

  /** Notes a destination that did not answer, which comes last for the next minute. */
  noteFailure(destination: Destination): void {
    this.#failed.add(destination);
  }

  noteSuccess(destination: Destination): void {
    this.#failed.delete(destination);
  }

  /** Finds transports and hosts (§4.1 and the first half of §4.2). */
  #candidatesOf(
    { port, protocol, isSecure }: NextHop,
    domain: string,
    deadline: Deadline,
  ): Eventually<readonly Candidate[]> {
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
    if (named) return this.#candidatesByTransport(domain, [named], fallback, deadline);
    const rules = this.#parts.resolver.query(domain, "NAPTR");
    if (rules instanceof Promise) this.#askAhead(domain, served);
    return whenKnown(
      this.#candidatesByServices(rules, isSecure, deadline),
      (candidates) =>
        candidates.length > 0 ? candidates : this.#candidatesByTransport(domain, served, fallback, deadline),
    );
  }

  /** Asks all questions ahead that may follow, so that a silent name server is waited for once. */
  #askAhead(domain: string, protocols: readonly TransportProtocol[]): void {
    const { resolver } = this.#parts;
    for (const protocol of protocols) {
      const label = serviceLabel(protocol);
      if (label !== undefined) void resolver.query(`${label}.${domain}`, "SRV");
    }
    void resolver.query(domain, "AAAA");
    void resolver.query(domain, "A");
  }

  /** Uses the services that the domain lists. */
  #candidatesByServices(
    rules: Eventually<Resolution<"NAPTR">>,
    isSecure: boolean,
    deadline: Deadline,
  ): Eventually<readonly Candidate[]> {
    return whenKnown(deadline.within(rules, FAILURE), (resolution) => {
      const services = selectServices(recordsOf(resolution), isSecure, this.#parts.serves.bind(this.#parts));
      return this.#candidatesByOrder(services, deadline);
    });
  }

  /** Uses the lowest order that leads to servers; higher ones are ignored (RFC 3403 §4.1). */
  #candidatesByOrder(services: readonly Service[], deadline: Deadline): Eventually<readonly Candidate[]> {
    if (services.length === 0) return [];
    const [{ order }] = services;
    const lists = services.filter((service) => service.order === order)
      .map((service) => this.#servers(service.name, deadline, service.protocol));
    return whenKnown(whenAllKnown(lists), (lists) => {
      const candidates = lists.flatMap((list) => list ?? []);
      if (candidates.length > 0) return candidates;
      return this.#candidatesByOrder(services.filter((service) => service.order !== order), deadline);
    });
  }

  /** Uses the servers that the domain lists for some transports; `fallback` when it lists none. */
  #candidatesByTransport(
    domain: string,
    protocols: readonly TransportProtocol[],
    fallback: readonly Candidate[],
    deadline: Deadline,
  ): Eventually<readonly Candidate[]> {
    const lists = protocols.map((protocol) => {
      const label = serviceLabel(protocol);
      return label === undefined ? undefined : this.#servers(`${label}.${domain}`, deadline, protocol);
    });
    if (lists.some((list) => list instanceof Promise)) this.#askAhead(domain, []);
    return whenKnown(whenAllKnown(lists), (lists) => {
      const candidates = lists.flatMap((list) => list ?? []);
      return lists.every((list) => list === undefined) ? fallback : candidates;
    });
  }

  /** Returns the servers of a service; none when it is not available, undefined when nothing is known. */
  #servers(
    name: string,
    deadline: Deadline,
    protocol: TransportProtocol,
  ): Eventually<readonly Candidate[] | undefined> {
    const asked = deadline.within<Resolution<"SRV">>(this.#parts.resolver.query(name, "SRV"), FAILURE);
    return whenKnown(asked, (resolution) => {
      if (resolution.kind !== "answer") return undefined;
      return orderServers(resolution.records.filter(isThere), this.#random)
        .map(({ target, port }) => ({ host: target, port, protocol, isTransportFixed: true }));
    });
  }

  /** Finds the addresses of hosts (second half of §4.2). */
  #destinationsOf(
    candidates: readonly Candidate[],
    domain: string,
    deadline: Deadline,
  ): Eventually<readonly Destination[]> {
    const { resolver } = this.#parts;
    const asked = candidates.slice(0, MAX_DESTINATIONS)
      .map(({ host }) => deadline.within(resolver.resolve(host), []));
    return whenKnown(whenAllKnown(asked), (lists) => {
      const destinations: Destination[] = [];
      for (const [i, addresses] of lists.entries()) {
        this.#addDestinations(destinations, candidates[i], addresses, domain);
      }
      return destinations;
    });
  }

  #addDestinations(
    destinations: Destination[],
    { port, protocol, isTransportFixed }: Candidate,
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

/** Returns the addresses with families in turn, beginning with that of the first (RFC 8305 §4). */
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
