/** Random directories: domains, agents, peers, gateways and their numbers, and who has registered from where. */
import type { PhoneOptions } from "./phone.ts";
import type { Random } from "./random.ts";
import { agent, did, domain, gateway, peer } from "./resources.ts";
import { type LadderOptions, type ResourceDocument, SERVER } from "./scenario.ts";

export const DOMAINS = ["a.example", "b.example", "c.example"] as const;
export const AGENTS = ["alice", "bob", "1001", "0301"] as const;
export const PEERS = ["pbx", "bob", "door"] as const;
export const NUMBERS = ["+4930111", "4930222", "+1-555-0100", "0301"] as const;
export const GATEWAYS = ["203.0.113.1", "203.0.113.2"] as const;

const TRANSPORTS = ["udp", "tcp", "tls"] as const;

export interface AgentSample {
  readonly username: string;
  readonly domains: readonly string[];
}

export interface PeerSample {
  readonly username: string;
  readonly device: string | undefined;
}

export interface GatewaySample {
  readonly ref: string;
  readonly host: string;
  readonly protocol: "udp" | "tcp" | "tls";
  /** Whether it may prove by a password who it is. */
  readonly hasPassword: boolean;
}

export interface RandomWorld {
  readonly domains: readonly string[];
  readonly agents: readonly AgentSample[];
  readonly peers: readonly PeerSample[];
  readonly gateways: readonly GatewaySample[];
  readonly resources: readonly ResourceDocument[];
  readonly spec: {
    readonly interDomainCalls: boolean;
    readonly useToAsAOR: boolean;
    readonly allowUnauthenticatedCalls: boolean;
    readonly ex_convertTelToE164: boolean;
    readonly addressInfo: readonly string[];
  };
}

/** The header field that may name the number that was dialled. */
export const ADDRESS_INFO = "X-Dialled";

export function randomWorld(random: Random): RandomWorld {
  const domains = random.some(DOMAINS, 1);
  const agents = random.some(AGENTS, 1).map((username) => ({ username, domains: random.some(domains, 1) }));
  const peers = random.some(PEERS).map((username) => {
    return { username, device: random.chance(0.7) ? `${username}.device` : undefined };
  });
  const gateways = random.some(GATEWAYS, random.chance(0.8) ? 1 : 0).map((host, i): GatewaySample => {
    return { ref: `GW${i}`, host, protocol: random.one(TRANSPORTS), hasPassword: random.chance() };
  });
  const numbers = gateways.length === 0 ? [] : random.some(NUMBERS, 1).map((number, i) => {
    const aorLink = `sip:${random.one([...AGENTS, ...PEERS, "nobody"])}@${
      random.one([...domains, ...peers.map(({ username, device }) => device ?? username), SERVER])
    }`;
    return { ref: `DID${i}`, gwRef: random.one(gateways).ref, telUrl: `tel:${number}`, aorLink };
  });
  const egressPolicy = () => ({
    rule: random.one(["0\\d+", "\\+?\\d+", "9.*"]),
    didRef: random.one(numbers).ref,
  });
  return {
    domains,
    agents,
    peers,
    gateways,
    resources: [
      ...domains.map((uri) =>
        domain(uri, numbers.length > 0 && random.chance(0.9) ? { egressPolicy: egressPolicy() } : {})
      ),
      ...agents.map(({ username, domains }) =>
        agent(username, { domains, privacy: random.one(["none", "private"]) })
      ),
      ...peers.map(({ username, device }) => peer(username, { device })),
      ...gateways.map(({ ref, host, protocol, hasPassword }) =>
        gateway(ref, host, {
          transport: protocol,
          sendRegister: false,
          ...hasPassword && { credentials: { username: "trunk", secret: "knurt" } },
        })
      ),
      ...numbers.map(({ ref, ...location }) => did(ref, location)),
    ],
    spec: {
      interDomainCalls: random.chance(),
      useToAsAOR: random.chance(0.25),
      allowUnauthenticatedCalls: random.chance(0.25),
      ex_convertTelToE164: random.chance(0.25),
      addressInfo: random.chance() ? [ADDRESS_INFO] : [],
    },
  };
}

/** Limits of calls by gateways: what is wrong with a random call has to be something else. */
const UNLIMITED = [
  ...["maxCallsOutPerAgent", "maxCallsOutPerMinutePerAgent", "maxCallsOutPerPeer"],
  ...["maxCallsOutPerMinutePerPeer", "channelsPerGateway", "newCallsPerSecondPerGateway"],
];

export function ladderOptionsOf({ resources, spec }: RandomWorld): LadderOptions {
  const limits = {
    maxCallsInSetupPerAgent: 1000,
    ...Object.fromEntries(UNLIMITED.map((name) => [name, 0])),
  };
  return { domains: [], agents: [], resources, spec: { ...spec, limits } };
}

/** A device that has registered, and the lines it does so with. */
export interface DeviceSample {
  readonly username: string;
  readonly place: Partial<PhoneOptions> & Pick<PhoneOptions, "address" | "protocol">;
  readonly contact: string;
}

/** Returns devices of some agents and peers, each at an address of its own. */
export function randomDevices({ agents, peers, domains }: RandomWorld, random: Random): DeviceSample[] {
  const owners = [
    ...agents.flatMap(({ username, domains }) =>
      random.some(domains).map((domain) => ({ username, domain }))
    ),
    ...random.some(peers).map(({ username, device }) => ({
      username,
      domain: device ?? random.one([...domains, SERVER]),
      registrar: random.one([SERVER, device ?? SERVER]),
    })),
  ];
  return owners.flatMap(({ username, ...place }, i) =>
    random.one([["1"], ["1"], ["1", "1"], ["0.8", "0.3"]]).map((q, n): DeviceSample => {
      const address = `192.0.2.${20 + 2 * i + n}`;
      const protocol = random.one(TRANSPORTS);
      const scheme = protocol === "tls" && random.chance() ? "sips" : "sip";
      const parameter = protocol === "udp" || scheme === "sips" ? "" : `;transport=${protocol}`;
      return {
        username,
        place: { ...place, address, protocol },
        contact: `<${scheme}:${username}@${address}:5060${parameter}>;q=${q}`,
      };
    })
  );
}
