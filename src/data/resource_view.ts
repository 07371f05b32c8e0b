/** Resources as they will be after a change, for the checks of new and changed ones. */
import type { Source } from "./data_provider.ts";
import type { Directory } from "./directory.ts";
import type { Gateway } from "./gateway.ts";
import { laterGeneratedRef } from "./generated_ref.ts";
import { nearestName } from "./nearest_name.ts";
import { type Kind, KINDS, namesOf, naturalKey, type Resource } from "./resource.ts";

/** Names similar to a wrong one are searched this often at most: a search among thousands takes a millisecond. */
const MAX_HINTS = 100;

const DEFAULT_PORTS = { udp: 5060, tcp: 5060, sctp: 5060, tls: 5061, ws: 80, wss: 443 } as const;

export interface ResourceViewOptions {
  /** Resources in force. */
  readonly directory?: Directory;
  /** Sources whose declared names count as existing, as does every name of a kind with an unreadable source. */
  readonly sources?: readonly Source[];
  /** `spec.ex_uniqueGatewayPerHostPort`. */
  readonly hasUniqueGateways?: boolean;
}

/** The resources of a directory, if any, without an excluded one and with added ones. */
export class ResourceView {
  readonly #options: ResourceViewOptions;
  readonly #directory: Directory | undefined;
  #excluded: Resource | undefined;
  /** Kinds with an unreadable source: references to them cannot be judged. */
  readonly #unreadable = new Set<Kind>();
  readonly #names = setOfEachKind();
  readonly #refs = setOfEachKind();
  readonly #keys = setOfEachKind();
  readonly #usernamesByDomain = new Map<string, Set<string>>();
  #gatewayEndpoints: Set<string> | undefined;
  /** Similar names by kind and wrong name: thousands of agents may name one missing domain. */
  readonly #hints = new Map<string, string | undefined>();

  constructor(options: ResourceViewOptions = {}) {
    this.#options = options;
    this.#directory = options.directory;
    for (const { kind, readable, declared } of options.sources ?? []) {
      if (!readable) this.#unreadable.add(kind);
      for (const name of declared) this.#names[kind].add(name);
    }
  }

  /** Returns a view of the same directory and sources without `resource`. */
  excluding(resource: Resource): ResourceView {
    const view = new ResourceView(this.#options);
    view.#excluded = resource;
    return view;
  }

  /** Reports whether references may use this name: a ref of a gateway or DID, the URI of a domain. */
  isNamed(kind: Kind, name: string): boolean {
    const inForce = kind === "Domain" ? this.#directory?.domain(name) : this.#directory?.resource(kind, name);
    return inForce !== undefined || this.#names[kind].has(name) || this.#unreadable.has(kind);
  }

  hasRef(kind: Kind, ref: string): boolean {
    return this.#isIncluded(this.#directory?.resource(kind, ref)) || this.#refs[kind].has(ref);
  }

  /** Reports whether a resource of the same kind has the same `uniqueKey`. */
  hasKeyOf(resource: Exclude<Resource, { kind: "Agent" | "Gateway" }>): boolean {
    const key = uniqueKey(resource);
    return this.#isIncluded(this.#inForce(resource.kind, key)) || this.#keys[resource.kind].has(key);
  }

  hasAgent(username: string, domain: string): boolean {
    return this.#isIncluded(this.#directory?.agent(username, domain)) ||
      this.#usernamesByDomain.get(domain)?.has(username) === true;
  }

  /** Reports whether another gateway has the same host and port, where that is forbidden. */
  hasGatewayAt(gateway: Gateway): boolean {
    return this.#options.hasUniqueGateways === true && this.#endpoints().has(endpointOf(gateway));
  }

  /** Returns the existing name most similar to a wrong one. */
  nearest(kind: Kind, name: string): string | undefined {
    const key = `${kind} ${name}`;
    if (!this.#hints.has(key) && this.#hints.size < MAX_HINTS) {
      this.#hints.set(key, nearestName(name, this.#existingNames(kind)));
    }
    return this.#hints.get(key);
  }

  /** Adds a resource and returns it under its final ref. */
  add(resource: Resource): Resource {
    const ref = this.freeRef(resource);
    this.#refs[resource.kind].add(ref);
    if (resource.kind === "Agent") {
      for (const domain of resource.domains) this.#usernamesIn(domain).add(resource.username);
    } else {
      this.#keys[resource.kind].add(uniqueKey(resource));
      this.addNames(resource);
    }
    if (resource.kind === "Gateway" && this.#options.hasUniqueGateways === true) {
      this.#endpoints().add(endpointOf(resource));
    }
    return ref === resource.ref ? resource : { ...resource, ref };
  }

  /** Makes a rejected resource's names known: references to it are not faults of their own. */
  addNames(resource: Resource): void {
    for (const name of namesOf(resource)) this.#names[resource.kind].add(name);
  }

  /** Returns the ref of a resource, or another one where it is taken: generated refs are short, and may collide. */
  freeRef(resource: Resource): string {
    const { kind, ref } = resource;
    if (!this.hasRef(kind, ref)) return ref;
    const base = laterGeneratedRef(KINDS[kind].refPrefix, naturalKey(resource));
    let free = base;
    for (let count = 2; this.hasRef(kind, free); count++) free = `${base}-${count}`;
    return free;
  }

  #isIncluded(resource: Resource | undefined): boolean {
    return resource !== undefined &&
      (resource.kind !== this.#excluded?.kind || resource.ref !== this.#excluded.ref);
  }

  #inForce(kind: "User" | "Peer" | "Domain" | "DID", key: string): Resource | undefined {
    switch (kind) {
      case "User":
        return this.#directory?.user(key);
      case "Peer":
        return this.#directory?.peer(key);
      case "Domain":
        return this.#directory?.domain(key);
      case "DID":
        return this.#directory?.didByTelUrl(key);
    }
  }

  *#existingNames(kind: Kind): Iterable<string> {
    for (const resource of this.#directory?.resources(kind) ?? []) {
      yield resource.kind === "Domain" ? resource.domainUri : resource.ref;
    }
    yield* this.#names[kind];
  }

  #endpoints(): Set<string> {
    if (this.#gatewayEndpoints === undefined) {
      const gateways = [...this.#directory?.gateways() ?? []].filter((gateway) => this.#isIncluded(gateway));
      this.#gatewayEndpoints = new Set(gateways.map(endpointOf));
    }
    return this.#gatewayEndpoints;
  }

  #usernamesIn(domain: string): Set<string> {
    let usernames = this.#usernamesByDomain.get(domain);
    if (usernames === undefined) this.#usernamesByDomain.set(domain, usernames = new Set());
    return usernames;
  }
}

/** Returns what is unique among resources of a kind. Agents share usernames across domains, and gateways hosts. */
function uniqueKey(resource: Resource): string {
  return resource.kind === "DID" ? resource.digits : naturalKey(resource);
}

/** Returns `host:port`, with the default port of the transport where none is set. */
export function endpointOf({ host, port, transport }: Gateway): string {
  return `${host}:${port ?? DEFAULT_PORTS[transport]}`;
}

function setOfEachKind(): Record<Kind, Set<string>> {
  return {
    User: new Set(),
    Peer: new Set(),
    Gateway: new Set(),
    DID: new Set(),
    Domain: new Set(),
    Agent: new Set(),
  };
}
