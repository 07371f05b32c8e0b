/** Accounts and sources of calls. */
import type { Flow } from "../../transport/transport.ts";
import type { Caller } from "../authentication/caller.ts";
import type { CallAccount } from "./call.ts";

/**
 * Returns the account of a caller; undefined for an unauthenticated one.
 * @param gateway the gateway of the call, where several share the caller's address
 */
export function accountOf(caller: Caller, gateway?: { ref: string; host: string }): CallAccount | undefined {
  switch (caller.kind) {
    case "agent": {
      const { ref, username } = caller.agent;
      return { kind: "agent", ref, name: `${username}@${caller.domain}` };
    }
    case "peer":
      return { kind: "peer", ref: caller.peer.ref, name: caller.peer.username };
    case "gateway": {
      const { ref, host } = gateway ?? caller.gateways[0];
      return { kind: "gateway", ref, name: host };
    }
    case "unauthenticated":
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
