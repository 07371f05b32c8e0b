/** Beside what a new or changed resource has to find its place. */
import type { Directory } from "./directory.ts";
import { nearestName } from "./nearest_name.ts";
import type { OtherResources } from "./objections.ts";
import { AcceptedResources, freeRef, Hints } from "./resource_checks.ts";
import type { Kind, Resource } from "./resource.ts";

/** The resources of a directory but for one that is about to change. */
export class OthersThan implements OtherResources {
  readonly #except: Resource | undefined;
  readonly #directory: Directory;

  constructor(except: Resource | undefined, directory: Directory) {
    this.#except = except;
    this.#directory = directory;
  }

  isNamed(kind: Kind, name: string): boolean {
    if (kind === "Domain") return this.#directory.domain(name) !== undefined;
    return this.#directory.resource(kind, name) !== undefined;
  }

  hasRef(kind: Kind, ref: string): boolean {
    return this.#isOther(this.#directory.resource(kind, ref));
  }

  hasKey(kind: Kind, key: string): boolean {
    const directory = this.#directory;
    switch (kind) {
      case "User":
        return this.#isOther(directory.user(key));
      case "Peer":
        return this.#isOther(directory.peer(key));
      case "Domain":
        return this.#isOther(directory.domain(key));
      case "DID":
        return this.#isOther(directory.didByTelUrl(key));
      case "Agent":
      case "Gateway":
        return false;
    }
  }

  hasAgent(username: string, domain: string): boolean {
    return this.#isOther(this.#directory.agent(username, domain));
  }

  nearest(kind: Kind, name: string): string | undefined {
    const names: string[] = [];
    for (const resource of this.#directory.resources(kind)) {
      names.push(resource.kind === "Domain" ? resource.domainUri : resource.ref);
    }
    return nearestName(name, names);
  }

  #isOther(resource: Resource | undefined): boolean {
    return resource !== undefined &&
      (resource.kind !== this.#except?.kind || resource.ref !== this.#except.ref);
  }
}

/** The resources of a directory, and some that are about to be made. */
export class ManyMore implements OtherResources {
  readonly #known: OtherResources;
  readonly #more = new AcceptedResources();
  readonly #hints = new Hints();

  constructor(known: OtherResources) {
    this.#known = known;
  }

  /** The resource under the ref that it gets. */
  accept(resource: Resource): Resource {
    const accepted = { ...resource, ref: freeRef(resource, this) };
    return this.#more.accept(accepted);
  }

  isNamed(kind: Kind, name: string): boolean {
    return this.#known.isNamed(kind, name) || this.#more.isNamed(kind, name);
  }

  hasRef(kind: Kind, ref: string): boolean {
    return this.#known.hasRef(kind, ref) || this.#more.hasRef(kind, ref);
  }

  hasKey(kind: Kind, key: string): boolean {
    return this.#known.hasKey(kind, key) || this.#more.hasKey(kind, key);
  }

  hasAgent(username: string, domain: string): boolean {
    return this.#known.hasAgent(username, domain) || this.#more.hasAgent(username, domain);
  }

  nearest(kind: Kind, name: string): string | undefined {
    return this.#hints.of(kind, name, () => this.#known.nearest(kind, name));
  }
}
