import type { Agent } from "./agent.ts";
import type { DocumentProblem, Source } from "./data_provider.ts";
import type { PropertyPath } from "./fault.ts";
import { firstGeneratedRef, laterGeneratedRef } from "./generated_ref.ts";
import { nearestName } from "./nearest_name.ts";
import { type Kind, KINDS, namesOf, naturalKey, type Resource } from "./resource.ts";

/** Checks how resources go together: what must be unique is, and what is referred to exists. */

export interface CheckedResources {
  /** Those without a problem, in the order of their kinds. */
  readonly resources: readonly Resource[];
  readonly problems: ReadonlyMap<Source, readonly DocumentProblem[]>;
}

/** Resources with a problem are left out; of two that claim the same name, the later one. */
export function checkResources(sources: readonly Source[]): CheckedResources {
  const checks = new ResourceChecks(sources);
  const resources: Resource[] = [];
  const problems = new Map<Source, DocumentProblem[]>();
  for (const kind of Object.keys(KINDS)) {
    for (const source of sources) {
      if (source.kind !== kind) continue;
      const found: DocumentProblem[] = [];
      for (const [index, resource] of source.resources.entries()) {
        if (resource === undefined) continue;
        const objections = checks.objectionsTo(resource);
        if (objections.length === 0) resources.push(checks.accept(resource));
        else checks.leaveOut(resource);
        for (const objection of objections) found.push({ index, at: "value", ...objection });
      }
      if (found.length > 0) problems.set(source, found);
    }
  }
  return { resources, problems };
}

/** Names that resemble a wrong one are looked for so many times; it takes a millisecond where thousands are known. */
const MOST_HINTS = 100;

type Objection = Pick<DocumentProblem, "path" | "found" | "expected" | "nearest">;

class ResourceChecks {
  /** What may be referred to, by kind: refs of gateways and DIDs, URIs of domains. */
  readonly #names: Record<Kind, Set<string>> = setOfEachKind();
  /** By kind and wrong name. */
  readonly #hints = new Map<string, string | undefined>();
  /** Kinds of which a source could not be read: what refers to them cannot be judged. */
  readonly #unreadable = new Set<Kind>();
  readonly #refs: Record<Kind, Set<string>> = setOfEachKind();
  /** Usernames of peers and users, URIs of domains, digits of DIDs. */
  readonly #keys: Record<Kind, Set<string>> = setOfEachKind();
  readonly #usernamesByDomain = new Map<string, Set<string>>();

  constructor(sources: readonly Source[]) {
    for (const { kind, readable, declared } of sources) {
      if (!readable) this.#unreadable.add(kind);
      for (const name of declared) this.#names[kind].add(name);
    }
  }

  objectionsTo(resource: Resource): Objection[] {
    const objections = this.#objectionsByKind(resource);
    if (this.#refs[resource.kind].has(resource.ref) && !hasGeneratedRef(resource)) {
      const expected = `a ref that no other ${nounOf(resource.kind)} has`;
      objections.push(duplicate(["metadata", "ref"], resource.ref, expected));
    }
    return objections;
  }

  /** The resource as it shall be known; later ones are checked against it. */
  accept(resource: Resource): Resource {
    const ref = this.#freeRef(resource);
    this.#refs[resource.kind].add(ref);
    if (resource.kind === "Agent") {
      for (const domain of resource.domains) this.#usernamesIn(domain).add(resource.username);
    } else {
      this.#keys[resource.kind].add(uniqueKey(resource));
      for (const name of namesOf(resource)) this.#names[resource.kind].add(name);
    }
    return ref === resource.ref ? resource : { ...resource, ref };
  }

  /** Whoever refers to the resource is not at fault: one mistake takes out one resource, and the rest serves. */
  leaveOut(resource: Resource): void {
    for (const name of namesOf(resource)) this.#names[resource.kind].add(name);
  }

