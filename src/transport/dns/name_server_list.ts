/** The name servers: the configured ones, else those of the system. */
import { getServers } from "node:dns";
import type { Clock } from "../../runtime/clock.ts";
import { type NameServer, readNameServer } from "./name_server.ts";
import { WatchedFile } from "./watched_file.ts";

/** Returns the present servers. Called for every question. */
export type NameServerList = () => readonly NameServer[];

/** Returns a list of given servers. Throws a `TypeError` when one is no address. */
export function givenNameServers(texts: readonly string[]): NameServerList {
  const servers = texts.map((text) => {
    const server = readNameServer(text);
    if (server) return server;
    throw new TypeError(
      `Cannot use name server "${text}": expected an IP address, with or without a port, such as "192.0.2.53" or "[::1]:5353"`,
    );
  });
  return () => servers;
}

/** Returns the list of `/etc/resolv.conf` (resolv.conf(5)), read again when it changes; elsewhere that of the runtime. */
export function systemNameServers(clock: Clock, path = "/etc/resolv.conf"): NameServerList {
  if (Deno.build.os === "windows") return () => serversAmong(getServers());
  const file = new WatchedFile(path, clock, readResolverConfiguration);
  return () => file.value;
}

function readResolverConfiguration(text: string): readonly NameServer[] {
  return serversAmong([...text.matchAll(/^nameserver[ \t]+([^\s#;]+)/gm)].map(([, address]) => address));
}

function serversAmong(texts: readonly string[]): readonly NameServer[] {
  return texts.map(readNameServer).filter((server) => server !== undefined);
}
