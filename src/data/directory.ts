import { logger } from "../runtime/log.ts";
import type { Agent } from "./agent.ts";
import type { Did } from "./did.ts";
import type { Domain } from "./domain.ts";
import type { Gateway } from "./gateway.ts";
import type { Peer } from "./peer.ts";
import { Turn } from "../runtime/turn.ts";
import { type Kind, namesOf, type Resource } from "./resource.ts";
import type { User } from "./user.ts";

/**
 * The configured resources, in memory, to be asked while a message is handled. Answers change when the configuration
 * does: ask again instead of keeping them. An object stays the same as long as its resource does, but for its times.
 */
export interface Directory {
  /** The agent whose credentials name `username` and whose domains contain `domainUri`, which is in lower case. */
  agent(username: string, domainUri: string): Agent | undefined;
  peer(username: string): Peer | undefined;
  peers(): Iterable<Peer>;
  /** Whether a peer has this host, which is in lower case, for its device. */
  isDevice(host: string): boolean;
  /** `domainUri` in lower case. */
  domain(domainUri: string): Domain | undefined;
  gateways(): Iterable<Gateway>;
  gateway(ref: string): Gateway | undefined;
  did(ref: string): Did | undefined;
  /** By the digits of the number alone, without plus sign or separators. */
  didByTelUrl(digits: string): Did | undefined;
  dids(): Iterable<Did>;
  users(): Iterable<User>;
  user(username: string): User | undefined;
  /** All of a kind, in the order in which their provider has them; it goes on with those of the moment when it began. */
  resources(kind: Kind): Iterable<Resource>;
  /** By its ref, or by the other name that a gateway or DID without a given ref has. */
  resource(kind: Kind, ref: string): Resource | undefined;
  readonly counts: ResourceCounts;
  /**
   * Calls back after each change, when the answers are already the new ones; for as long as the directory lives. What a
   * listener throws is logged.
   */
  onChange(listener: (change: DirectoryChange) => void): void;
}

/** How the configured resources are not what they were. */
export interface DirectoryChange {
  /** What was there before and is gone, or says something else now; empty when resources were only added. */
  readonly replaced: readonly Resource[];
  /** Whether an administrator of this server made the change: what is gone is then gone for good. */
  readonly isDeliberate?: true;
}

export interface ResourceCounts {
  readonly agents: number;
  readonly domains: number;
  readonly peers: number;
  readonly users: number;
  readonly gateways: number;
  readonly dids: number;
}

const log = logger("directory");

/** A directory whose whole content is replaced in one step. */
export class MemoryDirectory implements Directory {
  #index = new Index();
  readonly #listeners: ((change: DirectoryChange) => void)[] = [];

  agent(username: string, domainUri: string): Agent | undefined {
    return this.#index.agents.get(domainUri)?.get(username);
  }

  peer(username: string): Peer | undefined {
    return this.#index.peers.get(username);
  }

  peers(): Iterable<Peer> {
    return this.#index.peers.values();
  }

  isDevice(host: string): boolean {
    return this.#index.devices.has(host);
  }

  domain(domainUri: string): Domain | undefined {
    return this.#index.domains.get(domainUri);
  }

  gateways(): Iterable<Gateway> {
    return this.#index.gateways;
  }

  gateway(ref: string): Gateway | undefined {
    return this.#index.gatewaysByRef.get(ref);
  }

  did(ref: string): Did | undefined {
    return this.#index.didsByRef.get(ref);
  }

  didByTelUrl(digits: string): Did | undefined {
    return this.#index.didsByDigits.get(digits);
  }

  dids(): Iterable<Did> {
    return this.#index.didsByDigits.values();
  }

  users(): Iterable<User> {
    return this.#index.users.values();
  }

  user(username: string): User | undefined {
    return this.#index.users.get(username);
  }

  get counts(): ResourceCounts {
    const { Agent, Domain, Peer, User, Gateway, DID } = this.#index.counts;
    return { agents: Agent, domains: Domain, peers: Peer, users: User, gateways: Gateway, dids: DID };
  }

  onChange(listener: (change: DirectoryChange) => void): void {
    this.#listeners.push(listener);
  }

