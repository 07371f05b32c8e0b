/** Ladders: a whole server between phones that send and expect messages as text, on a clock that a test turns. */
import assert from "node:assert/strict";
import { MemoryDirectory } from "../../src/data/directory.ts";
import { type Kind, KINDS, type Resource } from "../../src/data/resource.ts";
import type { Server } from "../../src/appliance/server.ts";
import type { ServerEvent } from "../../src/core/server_events.ts";
import type { TransportProtocol } from "../../src/transport/transport.ts";
import type { RegistrationDatabase } from "../../src/location/registration_database.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeDatabase } from "./fake_database.ts";
import { MemoryTransport } from "./memory_transport.ts";
import { Phone, type PhoneHost, type PhoneOptions } from "./phone.ts";
import { agent, domain, peer } from "./resources.ts";
import { startTestServer } from "./server.ts";
import { startLine } from "./sip_text.ts";

/** The address of the server. */
export const SERVER = "192.0.2.1";

/** The server and the phones are in one network, and 203.0.113.0/24 is elsewhere. */
const INTERFACES = [{ family: "IPv4", address: SERVER, cidr: `${SERVER}/24` }] as const;

/** The resources of the server. */
export interface LadderResources {
  /** `sip.local` unless said otherwise. */
  readonly domains?: readonly string[];
  /** alice, bob, carol and dave of the first domain unless said otherwise; the password is the name backwards. */
  readonly agents?: readonly {
    username: string;
    domains: readonly string[];
    maxContacts?: number;
    serialRingSeconds?: number;
  }[];
  /** User names of peers. */
  readonly peers?: readonly string[];
  /** Further resources of any kind, as documents without `apiVersion`: `{ kind: "Gateway", metadata, spec }`. */
  readonly resources?: readonly ResourceDocument[];
  /** Further ones that were read elsewhere. */
  readonly loaded?: readonly Resource[];
}

/** The resources and the configuration of the server. */
export interface LadderOptions extends LadderResources {
  /** The addresses of names, as DNS would tell them. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** Properties of `spec`. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** True when registrations and dialogs outlive a restart. */
  readonly isKept?: boolean;
}

/** A resource as it stands in a file. */
export interface ResourceDocument {
  readonly kind: Kind;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

type Ladder = (net: Network) => void | Promise<void>;

/** A test body: starts a server, climbs the ladder, and fails if the server sent anything that nobody expected. */
export function ladder(climb: Ladder): () => Promise<void>;
export function ladder(options: LadderOptions, climb: Ladder): () => Promise<void>;
export function ladder(first: LadderOptions | Ladder, second?: Ladder): () => Promise<void> {
  const options = typeof first === "function" ? {} : first;
  const climb = typeof first === "function" ? first : second!;
  return async () => {
    const net = await Network.start(options);
    try {
      await climb(net);
      net.expectNothing();
    } finally {
      await net.stop();
    }
  };
}

/** The server and everything around it. */
export class Network implements PhoneHost {
  readonly clock = new FakeClock();
  readonly transports: Readonly<Record<"udp" | "tcp" | "tls", MemoryTransport>> = {
    udp: new MemoryTransport("udp", SERVER, 5060),
    tcp: new MemoryTransport("tcp", SERVER, 5060),
    tls: new MemoryTransport("tls", SERVER, 5061),
  };
  readonly #directory = new MemoryDirectory();
  /** The database, which outlives a restart. */
  readonly #database = new FakeDatabase();
  #options: LadderOptions = {};
  #server: Server | undefined;
  #number = 0;

  static async start(options: LadderOptions): Promise<Network> {
    const net = new Network();
    net.#options = options;
    net.replace(options);
    await net.#start();
    return net;
  }

  /** Stops the server and starts another one, with all that was kept. */
  async restart({ downMs = 0 } = {}): Promise<void> {
    await this.server.stop();
    this.clock.advance(downMs);
    await this.#start();
  }

