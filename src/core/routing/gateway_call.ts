/** Calls by gateways, as limits see them. */
import type { SipRequest } from "../../message/sip_message.ts";
import type { GatewayCall } from "../access/call_limits.ts";
import type { Caller } from "../authentication/caller.ts";
import type { Egress } from "../proxy/target.ts";
import { resourceOf } from "./caller_party.ts";
import type { TargetRouting } from "./routing.ts";

/** Returns the call by a gateway that a request begins; undefined for another request, or a call inside. */
export function gatewayCallOf(
  { method }: SipRequest,
  caller: Caller,
  routing: TargetRouting,
): GatewayCall | undefined {
  if (method !== "INVITE") return undefined;
  const out = egressOf(routing);
  const gateway = out?.gateway ?? routing.ingress;
  if (!gateway) return undefined;
  const resource = out && resourceOf(caller, routing.ingress);
  return { gateway, caller: resource?.kind === "Gateway" ? undefined : resource };
}

/** Returns the gateway and DID that a call goes out by. */
export function egressOf({ targets }: TargetRouting): Egress | undefined {
  const { known } = targets;
  for (let i = 0; i < known.length; i++) if (known[i].egress) return known[i].egress;
  return undefined;
}