  *resources(kind: Kind): Iterable<Resource> {
    for (const resource of this.#index.resources) if (resource.kind === kind) yield resource;
  }

  resource(kind: Kind, ref: string): Resource | undefined {
    if (kind === "Gateway") return this.gateway(ref);
    if (kind === "DID") return this.did(ref);
    return this.#index.byRef[kind].get(ref);
  }

  /** `resources` fit together as `checkResources` sees to. */
  replace(resources: Iterable<Resource>, isDeliberate = false): void {
    const steps = this.#replace(resources, isDeliberate);
    while (!steps.next().done);
  }

  /** The same in many turns, for thousands of resources: answers stay the old ones until all is done. One at a time. */
  async replaceInTurns(
    resources: Iterable<Resource>,
    { isDeliberate }: { isDeliberate: boolean },
  ): Promise<void> {
    const turn = new Turn();
    for (const _ of this.#replace(resources, isDeliberate)) if (turn.isOver) await turn.next();
  }

  /** A step is done each time it yields. */
  *#replace(resources: Iterable<Resource>, isDeliberate: boolean): Generator<void> {
    const before = this.#index;
    const index = new Index();
    for (const resource of resources) {
      index.add(this.#known(resource));
      yield;
    }
    const replaced: Resource[] = [];
    for (const resource of before.resources) {
      if (!index.resources.has(resource)) replaced.push(resource);
      yield;
    }
    this.#index = index;
    const kept = before.resources.size - replaced.length;
    if (replaced.length > 0 || index.resources.size > kept) {
      this.#tell({ replaced, ...isDeliberate && { isDeliberate } });
    }
  }

  #tell(change: DirectoryChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        log.error("Cannot follow a change of resources: {error}", { error });
      }
    }
  }

  /**
   * The object that is known already, if it says the same. One that was only written anew stays, with the times of now:
   * otherwise registrations with a gateway would end because somebody has pressed "save".
   */
  #known(resource: Resource): Resource {
    const known = this.#index.find(resource);
    if (known === undefined || !isEqual(withoutTimes(known), withoutTimes(resource))) return resource;
    if (known.createdOn !== resource.createdOn) known.createdOn = resource.createdOn;
    if (known.modifiedOn !== resource.modifiedOn) known.modifiedOn = resource.modifiedOn;
    return known;
  }
}

class Index {
  readonly resources = new Set<Resource>();
  /** Domain URI, then username: no key has to be put together for a look-up. */
  readonly agents = new Map<string, Map<string, Agent>>();
  readonly peers = new Map<string, Peer>();
  readonly devices = new Set<string>();
  readonly domains = new Map<string, Domain>();
  readonly users = new Map<string, User>();
  readonly gateways: Gateway[] = [];
  readonly gatewaysByRef = new Map<string, Gateway>();
  readonly didsByRef = new Map<string, Did>();
  /** Of the other kinds. */
  readonly byRef: Readonly<Record<Exclude<Kind, "Gateway" | "DID">, Map<string, Resource>>> = {
    User: new Map(),
    Peer: new Map(),
    Domain: new Map(),
    Agent: new Map(),
  };
  readonly didsByDigits = new Map<string, Did>();
  readonly counts: Record<Kind, number> = { Agent: 0, Domain: 0, Peer: 0, User: 0, Gateway: 0, DID: 0 };

  add(resource: Resource): void {
    this.resources.add(resource);
    this.counts[resource.kind]++;
    if (resource.kind !== "Gateway" && resource.kind !== "DID") {
      this.byRef[resource.kind].set(resource.ref, resource);
    }
    switch (resource.kind) {
      case "Agent":
        return resource.domains.forEach((domain) => this.#agentsOf(domain).set(resource.username, resource));
      case "Domain":
        return void this.domains.set(resource.domainUri, resource);
      case "Peer":
        if (resource.device !== undefined) this.devices.add(resource.device);
        return void this.peers.set(resource.username, resource);
      case "User":
        return void this.users.set(resource.username, resource);
      case "Gateway":
        this.gateways.push(resource);
        return addNames(this.gatewaysByRef, resource);
      case "DID":
        this.didsByDigits.set(resource.digits, resource);
        return addNames(this.didsByRef, resource);
    }
  }

  /** The resource here that goes by the same name. */
  find(resource: Resource): Resource | undefined {
    switch (resource.kind) {
      case "Agent":
        return this.agents.get(resource.domains[0])?.get(resource.username);
      case "Domain":
        return this.domains.get(resource.domainUri);
      case "Peer":
        return this.peers.get(resource.username);
      case "User":
        return this.users.get(resource.username);
      case "Gateway":
        return this.gatewaysByRef.get(resource.ref);
      case "DID":
        return this.didsByDigits.get(resource.digits);
    }
  }

  #agentsOf(domainUri: string): Map<string, Agent> {
    let agents = this.agents.get(domainUri);
    if (agents === undefined) this.agents.set(domainUri, agents = new Map());
    return agents;
  }
}

function addNames<R extends Resource>(byRef: Map<string, R>, resource: R): void {
  for (const name of namesOf(resource)) {
    if (!byRef.has(name)) byRef.set(name, resource);
  }
}

/** What a resource says, whenever it was written. */
function withoutTimes({ createdOn: _, modifiedOn: __, ...rest }: Resource): Partial<Resource> {
  return rest;
}

/** Whether two plain values, lists or mappings say the same. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) => isEqual(a[name as keyof typeof a], b[name as keyof typeof b]));
}
