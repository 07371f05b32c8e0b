/** Limits of calls in `spec.limits`, which may change while the server runs. */
import { limit } from "../data/property_types.ts";

export const callLimits = {
  maxCallsInSetupPerAgent: limit().default(10).describe(
    "Calls that one agent may have in set-up; 0 or unlimited for no limit, as in all limits of calls.",
  ),
  maxCallsInSetup: limit().default(1000)
    .describe("Calls that any other party may have in set-up: a peer, a gateway, an address."),
  maxCallsOutPerAgent: limit().default(4).describe("Calls that one agent may have by gateways at a time."),
  maxCallsOutPerMinutePerAgent: limit().default(30)
    .describe("New calls that one agent may have by gateways in a minute."),
  callsOutBurstPerAgent: limit().default(5)
    .describe("New calls that one agent may have by gateways at once, within what a minute allows."),
  maxCallsOutPerPeer: limit().default(30).describe("Calls that one peer may have by gateways at a time."),
  maxCallsOutPerMinutePerPeer: limit().default(120)
    .describe("New calls that one peer may have by gateways in a minute."),
  callsOutBurstPerPeer: limit().default(30)
    .describe("New calls that one peer may have by gateways at once, within what a minute allows."),
  channelsPerGateway: limit().default(30)
    .describe("Calls that one gateway may have at a time, in and out."),
  newCallsPerSecondPerGateway: limit().default(10)
    .describe("New calls that one gateway may have in a second, in and out."),
  maxCallSeconds: limit().default(14_400).describe("The longest call by a gateway, in seconds."),
};

/** Names of the limits that take effect at once. */
export const LIVE_LIMITS: readonly string[] = Object.keys(callLimits);
