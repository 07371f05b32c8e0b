/** The names in `/etc/hosts` (hosts(5)). */
import ipaddr from "ipaddr.js";
import type { Clock } from "../../runtime/clock.ts";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import { WatchedFile } from "./watched_file.ts";

const PATH = Deno.build.os === "windows" ? "C:\\Windows\\System32\\drivers\\etc\\hosts" : "/etc/hosts";

export class HostsFile {
  readonly #file: WatchedFile<ReadonlyMap<string, readonly string[]>>;

  constructor(clock: Clock, path = PATH) {
    this.#file = new WatchedFile(path, clock, readHosts);
  }

  /** Returns the addresses of a lower-case name in URI form, in the order of the file; undefined for none. */
  addressesOf(name: string): readonly string[] | undefined {
    return this.#file.value.get(name);
  }
}

function readHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (names.length === 0 || address.includes("%") || !ipaddr.isValid(address)) continue;
    const host = toUriHost(ipaddr.process(address).toString());
    for (const name of names) {
      const key = name.toLowerCase().replace(/\.$/, "");
      const addresses = hosts.get(key);
      if (!addresses) hosts.set(key, [host]);
      else if (!addresses.includes(host)) addresses.push(host);
    }
  }
  return hosts;
}
