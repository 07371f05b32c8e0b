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
      return { kind: "agent", ref: resource.ref, name: `${resource.username}@${domain}` };
    case "Peer":
      return { kind: "peer", ref: resource.ref, name: resource.username };
    case "Gateway":
      return { kind: "gateway", ref: resource.ref, name: resource.host };
    case undefined:
      return undefined;
  }
}

/** Returns the source of a request as it is shown: `192.0.2.1:5060` and `udp`. */
export function sourceOf({ remoteAddress, remotePort, protocol }: Flow): {
  readonly address: string;
  readonly transport: string;
} {
  return { address: `${remoteAddress}:${remotePort}`, transport: protocol };
}
