/** Parties that limits are of, and their names for people. */
import type { Agent } from "../../data/agent.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { Peer } from "../../data/peer.ts";

/** The party that a request counts for: an account, a gateway, or the address of an unauthenticated sender. */
export type Party = Agent | Peer | Gateway | string;

export function nameOf(party: Party): string {
  if (typeof party === "string") return party;
  if (party.kind === "Agent") return `agent ${party.username}@${party.domains[0]}`;
  return party.kind === "Peer" ? `peer ${party.username}` : `gateway ${party.ref}`;
}
