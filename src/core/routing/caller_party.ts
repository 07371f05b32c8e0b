/** The caller of a request as others remember it: its resource, and its party in the dialog that begins. */
import type { Agent } from "../../data/agent.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { Peer } from "../../data/peer.ts";
import type { Caller } from "../authentication/caller.ts";
import { accountParty, type DialogParty } from "../party.ts";

/**
 * Returns the resource that a request comes from; undefined for a caller without one.
 * @param ingress the gateway it came in by, where several share the caller's address
 */
export function resourceOf(caller: Caller, ingress: Gateway | undefined): Agent | Peer | Gateway | undefined {
  switch (caller.kind) {
    case "agent":
      return caller.agent;
    case "peer":
      return caller.peer;
    case "gateway":
      return ingress ?? caller.gateways[0];
    case "unauthenticated":
      return undefined;
  }
}

/** Returns the domain that an agent calls from, or that a peer speaks for. */
export function callerDomain(caller: Caller): string | undefined {
  return caller.kind === "agent" || caller.kind === "peer" ? caller.domain : undefined;
}

/** Returns the party of the caller; undefined for one that cannot prove later that it is the same. */
export function callerParty(caller: Caller, ingress: Gateway | undefined): DialogParty | undefined {
  const resource = resourceOf(caller, ingress);
  if (resource?.kind === "Gateway") return { kind: "gateway", ref: resource.ref };
  const domain = callerDomain(caller);
  return resource && domain !== undefined ? accountParty(resource, domain) : undefined;
}
