/** Addresses of Redis: a server, one known to sentinels, or a cluster. */

/** Settings of a connection; `url` replaces the others. */
export interface RedisSettings {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly secret?: string;
  readonly db: number;
  readonly tls: boolean;
  readonly url?: string;
}

export interface RedisNode {
  /** An IPv6 address has no brackets. */
  readonly host: string;
  readonly port: number;
}

export interface RedisAddress {
  /** `nodes` are the server itself, sentinels, or some nodes of a cluster. */
  readonly type: "server" | "sentinel" | "cluster";
  readonly nodes: readonly RedisNode[];
  /** The name of the server at its sentinels. */
  readonly master: string | undefined;
  readonly username: string | undefined;
  readonly secret: string | undefined;
  readonly db: number;
  readonly tls: boolean;
  /** The name for logs, without the password: `127.0.0.1:6379`, `mymaster of 10.0.0.1:26379,10.0.0.2:26379`. */
  readonly name: string;
}

/** Returns undefined for a malformed URL. */
export function redisAddress(settings: RedisSettings): RedisAddress | undefined {
  const { host, port, username, secret, db, tls, url } = settings;
  if (url !== undefined) return addressOfUrl(url, settings);
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
 * `redis-cluster://h1:7000,h2:7001`. The rest is taken from `settings`.
 */
function addressOfUrl(url: string, settings: RedisSettings): RedisAddress | undefined {
  const match = URL_PATTERN.exec(url);
  if (match === null) return undefined;
  const [, scheme = "", credentials, hosts, path = ""] = match;
  const type = scheme === "-sentinel" ? "sentinel" : scheme === "-cluster" ? "cluster" : "server";
  const nodes = hosts.split(",").map((text) => nodeOf(text, PORTS[type]));
  const [username, secret] = readCredentials(credentials, settings);
  const steps = path === "" ? [] : path.split("/").map(decoded);
  const master = type === "sentinel" ? steps.shift() : undefined;
  if (type === "sentinel" && !master) return undefined;
  if (steps.length > (type === "cluster" ? 0 : 1) || (type === "server" && nodes.length > 1)) {
    return undefined;
  }
  // A cluster has one database only.
  const db = type === "cluster" ? 0 : steps.length === 0 ? settings.db : readDatabase(steps[0]);
  if (db === undefined || !nodes.every((node) => node !== undefined)) return undefined;
  return named({ type, nodes, master, username, secret, db, tls: scheme === "s" || settings.tls });
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
  { username, secret }: RedisSettings,
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