  async #start(): Promise<void> {
    const options = this.#options;
    const { server } = await startTestServer({
      domains: [],
      agents: [],
      spec: {
        transport: Object.values(this.transports).map(({ protocol, port }) => ({ protocol, port })),
        bindAddr: SERVER,
        ...options.spec,
      },
      parts: {
        clock: this.clock,
        networkInterfaces: INTERFACES,
        directory: this.#directory,
        ...options.isKept && {
          database: this.#database as unknown as RegistrationDatabase,
          dialogKey: "a key that is kept",
        },
        makeTransport: ({ protocol }) => this.#transport(protocol),
        resolver: { nameServers: [], lookup: (name) => Promise.resolve([...options.names?.[name] ?? []]) },
      },
    });
    this.#server = server;
  }

  get server(): Server {
    return this.#server!;
  }

  /** Puts other resources in place of all others, as a live edit does, or an administrator of this server. */
  replace(resources: LadderResources, isDeliberate = false): void {
    this.#directory.replace(resourcesOf(resources), isDeliberate);
  }

  /**
   * A phone of `alice@sip.local` at `192.0.2.11:5060`, of bob at `.12`, carol `.13`, dave `.14`, anybody else `.99`,
   * over UDP, unless said otherwise.
   */
  phone(username: string, options: Partial<PhoneOptions> = {}): Phone {
    const address = options.address ?? `192.0.2.${HOSTS[username] ?? 99}`;
    const { port = 5060, protocol = "udp", domain = "sip.local", registrar = domain } = options;
    return new Phone(this, { username, address, port, protocol, domain, registrar, secret: options.secret });
  }

  /** A phone that has registered its own address. */
  registered(username: string, options: Partial<PhoneOptions> = {}): Phone {
    const phone = this.phone(username, options);
    phone.register();
    return phone;
  }

  /** Phones of one user at 192.0.2.31, .32, …, registered with these q values. */
  devices(username: string, qs: readonly string[]): Phone[] {
    return qs.map((q, i) => {
      const device = this.phone(username, { address: `192.0.2.${31 + i}` });
      device.register(`Contact: <${device.uri}>;q=${q}`);
      return device;
    });
  }

  /** The Contacts bound to a user of `sip.local`, best first. */
  contactsOf(username: string): string[] {
    return this.server.location.lookup(`sip:${username}@sip.local`).map(({ contact }) => contact);
  }

  /** The events from now on whose type begins with `prefix`. */
  listen(prefix = ""): ServerEvent[] {
    const events: ServerEvent[] = [];
    this.server.events.listen((event) => {
      if (event.type.startsWith(prefix)) events.push(event);
    });
    return events;
  }

  /** Lets promises resolve: lookups and failures to send report later. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }

  /** Fails when a message was sent that no phone has taken. */
  expectNothing(): void {
    const untaken = Object.values(this.transports).flatMap((transport) =>
      transport.flows.flatMap(({ remoteAddress, remotePort, sent }) =>
        sent.map((message) =>
          `${transport.protocol} to ${remoteAddress}:${remotePort}: ${startLine(message)}`
        )
      )
    );
    assert.deepEqual(untaken, [], "The server sent what nobody expected");
  }

  /** For branches and Call-IDs. */
  nextNumber(): number {
    return ++this.#number;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  #transport(protocol: TransportProtocol): MemoryTransport {
    if (protocol === "udp" || protocol === "tcp" || protocol === "tls") return this.transports[protocol];
    throw new RangeError(`Cannot serve "${protocol}" in memory`);
  }
}

const HOSTS: Readonly<Record<string, number>> = { alice: 11, bob: 12, carol: 13, dave: 14 };

function resourcesOf(options: LadderResources): Resource[] {
  const { domains = ["sip.local"], peers = [] } = options;
  const { agents = Object.keys(HOSTS).map((username) => ({ username, domains: [domains[0]] })) } = options;
  const own = [
    ...domains.map((domainUri) => domain(domainUri)),
    ...agents.map(({ username, ...spec }) => agent(username, spec)),
    ...peers.map((username) => peer(username)),
  ];
  return [
    ...[...own, ...options.resources ?? []].map(readResource),
    ...options.loaded ?? [],
  ];
}

/** The resource that a document stands for; its name is its kind unless it says otherwise. */
export function readResource({ kind, metadata, spec }: ResourceDocument): Resource {
  const document = { apiVersion: "v1beta1", kind, metadata: { name: kind, ...metadata }, spec };
  return KINDS[kind].schema.parse(document);
}
