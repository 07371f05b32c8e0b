/** One of the servers that are soaked side by side, with all that belongs to it: phones, providers, names, disk or Redis. */
import { join } from "node:path";
import { Redis } from "ioredis";
import { type RedisServer, startRedis } from "../support/redis_server.ts";
import { EXPECTED_LINES } from "./report/expected_lines.ts";
import { Ledger } from "./report/ledger.ts";
import { LogTally } from "./report/log_tally.ts";
import { SoakNames } from "./names.ts";
import { Provider } from "./phones/provider.ts";
import { SoakPhone } from "./phones/soak_phone.ts";
import { pause } from "../support/pause.ts";
import { fillWith } from "../bench/systems/redis_resources.ts";
import {
  agentDocuments,
  choosePorts,
  DOMAIN,
  GATEWAY_ADDRESS,
  NAMED_DOMAIN,
  NAMED_GATEWAY_ADDRESS,
  replaceFile,
  SECRET,
  type SoakPorts,
  writeSoakConfiguration,
} from "./server/soak_configuration.ts";
import { SoakServer } from "./server/soak_server.ts";
import { StateDisk } from "./server/state_disk.ts";

export const PROFILES = ["files", "redis"] as const;
/** Where the server has its resources, and with Redis its registrations. */
export type Profile = typeof PROFILES[number];

export interface PartOptions {
  readonly profile: Profile;
  readonly binary?: string;
  readonly phones: number;
  say(text: string): void;
}

const PROTOCOLS = ["udp", "tcp", "udp", "ws", "udp", "tls", "udp", "tcp", "ws", "tls"] as const;
const NAMED_PHONES = 8;
const ABSENT_USER = "3999";
const ONLINE_MS = 180_000;
/** The longest that a timer can be: 24 days. */
const MAX_LIFETIME_MS = 2 ** 31 - 1;

export class SoakPart {
  readonly profile: Profile;
  readonly ledger = new Ledger();
  readonly log = new LogTally(EXPECTED_LINES);
  /** What went wrong beside operations. */
  readonly complaints: string[] = [];
  readonly absentUser = ABSENT_USER;
  readonly say: (text: string) => void;
  readonly server: SoakServer;
  readonly names: SoakNames;
  readonly redis: RedisServer | undefined;
  readonly disk: StateDisk | undefined;
  readonly phones: readonly SoakPhone[];
  readonly providers: readonly Provider[];
  readonly #users: Users;

  private constructor(options: PartOptions, parts: Parts) {
    const { directory, ports, users } = parts;
    this.profile = options.profile;
    this.say = options.say;
    this.names = parts.names;
    this.redis = parts.redis;
    this.disk = parts.disk;
    this.#users = users;
    this.server = new SoakServer({
      directory,
      ports,
      log: this.log,
      binary: options.binary,
      disk: parts.disk,
    });
    const provider = (address: string) =>
      new Provider({ address, port: ports.gateway, serverPort: ports.udp });
    this.providers = [provider(GATEWAY_ADDRESS), provider(NAMED_GATEWAY_ADDRESS)];
    const all = [
      ...users.users.map((user) => ({ user, domain: DOMAIN })),
      ...users.namedUsers.slice(0, -1).map((user) => ({ user, domain: NAMED_DOMAIN })),
    ];
    this.phones = all.map(({ user, domain }, index) => {
      const localAddress = `127.1.${Math.floor(index / 200)}.${index % 200 + 1}`;
      const protocol = PROTOCOLS[index % PROTOCOLS.length];
      return new SoakPhone({ user, domain, secret: SECRET, protocol, ports, localAddress });
    });
  }

  /** Starts the server; phones are not there yet. */
  static async start(options: PartOptions): Promise<SoakPart> {
    const directory = await Deno.makeTempDir({ prefix: `routr-soak-${options.profile}-` });
    const numbers = (first: number, count: number) =>
      Array.from({ length: count }, (_, i) => String(first + i));
    const users = {
      users: numbers(1001, options.phones),
      namedUsers: [...numbers(3001, NAMED_PHONES), ABSENT_USER],
    };
    const ports = choosePorts();
    const names = new SoakNames();
    const redis = options.profile === "redis"
      ? await startRedis({ lifetime: MAX_LIFETIME_MS, args: ["--appendfsync", "everysec"] })
      : undefined;
    const parameters = { host: "127.0.0.1", port: redis?.port, retry_interval: 1 };
    const spec = redis && { dataSource: { provider: "redis_data_provider", parameters } };
    await writeSoakConfiguration(directory, ports, { ...users, nameServer: names.address, spec });
    if (redis) await fillRedis(redis, directory);
    await Deno.mkdir(join(directory, "state"));
    const disk = redis ? undefined : await StateDisk.mount(join(directory, "state"));
    const part = new SoakPart(options, { directory, ports, users, names, redis, disk });
    try {
      await part.server.start();
    } catch (error) {
      await part.close();
      throw error;
    }
    return part;
  }

  /** Lets all phones connect and register. */
  async bringPhones(): Promise<void> {
    for (const phone of this.phones) phone.stay();
    const deadline = performance.now() + ONLINE_MS;
    while (!this.phones.every(({ isOnline }) => isOnline)) {
      if (performance.now() > deadline) throw new Error("Not all phones could register");
      await pause(100);
    }
  }

  /** Changes the password of an agent without a phone. */
  async editAgents(secret: string): Promise<void> {
    const documents = agentDocuments(this.#users, secret);
    const { directory } = this.server.options;
    await replaceFile(directory, "agents.yaml", documents);
    if (this.redis) await fillRedis(this.redis, directory, "agents");
  }

  async close(): Promise<void> {
    this.server.discard();
    for (const phone of this.phones) phone.agent.connection?.close();
    for (const provider of this.providers) provider.hush();
    await this.names.close();
    await this.redis?.stop();
    await this.disk?.unmount();
    await Deno.remove(this.server.options.directory, { recursive: true });
  }
}

async function fillRedis({ port }: RedisServer, directory: string, only?: string): Promise<void> {
  const client = new Redis({ host: "127.0.0.1", port });
  try {
    await fillWith(client, directory, only);
  } finally {
    client.disconnect();
  }
}

interface Users {
  readonly users: readonly string[];
  readonly namedUsers: readonly string[];
}

interface Parts {
  readonly directory: string;
  readonly ports: SoakPorts;
  readonly users: Users;
  readonly names: SoakNames;
  readonly redis: RedisServer | undefined;
  readonly disk: StateDisk | undefined;
}
