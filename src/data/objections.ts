import type { Agent } from "./agent.ts";
import type { Problem, PropertyPath } from "./fault.ts";
import { firstGeneratedRef } from "./generated_ref.ts";
import { type Kind, KINDS, naturalKey, type Resource } from "./resource.ts";

/** The resources beside which another one has to find its place. */
export interface OtherResources {
  /** Whether a resource of this kind is called so by others: refs of gateways and DIDs, URIs of domains. */
  isNamed(kind: Kind, name: string): boolean;
  hasRef(kind: Kind, ref: string): boolean;
  /** Whether one of this kind has the same `uniqueKey`; never asked of agents and gateways. */
  hasKey(kind: Kind, key: string): boolean;
  hasAgent(username: string, domain: string): boolean;
  /** A name in use that was probably meant. */
  nearest(kind: Kind, name: string): string | undefined;
}

/** What stands in a resource that cannot be, because of the others. */
export interface Objection extends Pick<Problem, "path" | "found" | "expected" | "nearest"> {
  readonly rule: "duplicate" | "dependency";
}

/** The rules of how resources go together: what must be unique is, and what is referred to exists. */
export function objectionsTo(resource: Resource, others: OtherResources): Objection[] {
  const objections = objectionsByKind(resource, others);
  if (others.hasRef(resource.kind, resource.ref) && !hasGeneratedRef(resource)) {
    const expected = `a ref that no other ${nounOf(resource.kind)} has`;
    objections.push(duplicate(["metadata", "ref"], resource.ref, expected));
  }
  return objections;
}

function objectionsByKind(resource: Resource, others: OtherResources): Objection[] {
  switch (resource.kind) {
    case "Agent":
      return objectionsToAgent(resource, others);
    case "Domain":
      return [
        ...unique(
          resource,
          ["spec", "context", "domainUri"],
          "a domain URI that no other domain has",
          others,
        ),
        ...known("DID", ["spec", "context", "egressPolicy", "didRef"], resource.egressPolicy?.didRef, others),
      ];
    case "DID":
      return [
        ...unique(resource, ["spec", "location", "telUrl"], "a number that no other DID has", others),
        ...known("Gateway", ["metadata", "gwRef"], resource.gwRef, others),
      ];
    case "Peer":
    case "User": {
      const expected = `a username that no other ${nounOf(resource.kind)} has`;
      return unique(resource, ["spec", "credentials", "username"], expected, others);
    }
    case "Gateway":
      return [];
  }
}

function objectionsToAgent(agent: Agent, others: OtherResources): Objection[] {
  const objections: Objection[] = [];
  for (let i = 0; i < agent.domains.length; i++) {
    const domain = agent.domains[i];
    objections.push(...known("Domain", ["spec", "domains", i], domain, others));
    if (!others.hasAgent(agent.username, domain)) continue;
    const expected = `a username that no other agent of domain "${domain}" has`;
    objections.push(duplicate(["spec", "credentials", "username"], agent.username, expected));
  }
  return objections;
}

function unique(
  resource: Resource,
  path: PropertyPath,
  expected: string,
  others: OtherResources,
): Objection[] {
  const isTaken = others.hasKey(resource.kind, uniqueKey(resource));
  return isTaken ? [duplicate(path, naturalKey(resource), expected)] : [];
}

function known(
  kind: Kind,
  path: PropertyPath,
  name: string | undefined,
  others: OtherResources,
): Objection[] {
  if (name === undefined || others.isNamed(kind, name)) return [];
  const expected = kind === "Domain"
    ? "one of the configured domains"
    : `the ref of a configured ${nounOf(kind)}`;
  const nearest = others.nearest(kind, name);
  return [{
    rule: "dependency",
    path,
    found: JSON.stringify(name),
    expected,
    ...(nearest === undefined ? {} : { nearest }),
  }];
}

/** What no two of a kind may share. Agents share usernames across domains, and gateways hosts. */
export function uniqueKey(resource: Resource): string {
  return resource.kind === "DID" ? resource.digits : naturalKey(resource);
}

export function hasGeneratedRef(resource: Resource): boolean {
  return resource.ref === firstGeneratedRef(KINDS[resource.kind].refPrefix, naturalKey(resource));
}

function duplicate(path: PropertyPath, found: string, expected: string): Objection {
  return { rule: "duplicate", path, found: JSON.stringify(found), expected };
}

function nounOf(kind: Kind): string {
  return kind === "DID" ? kind : kind.toLowerCase();
}
