import { logger } from "../runtime/log.ts";
import type { Agent } from "./agent.ts";
import type { Did } from "./did.ts";
import type { Domain } from "./domain.ts";
import type { Gateway } from "./gateway.ts";
import type { Peer } from "./peer.ts";
import { Turn } from "../runtime/turn.ts";
import { type Kind, namesOf, type Resource } from "./resource.ts";
import type { User } from "./user.ts";

/** A change of the configured resources. */
export interface DirectoryChange {
  /** Former resources that are gone or different now; empty when resources were only added. */
  readonly replaced: readonly Resource[];
  /** Set when an administrator of this server made the change: removed resources are then gone for good. */
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

/**
 * The configured resources in memory, for look-ups while a message is handled. Answers change with the configuration:
 * look up again instead of keeping them. An object stays the same while its resource does, apart from its times.
 */
export type Directory = Omit<MemoryDirectory, "replace" | "replaceInTurns">;

/** A directory whose whole content is replaced in one step. */
export class MemoryDirectory {
  #index = new Index();
  readonly #listeners: ((change: DirectoryChange) => void)[] = [];

  /** Finds an agent by the username of its credentials and one of its domains, in lower case. */
  agent(username: string, domainUri: string): Agent | undefined {
    return this.#index.agents.get(domainUri)?.get(username);
  }

  peer(username: string): Peer | undefined {
    return this.#index.peers.get(username);
  }

  peers(): Iterable<Peer> {
    return this.#index.peers.values();
  }

  /** Reports whether a peer has this host, in lower case, as its device. */
  isDevice(host: string): boolean {
    return this.#index.devices.has(host);
  }

  /** Finds a domain by its URI in lower case. */
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

  /** Finds a DID by the digits of its number, without plus sign and separators. */
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

  /** Calls back after each change, when look-ups have the new answers. Errors of listeners are logged. */
  onChange(listener: (change: DirectoryChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Iterates all resources of a kind in the order of their provider, as they are when the iteration begins. */
  *resources(kind: Kind): Iterable<Resource> {
    for (const resource of this.#index.resources) if (resource.kind === kind) yield resource;
  }

  /** Finds a resource by its ref, or by the other generated ref of a gateway or DID. */
  resource(kind: Kind, ref: string): Resource | undefined {
    if (kind === "Gateway") return this.gateway(ref);
    if (kind === "DID") return this.did(ref);
    return this.#index.byRef[kind].get(ref);
  }

  /** Replaces everything. `checkResources` has checked the resources. */
  replace(resources: Iterable<Resource>, isDeliberate = false): void {
    const steps = this.#replace(resources, isDeliberate);
    while (!steps.next().done);
  }

  /** Replaces thousands of resources in turns; look-ups have the old answers until all is done. One call at a time. */
  async replaceInTurns(
    resources: Iterable<Resource>,
    { isDeliberate }: { isDeliberate: boolean },
  ): Promise<void> {
    const turn = new Turn();
    for (const _ of this.#replace(resources, isDeliberate)) if (turn.isOver) await turn.next();
  }

  /** Yields after each step. */
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
      this.#notify({ replaced, ...isDeliberate && { isDeliberate } });
    }
  }

  #notify(change: DirectoryChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        log.error("Cannot follow a change of resources: {error}", { error });
      }
    }
  }

  /**
   * Returns the known object if it is equal, with its new times: a resource that was only saved again must not end the
   * registration with its gateway.
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
  /** By domain URI and username, so that a look-up builds no key. */
  readonly agents = new Map<string, Map<string, Agent>>();
  readonly peers = new Map<string, Peer>();
  readonly devices = new Set<string>();
  readonly domains = new Map<string, Domain>();
  readonly users = new Map<string, User>();
  readonly gateways: Gateway[] = [];
  readonly gatewaysByRef = new Map<string, Gateway>();
  readonly didsByRef = new Map<string, Did>();
  /** Gateways and DIDs have two refs, and maps of their own. */
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

  /** Finds the indexed resource of the same name. */
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

/** Returns the content of a resource, without the times of its document. */
function withoutTimes({ createdOn: _, modifiedOn: __, ...rest }: Resource): Partial<Resource> {
  return rest;
}

/** Compares plain values, lists and mappings. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) => isEqual(a[name as keyof typeof a], b[name as keyof typeof b]));
}
