/** The rules between resources: what must be unique is unique, and what is referred to exists. */
import type { Agent } from "./agent.ts";
import type { PropertyPath, PropertyProblem } from "./fault.ts";
import { firstGeneratedRef } from "./generated_ref.ts";
import { type Kind, KINDS, naturalKey, type Resource } from "./resource.ts";
import { endpointOf, type ResourceView } from "./resource_view.ts";

/** A property of a resource that conflicts with other resources. */
export interface ConstraintViolation extends PropertyProblem {
  readonly rule: "duplicate" | "dependency";
}

export function constraintViolations(resource: Resource, others: ResourceView): ConstraintViolation[] {
  const violations = violationsByKind(resource, others);
  if (others.hasRef(resource.kind, resource.ref) && !hasGeneratedRef(resource)) {
    const expected = `a ref that no other ${nounOf(resource.kind)} has`;
    violations.push(duplicate(["metadata", "ref"], resource.ref, expected));
  }
  return violations;
}

function violationsByKind(resource: Resource, others: ResourceView): ConstraintViolation[] {
  switch (resource.kind) {
    case "Agent":
      return agentViolations(resource, others);
    case "Domain": {
      const path = ["spec", "context", "egressPolicy", "didRef"];
      const isTaken = others.hasKeyOf(resource);
      return [
        ...isTaken ? [duplicateKey(resource, ["spec", "context", "domainUri"], "domain URI")] : [],
        ...missing({ kind: "DID", path, name: resource.egressPolicy?.didRef }, others),
      ];
    }
    case "DID": {
      const isTaken = others.hasKeyOf(resource);
      return [
        ...isTaken ? [duplicateKey(resource, ["spec", "location", "telUrl"], "number")] : [],
        ...missing({ kind: "Gateway", path: ["metadata", "gwRef"], name: resource.gwRef }, others),
      ];
    }
    case "Peer":
    case "User":
      return others.hasKeyOf(resource)
        ? [duplicateKey(resource, ["spec", "credentials", "username"], "username")]
        : [];
    case "Gateway":
      return others.hasGatewayAt(resource)
        ? [duplicate(["spec", "host"], endpointOf(resource), "a host and port that no other gateway has")]
        : [];
  }
}

function agentViolations({ username, domains }: Agent, others: ResourceView): ConstraintViolation[] {
  return domains.flatMap((domain, i) => {
    const expected = `a username that no other agent of domain "${domain}" has`;
    return [
      ...missing({ kind: "Domain", path: ["spec", "domains", i], name: domain }, others),
      ...others.hasAgent(username, domain)
        ? [duplicate(["spec", "credentials", "username"], username, expected)]
        : [],
    ];
  });
}

interface Reference {
  readonly kind: Kind;
  readonly path: PropertyPath;
  readonly name: string | undefined;
}

/** Returns the violation of a reference to a resource that does not exist. */
function missing({ kind, path, name }: Reference, others: ResourceView): ConstraintViolation[] {
  if (name === undefined || others.isNamed(kind, name)) return [];
  const expected = kind === "Domain"
    ? "one of the configured domains"
    : `the ref of a configured ${nounOf(kind)}`;
  const nearest = others.nearest(kind, name);
  const hint = nearest === undefined ? {} : { nearest };
  return [{ rule: "dependency", path, found: JSON.stringify(name), expected, ...hint }];
}

function duplicateKey(resource: Resource, path: PropertyPath, noun: string): ConstraintViolation {
  const expected = `a ${noun} that no other ${nounOf(resource.kind)} has`;
  return duplicate(path, naturalKey(resource), expected);
}

function duplicate(path: PropertyPath, found: string, expected: string): ConstraintViolation {
  return { rule: "duplicate", path, found: JSON.stringify(found), expected };
}

function hasGeneratedRef(resource: Resource): boolean {
  return resource.ref === firstGeneratedRef(KINDS[resource.kind].refPrefix, naturalKey(resource));
}

function nounOf(kind: Kind): string {
  return kind === "DID" ? kind : kind.toLowerCase();
}
