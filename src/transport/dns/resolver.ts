/** Resolves names to records and addresses by the hosts file, name servers and the system. */
import type { Clock } from "../../runtime/clock.ts";
import { isIpAddress } from "../../runtime/ip/ip_address.ts";
import { isAskable } from "./dns_message.ts";
import { type Eventually, whenKnown } from "../../runtime/eventually.ts";
import { HostsFile } from "./hosts_file.ts";
import { NameServerClient } from "./name_server_client.ts";
import { givenNameServers, systemNameServers } from "./name_server_list.ts";
import { NONE, recordsOf, type RecordType, type Resolution } from "./record.ts";
import { RecordCache } from "./record_cache.ts";
import { type Lookup, lookUp, SystemLookup } from "./system_lookup.ts";

/** Time that addresses of one family wait for the other family (RFC 8305 §3, for a distant server). */
const OTHER_FAMILY_TIMEOUT_MS = 300;

export interface ResolverOptions {
  /** Addresses with or without port, such as `192.0.2.53` and `[::1]:5353`, instead of those of the system. */
  readonly nameServers?: readonly string[];
  readonly hostsFile?: string;
  readonly resolverConfiguration?: string;
  readonly lookup?: Lookup;
}

type Caches = { readonly [T in RecordType]: RecordCache<T> };

/** Known names are resolved at once. A slow name server delays only questions for unknown ones. */
export class Resolver {
  readonly #clock: Clock;
  readonly #client: NameServerClient;
  readonly #caches: Caches;
  readonly #hosts: HostsFile;
  readonly #system: SystemLookup;

  /** Throws a `TypeError` when a given name server is no address. */
  constructor(clock: Clock, options: ResolverOptions = {}) {
    const { nameServers, hostsFile, resolverConfiguration, lookup = lookUp } = options;
    const servers = nameServers
      ? givenNameServers(nameServers)
      : systemNameServers(clock, resolverConfiguration);
    const client = new NameServerClient(clock, servers);
    this.#clock = clock;
    this.#client = client;
    this.#caches = {
      A: new RecordCache("A", clock, client),
      AAAA: new RecordCache("AAAA", clock, client),
      SRV: new RecordCache("SRV", clock, client),
      NAPTR: new RecordCache("NAPTR", clock, client),
    };
    this.#hosts = new HostsFile(clock, hostsFile);
    this.#system = new SystemLookup(clock, lookup);
  }

  /** Reports whether a name is resolved without name servers (hosts file, RFC 6761 §6.3, §6.4). */
  isLocal(name: string): boolean {
    return isReserved(name, "localhost") || isReserved(name, "invalid") ||
      this.#hosts.addressesOf(name) !== undefined;
  }

  /** Asks the name servers for a lower-case name. Never rejects; takes four seconds at most. */
  query<T extends RecordType>(name: string, type: T): Eventually<Resolution<T>> {
    if (this.isLocal(name)) return NONE;
    const cache: RecordCache<T> = this.#caches[type];
    return cache.resolve(name);
  }

  /**
   * Returns all addresses of a host in URI form, IPv6 first if name servers are asked; none when nothing is known. `host`
   * is a lower-case name or an address. Never rejects; takes eight seconds at most.
   */
  resolve(host: string): Eventually<readonly string[]> {
    if (isIpAddress(host)) return [host];
    if (isReserved(host, "localhost")) return this.#loopbackOf(host);
    if (isReserved(host, "invalid")) return [];
    const addresses = this.#hosts.addressesOf(host);
    if (addresses) return addresses;
    if (!isAskable(host)) return [];
    if (!this.#client.hasServers) return this.#system.resolve(host);
    const v6 = this.query(host, "AAAA");
    const v4 = this.query(host, "A");
    if (!(v6 instanceof Promise) && !(v4 instanceof Promise)) return this.#addressesIn(host, v6, v4);
    return whenKnown(this.#whenEnoughIsKnown(v6, v4), ([v6, v4]) => this.#addressesIn(host, v6, v4));
  }

  /** Returns the addresses of localhost, which no server is asked for (RFC 6761 §6.3). */
  #loopbackOf(host: string): readonly string[] {
    const addresses = this.#hosts.addressesOf(host)?.filter(isLoopback) ?? [];
    return addresses.length > 0 ? addresses : ["127.0.0.1", "[::1]"];
  }

  #addressesIn(
    host: string,
    v6: Resolution<"AAAA"> | undefined,
    v4: Resolution<"A"> | undefined,
  ): Eventually<readonly string[]> {
    if (v6?.kind === "none" && v4?.kind === "none") return this.#system.resolve(host);
    const found6 = v6 ? recordsOf(v6) : [];
    const found4 = v4 ? recordsOf(v4) : [];
    if (found6.length === 0) return found4;
    return found4.length === 0 ? found6 : [...found6, ...found4];
  }

  /** Resolves with both answers, or with the addresses of one family when the other is late. */
  #whenEnoughIsKnown(
    v6: Eventually<Resolution<"AAAA">>,
    v4: Eventually<Resolution<"A">>,
  ): Promise<[Resolution<"AAAA"> | undefined, Resolution<"A"> | undefined]> {
    return new Promise((resolve) => {
      let known6: Resolution<"AAAA"> | undefined;
      let known4: Resolution<"A"> | undefined;
      let alarm: unknown;
      const finish = () => {
        this.#clock.clearAlarm(alarm);
        resolve([known6, known4]);
      };
      const look = () => {
        if (known6 && known4) return finish();
        if ((known6 ?? known4)?.kind === "answer") {
          alarm = this.#clock.setAlarm(finish, OTHER_FAMILY_TIMEOUT_MS);
        }
      };
      void whenKnown(v6, (resolution) => {
        known6 = resolution;
        look();
      });
      void whenKnown(v4, (resolution) => {
        known4 = resolution;
        look();
      });
    });
  }
}

/** Reports whether a name is a domain or within it. */
function isReserved(name: string, domain: string): boolean {
  return name === domain || name.endsWith(domain) && name.charAt(name.length - domain.length - 1) === ".";
}

function isLoopback(address: string): boolean {
  return address === "[::1]" || address.startsWith("127.");
}
