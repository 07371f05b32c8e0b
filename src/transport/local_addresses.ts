/** Which address to put into Via and Record-Route, and which addresses are us. */
import ipaddr from "ipaddr.js";
import { BoundedMap } from "../runtime/bounded_map.ts";
import { isIpAddress, isIpv6, toSocketHost, toUriHost } from "../runtime/ip/ip_address.ts";

/** The parts of `Deno.networkInterfaces()` that are used; tests bring their own. */
export interface NetworkInterface {
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
  readonly cidr: string;
}

/** How the server is to be known (`spec.externAddr`, `spec.localnets`). */
export interface AdvertisedAddress {
  /** The address outside of `localnets`; undefined when there is no other than the socket's own. */
  readonly externAddr?: string;
  /** Where that address has other ports than we listen on: ours, then the one outside. */
  readonly externPorts?: ReadonlyMap<number, number>;
  /** CIDR, IP/mask or IP. Empty: everything but loopback is outside. */
  readonly localnets?: readonly string[];
}

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Hosts whose networks are remembered. */
const MAX_REMEMBERED = 16_384;

/** Answers for the addresses of this machine. */
export class LocalAddresses {
  readonly #interfaces: readonly NetworkInterface[];
  readonly #networks: readonly { network: Network; address: string }[];
  readonly #externAddr: string | undefined;
  readonly #externPorts: ReadonlyMap<number, number>;
  readonly #localnets: readonly Network[];
  /** The local networks that a host is in, by their number. */
  readonly #networksOf = new BoundedMap<string, readonly number[]>(MAX_REMEMBERED);

  constructor(interfaces: readonly NetworkInterface[], advertised: AdvertisedAddress = {}) {
    this.#interfaces = interfaces;
    this.#networks = interfaces.map(({ cidr, address }) => ({
      network: ipaddr.parseCIDR(cidr),
      address: toUriHost(address),
    }));
    this.#externAddr = advertised.externAddr;
    this.#externPorts = advertised.externPorts ?? new Map();
    this.#localnets = (advertised.localnets ?? []).map(parseNetwork);
  }

  /** Every address a socket bound to `address` can be reached by, as URIs write them. */
  reachedBy(address: string): string[] {
    if (address !== "0.0.0.0" && address !== "[::]") return [address];
    const own = this.#interfaces.filter(({ family }) => address === "[::]" || family === "IPv4");
    return own.map((networkInterface) => toUriHost(networkInterface.address));
  }

  /** The address that `remote` should use for a socket bound to `bound`: §18.1.1 sent-by. */
  facing(remote: string, bound: string): string {
    if (this.#externAddr !== undefined && this.#canUse(this.#externAddr, remote)) return this.#externAddr;
    if (bound !== "0.0.0.0" && bound !== "[::]") return bound;
    const wanted = isIpv6(remote) ? "IPv6" : "IPv4";
    if (isIpAddress(remote)) {
      const target = ipaddr.parse(toSocketHost(remote));
      const near = this.#networks.find(({ network }) =>
        target.kind() === network[0].kind() && target.match(network)
      );
      if (near) return near.address;
    }
    const candidates = this.#interfaces.filter(({ family, address }) =>
      family === wanted && isGlobal(address)
    );
    return candidates.length > 0
      ? toUriHost(candidates[0].address)
      : wanted === "IPv6"
      ? "[::1]"
      : "127.0.0.1";
  }

  /** The external address, undefined when none is set. */
  get externAddr(): string | undefined {
    return this.#externAddr;
  }

  /** The port at the external address that leads to this one of ours. */
  externPort(port: number): number {
    return this.#externPorts.get(port) ?? port;
  }

  /** Reports whether a host is in one of the local networks: `localnets`, or those of the interfaces if there are none. */
  isLocal(host: string): boolean {
    return this.#localNetworksOf(host).length > 0;
  }

  /** Reports whether one local network has all these hosts, so that they reach each other without NAT. */
  haveOneNetwork(first: string, ...others: readonly string[]): boolean {
    return this.#localNetworksOf(first).some((network) =>
      others.every((host) => host === first || this.#localNetworksOf(host).includes(network))
    );
  }

  #localNetworksOf(host: string): readonly number[] {
    let numbers = this.#networksOf.get(host);
    if (numbers !== undefined) return numbers;
    const networks = this.#localnets.length > 0
      ? this.#localnets
      : this.#networks.map(({ network }) => network);
    numbers = isIpAddress(host) ? matching(networks, ipaddr.parse(toSocketHost(host))) : [];
    this.#networksOf.set(host, numbers);
    return numbers;
  }

  /** Whether a host outside of the local networks can be told this address: a name always, an address when it is of its own family. */
  #canUse(externAddr: string, remote: string): boolean {
    if (!isIpAddress(remote) || isIpAddress(externAddr) && isIpv6(externAddr) !== isIpv6(remote)) {
      return false;
    }
    return this.#isOutside(remote);
  }

  #isOutside(remote: string): boolean {
    const address = ipaddr.parse(toSocketHost(remote));
    if (address.range() === "loopback") return false;
    return !this.#localnets.some((network) => network[0].kind() === address.kind() && address.match(network));
  }
}

function matching(networks: readonly Network[], address: ipaddr.IPv4 | ipaddr.IPv6): readonly number[] {
  return networks.flatMap((network, i) =>
    network[0].kind() === address.kind() && address.match(network) ? [i] : []
  );
}

function isGlobal(address: string): boolean {
  const range = ipaddr.parse(address.split("%")[0]).range();
  return range !== "loopback" && range !== "linkLocal";
}

/** `10.0.0.0/8`, `10.0.0.0/255.0.0.0` or `10.1.2.3`. Throws when it is none of them. */
export function parseNetwork(rule: string): Network {
  const [address, mask] = rule.split("/");
  const parsed = ipaddr.parse(toSocketHost(address));
  if (mask === undefined) return [parsed, parsed.kind() === "ipv4" ? 32 : 128];
  if (!mask.includes(".")) return ipaddr.parseCIDR(rule);
  const bits = ipaddr.IPv4.parse(mask).prefixLengthFromSubnetMask();
  if (bits === null) throw new SyntaxError(`Cannot read "${rule}": the mask has gaps`);
  return [parsed, bits];
}
