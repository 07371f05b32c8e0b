/** Checks how the resources of all sources go together. */
import { Turn } from "../runtime/turn.ts";
import type { DocumentProblem, Source } from "./data_provider.ts";
import { laterGeneratedRef } from "./generated_ref.ts";
import { nearestName } from "./nearest_name.ts";
import { objectionsTo, type OtherResources, uniqueKey } from "./objections.ts";
import { type Kind, KINDS, namesOf, naturalKey, type Resource } from "./resource.ts";

export interface CheckedResources {
  /** Those without a problem, in the order of their kinds. */
  readonly resources: readonly Resource[];
  readonly problems: ReadonlyMap<Source, readonly DocumentProblem[]>;
}

/** Resources with a problem are left out; of two that claim the same name, the later one. */
export async function checkResources(sources: readonly Source[]): Promise<CheckedResources> {
  const accepted = new AcceptedResources(sources);
  const resources: Resource[] = [];
  const problems = new Map<Source, DocumentProblem[]>();
  const turn = new Turn();
  for (const kind of Object.keys(KINDS)) {
    for (const source of sources) {
      if (source.kind !== kind) continue;
      const found: DocumentProblem[] = [];
      for (const [index, resource] of source.resources.entries()) {
        if (resource === undefined) continue;
        if (turn.isOver) await turn.next();
        const objections = objectionsTo(resource, accepted);
        if (objections.length === 0) resources.push(accepted.accept(resource));
        else accepted.leaveOut(resource);
        for (const { rule: _, ...objection } of objections) found.push({ index, at: "value", ...objection });
      }
      if (found.length > 0) problems.set(source, found);
    }
  }
  return { resources, problems };
}

/** Names that resemble a wrong one are looked for so many times; it takes a millisecond where thousands are known. */
const MOST_HINTS = 100;

/** Names that were probably meant, each found once: a missing domain may be named by thousands. */
export class Hints {
  /** By kind and wrong name. */
  readonly #known = new Map<string, string | undefined>();

  of(kind: Kind, name: string, find: () => string | undefined): string | undefined {
    const key = `${kind} ${name}`;
    if (!this.#known.has(key) && this.#known.size < MOST_HINTS) this.#known.set(key, find());
    return this.#known.get(key);
  }
}

/** What was found to be right so far: later resources are checked against it. */
export class AcceptedResources implements OtherResources {
  readonly #names: Record<Kind, Set<string>> = setOfEachKind();
  readonly #hints = new Hints();
  /** Kinds of which a source could not be read: what refers to them cannot be judged. */
  readonly #unreadable = new Set<Kind>();
  readonly #refs: Record<Kind, Set<string>> = setOfEachKind();
  readonly #keys: Record<Kind, Set<string>> = setOfEachKind();
  readonly #usernamesByDomain = new Map<string, Set<string>>();

  constructor(sources: readonly Source[] = []) {
    for (const { kind, readable, declared } of sources) {
      if (!readable) this.#unreadable.add(kind);
      for (const name of declared) this.#names[kind].add(name);
    }
  }

  isNamed(kind: Kind, name: string): boolean {
    return this.#names[kind].has(name) || this.#unreadable.has(kind);
  }

  hasRef(kind: Kind, ref: string): boolean {
    return this.#refs[kind].has(ref);
  }

  hasKey(kind: Kind, key: string): boolean {
    return this.#keys[kind].has(key);
  }

  hasAgent(username: string, domain: string): boolean {
    return this.#usernamesByDomain.get(domain)?.has(username) ?? false;
  }

  nearest(kind: Kind, name: string): string | undefined {
    return this.#hints.of(kind, name, () => nearestName(name, this.#names[kind]));
  }

  /** The resource as it shall be known. */
  accept(resource: Resource): Resource {
    const ref = freeRef(resource, this);
    this.#refs[resource.kind].add(ref);
    if (resource.kind === "Agent") {
      for (const domain of resource.domains) this.#usernamesIn(domain).add(resource.username);
    } else {
      this.#keys[resource.kind].add(uniqueKey(resource));
      this.leaveOut(resource);
    }
    return ref === resource.ref ? resource : { ...resource, ref };
  }

  /** Whoever refers to the resource is not at fault: one mistake takes out one resource, and the rest serves. */
  leaveOut(resource: Resource): void {
    for (const name of namesOf(resource)) this.#names[resource.kind].add(name);
  }

  #usernamesIn(domain: string): Set<string> {
    let usernames = this.#usernamesByDomain.get(domain);
    if (usernames === undefined) this.#usernamesByDomain.set(domain, usernames = new Set());
    return usernames;
  }
}

/** Generated refs are short, and some collide once there are thousands of agents; nobody is to blame for it. */
export function freeRef(resource: Resource, others: Pick<OtherResources, "hasRef">): string {
  const { kind, ref } = resource;
  if (!others.hasRef(kind, ref)) return ref;
  const base = laterGeneratedRef(KINDS[kind].refPrefix, naturalKey(resource));
  let free = base;
  for (let count = 2; others.hasRef(kind, free); count++) free = `${base}-${count}`;
  return free;
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
