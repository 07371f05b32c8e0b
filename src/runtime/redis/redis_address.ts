/** Where a Redis is: a server, one that sentinels know, or a cluster. */

/** As operators give it; `url` takes the place of the rest. */
export interface RedisPlace {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly secret?: string;
  readonly db: number;
  readonly tls: boolean;
  readonly url?: string;
}

export interface RedisNode {
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface RedisAddress {
  /** The nodes are the server itself, sentinels, or some of the nodes of a cluster. */
  readonly type: "server" | "sentinel" | "cluster";
  readonly nodes: readonly RedisNode[];
  /** What sentinels call the server. */
  readonly master: string | undefined;
  readonly username: string | undefined;
  readonly secret: string | undefined;
  readonly db: number;
  readonly tls: boolean;
  /** As logs name it, without the password: `127.0.0.1:6379`, `mymaster of 10.0.0.1:26379,10.0.0.2:26379`. */
  readonly name: string;
}

/** Undefined when the URL says nothing that can be used. */
export function redisAddress(place: RedisPlace): RedisAddress | undefined {
  const { host, port, username, secret, db, tls, url } = place;
  if (url !== undefined) return addressOfUrl(url, place);
  return named({
    type: "server",
    nodes: [{ host: withoutBrackets(host), port }],
    master: undefined,
    username,
    secret,
    db,
    tls,
  });
}

const PORTS = { server: 6379, sentinel: 26379, cluster: 6379 } as const;
const URL_PATTERN = /^redis(s|-sentinel|-cluster)?:\/\/(?:([^@]*)@)?([^@/?#]*)(?:\/([^?#]*))?$/;

/**
 * `redis://[[username]:password@]host[:port][/db]`, `rediss:` with TLS, `redis-sentinel://h1,h2/master[/db]`,
 * `redis-cluster://h1:7000,h2:7001`. What the URL leaves open is as in `place`.
 */
function addressOfUrl(url: string, place: RedisPlace): RedisAddress | undefined {
  const match = URL_PATTERN.exec(url);
  if (match === null) return undefined;
  const [, scheme = "", credentials, hosts, path = ""] = match;
  const type = scheme === "-sentinel" ? "sentinel" : scheme === "-cluster" ? "cluster" : "server";
  const nodes = hosts.split(",").map((text) => nodeOf(text, PORTS[type]));
  const [username, secret] = readCredentials(credentials, place);
  const steps = path === "" ? [] : path.split("/").map(decoded);
  const master = type === "sentinel" ? steps.shift() : undefined;
  if (type === "sentinel" && !master) return undefined;
  if (steps.length > (type === "cluster" ? 0 : 1) || (type === "server" && nodes.length > 1)) {
    return undefined;
  }
  // A cluster has but one database.
  const db = type === "cluster" ? 0 : steps.length === 0 ? place.db : readDatabase(steps[0]);
  if (db === undefined || !nodes.every((node) => node !== undefined)) return undefined;
  return named({ type, nodes, master, username, secret, db, tls: scheme === "s" || place.tls });
}

function named(address: Omit<RedisAddress, "name">): RedisAddress {
  const nodes = address.nodes.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`);
  const of = address.master === undefined ? "" : `${address.master} of `;
  return { ...address, name: `${of}${nodes.join(",")}` };
}

function nodeOf(text: string, defaultPort: number): RedisNode | undefined {
  const match = /^(\[[\da-f:.]+\]|[^\s:[\]]+)(?::(\d{1,5}))?$/i.exec(text);
  if (match === null) return undefined;
  const port = Number(match[2] ?? defaultPort);
  return port < 1 || port > 65535 ? undefined : { host: withoutBrackets(match[1]), port };
}

function readDatabase(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

function readCredentials(
  text: string | undefined,
  { username, secret }: RedisPlace,
): [string | undefined, string | undefined] {
  if (text === undefined) return [username, secret];
  const [name, password] = text.split(/:(.*)/s, 2).map(decoded);
  return [name === "" ? username : name, password ?? secret];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}