  #objectionsByKind(resource: Resource): Objection[] {
    switch (resource.kind) {
      case "Agent":
        return this.#objectionsToAgent(resource);
      case "Domain": {
        const didRef = resource.egressPolicy?.didRef;
        return [
          ...this.#unique(
            resource,
            ["spec", "context", "domainUri"],
            "a domain URI that no other domain has",
          ),
          ...this.#known("DID", ["spec", "context", "egressPolicy", "didRef"], didRef),
        ];
      }
      case "DID":
        return [
          ...this.#unique(resource, ["spec", "location", "telUrl"], "a number that no other DID has"),
          ...this.#known("Gateway", ["metadata", "gwRef"], resource.gwRef),
        ];
      case "Peer":
      case "User": {
        const expected = `a username that no other ${nounOf(resource.kind)} has`;
        return this.#unique(resource, ["spec", "credentials", "username"], expected);
      }
      case "Gateway":
        return [];
    }
  }

  #objectionsToAgent(agent: Agent): Objection[] {
    const objections: Objection[] = [];
    for (let i = 0; i < agent.domains.length; i++) {
      const domain = agent.domains[i];
      objections.push(...this.#known("Domain", ["spec", "domains", i], domain));
      if (!this.#usernamesIn(domain).has(agent.username)) continue;
      const expected = `a username that no other agent of domain "${domain}" has`;
      objections.push(duplicate(["spec", "credentials", "username"], agent.username, expected));
    }
    return objections;
  }

  #unique(resource: Resource, path: PropertyPath, expected: string): Objection[] {
    const taken = this.#keys[resource.kind].has(uniqueKey(resource));
    return taken ? [duplicate(path, naturalKey(resource), expected)] : [];
  }

  #known(kind: Kind, path: PropertyPath, name: string | undefined): Objection[] {
    const names = this.#names[kind];
    if (name === undefined || names.has(name) || this.#unreadable.has(kind)) return [];
    const expected = kind === "Domain"
      ? "one of the configured domains"
      : `the ref of a configured ${nounOf(kind)}`;
    const nearest = this.#nearest(kind, name);
    return [{ path, found: JSON.stringify(name), expected, ...(nearest === undefined ? {} : { nearest }) }];
  }

  /** What of this kind was probably meant. A missing domain may be named by thousands. */
  #nearest(kind: Kind, name: string): string | undefined {
    const key = `${kind} ${name}`;
    if (!this.#hints.has(key) && this.#hints.size < MOST_HINTS) {
      this.#hints.set(key, nearestName(name, this.#names[kind]));
    }
    return this.#hints.get(key);
  }

  #usernamesIn(domain: string): Set<string> {
    let usernames = this.#usernamesByDomain.get(domain);
    if (usernames === undefined) this.#usernamesByDomain.set(domain, usernames = new Set());
    return usernames;
  }

  /** Generated refs are short, and some collide once there are thousands of agents; nobody is to blame for it. */
  #freeRef(resource: Resource): string {
    const refs = this.#refs[resource.kind];
    if (!refs.has(resource.ref)) return resource.ref;
    const base = laterGeneratedRef(KINDS[resource.kind].refPrefix, naturalKey(resource));
    let ref = base;
    for (let count = 2; refs.has(ref); count++) ref = `${base}-${count}`;
    return ref;
  }
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

/** What no two of a kind may share. Agents share usernames across domains, and gateways hosts. */
function uniqueKey(resource: Resource): string {
  return resource.kind === "DID" ? resource.digits : naturalKey(resource);
}

function hasGeneratedRef(resource: Resource): boolean {
  return resource.ref === firstGeneratedRef(KINDS[resource.kind].refPrefix, naturalKey(resource));
}

function duplicate(path: PropertyPath, found: string, expected: string): Objection {
  return { path, found: JSON.stringify(found), expected };
}

function nounOf(kind: Kind): string {
  return kind === "DID" ? kind : kind.toLowerCase();
}
