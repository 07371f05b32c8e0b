/**
 * The networks of an office, each in a namespace of its own.
 *
 *     pbx 198.51.100.1 ──┐           ┌── NAT 203.0.113.9 ── home 192.168.1.10
 *    desk 198.51.100.11 ─┼── switch ─┤
 *                        │           └── NAT 198.51.100.9 ── annex 192.168.2.10
 *
 * A NAT keeps ports where it can, and lets in only what answers something that went out, from where it went to.
 */
import { Namespace } from "./namespaces.ts";

const OFFICE_NETWORK = "198.51.100.0/24";
/** Networks outside of the office, reached without a router in between. */
const OUTSIDE = "203.0.113.0/24";

/** A namespace for sockets, and their address in it. */
export interface Site {
  readonly namespace: Namespace;
  readonly address: string;
}

export interface OfficeNetworkOptions {
  /** Lines of /etc/hosts where the server is. */
  readonly hosts?: string;
}

export class OfficeNetwork implements AsyncDisposable {
  readonly #namespaces: Namespace[] = [];
  #sites: Record<"pbx" | "desk" | "home" | "annex", Site> | undefined;

  static async create({ hosts }: OfficeNetworkOptions = {}): Promise<OfficeNetwork> {
    await Namespace.removeLeftOver();
    const network = new OfficeNetwork();
    try {
      await network.#build(hosts);
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  /** The address of the server. */
  get pbx(): Site {
    return this.#built.pbx;
  }

  /** In the network of the server. */
  get desk(): Site {
    return this.#built.desk;
  }

  /** Behind NAT somewhere else. */
  get home(): Site {
    return this.#built.home;
  }

  /** Behind NAT whose outer address is in the network of the server. */
  get annex(): Site {
    return this.#built.annex;
  }

  /** Hands on what the home's NAT gets at this UDP port to a port of the home, as routers are told to. */
  async forwardPort(port: number): Promise<void> {
    const nat = this.#namespaces.find(({ name }) => name.endsWith("-home-nat"))!;
    await nat.run("nft", "add chain ip nat forwarding { type nat hook prerouting priority -100; }");
    await nat.run(
      "nft",
      `add rule ip nat forwarding iifname wan udp dport ${port} dnat to ${this.home.address}`,
    );
    await nat.run(
      "nft",
      `insert rule ip filter forward ip daddr ${this.home.address} udp dport ${port} accept`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const namespace of this.#namespaces.splice(0).reverse()) await namespace.remove();
  }

  get #built(): Record<"pbx" | "desk" | "home" | "annex", Site> {
    if (!this.#sites) throw new TypeError("The network is not built");
    return this.#sites;
  }

  async #build(hosts?: string): Promise<void> {
    const hub = await this.#add("switch");
    await hub.ip("link", "add", "bridge", "type", "bridge");
    await hub.ip("link", "set", "bridge", "up");
    this.#sites = {
      pbx: await this.#addHost(hub, "pbx", { address: "198.51.100.1", hosts }),
      desk: await this.#addHost(hub, "desk", { address: "198.51.100.11" }),
      home: await this.#addBehindNat(hub, "home", { outside: "203.0.113.9/32", inside: "192.168.1" }),
      annex: await this.#addBehindNat(hub, "annex", { outside: "198.51.100.9/24", inside: "192.168.2" }),
    };
  }

  async #add(name: string, options: { hosts?: string } = {}): Promise<Namespace> {
    const namespace = await Namespace.create(name, options);
    this.#namespaces.push(namespace);
    return namespace;
  }

  async #addHost(hub: Namespace, name: string, options: { address: string; hosts?: string }): Promise<Site> {
    const { address, hosts } = options;
    const namespace = await this.#add(name, { hosts });
    await plugIn(namespace, { hub, device: "eth0" });
    await namespace.ip("address", "add", `${address}/24`, "dev", "eth0");
    await namespace.ip("route", "add", OUTSIDE, "dev", "eth0");
    return { namespace, address };
  }

  async #addBehindNat(
    hub: Namespace,
    name: string,
    { outside, inside }: { outside: string; inside: string },
  ): Promise<Site> {
    const nat = await this.#add(`${name}-nat`);
    await plugIn(nat, { hub, device: "wan" });
    await nat.ip("address", "add", outside, "dev", "wan");
    if (outside.endsWith("/32")) await nat.ip("route", "add", OFFICE_NETWORK, "dev", "wan");
    else await nat.ip("route", "add", OUTSIDE, "dev", "wan");

    const namespace = await this.#add(name);
    await nat.ip("link", "add", "lan", "type", "veth", "peer", "name", "eth0", "netns", namespace.name);
    await nat.ip("address", "add", `${inside}.1/24`, "dev", "lan");
    await nat.ip("link", "set", "lan", "up");
    await namespace.ip("address", "add", `${inside}.10/24`, "dev", "eth0");
    await namespace.ip("link", "set", "eth0", "up");
    await namespace.ip("route", "add", "default", "via", `${inside}.1`);
    await nat.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
    for (const line of NAT_RULES) await nat.run("nft", line);
    return { namespace, address: `${inside}.10` };
  }
}

const NAT_RULES = [
  "add table ip nat",
  "add chain ip nat outgoing { type nat hook postrouting priority 100; }",
  "add rule ip nat outgoing oifname wan masquerade",
  "add table ip filter",
  "add chain ip filter forward { type filter hook forward priority 0; policy drop; }",
  "add rule ip filter forward iifname lan accept",
  "add rule ip filter forward ct state established,related accept",
  "add chain ip filter input { type filter hook input priority 0; policy drop; }",
  "add rule ip filter input ip protocol icmp accept",
];

/** Connects a namespace to the switch by a cable whose end there has the name of the namespace. */
async function plugIn(
  namespace: Namespace,
  { hub, device }: { hub: Namespace; device: string },
): Promise<void> {
  const end = `v${namespace.name.split("-").slice(3).join("")}`.slice(0, 15);
  await hub.ip("link", "add", end, "type", "veth", "peer", "name", device, "netns", namespace.name);
  await hub.ip("link", "set", end, "master", "bridge", "up");
  await namespace.ip("link", "set", device, "up");
}
