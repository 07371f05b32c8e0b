/** Accounts and sources of calls. */
import type { Agent } from "../../data/agent.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { Peer } from "../../data/peer.ts";
import type { Flow } from "../../transport/transport.ts";
import type { CallAccount } from "./call.ts";

/**
 * Returns the account of a caller's resource.
 * @param domain the one that an agent calls from
 */
export function accountOf(
  resource: Agent | Peer | Gateway | undefined,
  domain: string | undefined,
): CallAccount | undefined {
  switch (resource?.kind) {
    case "Agent":
      return accountOfAgent(resource, domain);
    case "Peer":
      return { kind: "peer", ref: resource.ref, name: resource.username };
    case "Gateway":
      return { kind: "gateway", ref: resource.ref, name: resource.host };
    case undefined:
      return undefined;
  }
}

/** Accounts of agents by the domain they have called from last: all calls of an agent share one. */
const accounts = new WeakMap<Agent, { domain: string | undefined; account: CallAccount }>();

function accountOfAgent(agent: Agent, domain: string | undefined): CallAccount {
  const known = accounts.get(agent);
  if (known && known.domain === domain) return known.account;
  const account: CallAccount = { kind: "agent", ref: agent.ref, name: `${agent.username}@${domain}` };
  accounts.set(agent, { domain, account });
  return account;
}

/** Returns the source of a request as it is shown: `192.0.2.1:5060` and `udp`. */
export function sourceOf({ remoteAddress, remotePort, protocol }: Flow): {
  readonly address: string;
  readonly transport: string;
} {
  return { address: `${remoteAddress}:${remotePort}`, transport: protocol };
}
