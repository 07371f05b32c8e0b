/** Limits of calls that agents, peers and gateways may have of their own (`spec.limits`). */
import type * as z from "zod";
import { limit, mapping } from "./property_types.ts";

/** Limits of one resource. Zero is no limit; undefined leaves it to `spec.limits` of the configuration. */
type OwnLimits<Names extends string> = { readonly [Name in Names]?: number | undefined };

/** Limits of an agent or a peer. */
export type CallerLimits = OwnLimits<
  "maxCallsOut" | "maxCallsOutPerMinute" | "callsOutBurst" | "maxCallsInSetup" | "maxCallSeconds"
>;

/** Limits of a gateway, over calls in and out. */
export type GatewayLimits = OwnLimits<
  "channels" | "newCallsPerSecond" | "maxCallsInSetup" | "maxCallSeconds"
>;

/** `spec.limits` of an agent or a peer. */
export function callerLimits(): z.ZodOptional<z.ZodType<CallerLimits>> {
  return mapping({
    maxCallsOut: limit().optional().describe("Calls by gateways at a time."),
    maxCallsOutPerMinute: limit().optional().describe("New calls by gateways in a minute."),
    callsOutBurst: limit().optional().describe("New calls by gateways at once, within what a minute allows."),
    ...commonLimits(),
  }).optional().describe(CONFIGURED);
}

/** `spec.limits` of a gateway. */
export function gatewayLimits(): z.ZodOptional<z.ZodType<GatewayLimits>> {
  return mapping({
    channels: limit().optional().describe("Calls at a time, in and out."),
    newCallsPerSecond: limit().optional().describe("New calls in a second, in and out."),
    ...commonLimits(),
  }).optional().describe(CONFIGURED);
}

const CONFIGURED = "Limits of calls; spec.limits of config.yaml unless set. 0 or unlimited is for none.";

function commonLimits() {
  return {
    maxCallsInSetup: limit().optional().describe("Calls that may be in set-up."),
    maxCallSeconds: limit().optional().describe("The longest call by a gateway, in seconds."),
  };
}
