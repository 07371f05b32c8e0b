/** The addresses of this server, and the one to show to a peer in Via and Record-Route. */
import ipaddr from "ipaddr.js";
import { BoundedMap } from "../runtime/bounded_map.ts";
import { isIpAddress, isIpv6, toSocketHost, toUriHost } from "../runtime/ip/ip_address.ts";

/** The fields of `Deno.networkInterfaces()` that are used. */
export interface NetworkInterface {
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
  readonly cidr: string;
}

/** The external address of the server (`spec.externAddr`, `spec.localnets`). */
export interface AdvertisedAddress {
  /** The address for peers outside `localnets`; undefined for the socket's own. */
  readonly externAddr?: string;
  /** External ports by listening ports, where they differ. */
  readonly externPorts?: ReadonlyMap<number, number>;
  /** CIDR, IP/mask or IP. If empty, everything but loopback is outside. */
  readonly localnets?: readonly string[];
}

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Hosts whose networks are remembered. */
const MAX_REMEMBERED = 16_384;

export class LocalAddresses {
  readonly #interfaces: readonly NetworkInterface[];
  readonly #networks: readonly { network: Network; address: string }[];
  readonly #externAddr: string | undefined;
  readonly #externPorts: ReadonlyMap<number, number>;
  readonly #localnets: readonly Network[];
  /** Indexes of the local networks of a host. */
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

  /** Returns all addresses that lead to a socket bound to `address`, in URI form. */
  reachedBy(address: string): string[] {
    if (address !== "0.0.0.0" && address !== "[::]") return [address];
    const own = this.#interfaces.filter(({ family }) => address === "[::]" || family === "IPv4");
    return own.map((networkInterface) => toUriHost(networkInterface.address));
  }

  /** Returns the address of a socket bound to `bound` for a remote host, as in sent-by (§18.1.1). */
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

  get externAddr(): string | undefined {
    return this.#externAddr;
  }

  /** Returns the port at the external address that leads to a port of ours. */
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

  /** Reports whether a remote host is outside, and can use the external address: a name, or one of its own family. */
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

/** Parses `10.0.0.0/8`, `10.0.0.0/255.0.0.0` or `10.1.2.3`. Throws for anything else. */
export function parseNetwork(rule: string): Network {
  const [address, mask] = rule.split("/");
  const parsed = ipaddr.parse(toSocketHost(address));
  if (mask === undefined) return [parsed, parsed.kind() === "ipv4" ? 32 : 128];
  if (!mask.includes(".")) return ipaddr.parseCIDR(rule);
  const bits = ipaddr.IPv4.parse(mask).prefixLengthFromSubnetMask();
  if (bits === null) throw new SyntaxError(`Cannot read "${rule}": the mask has gaps`);
  return [parsed, bits];
}
