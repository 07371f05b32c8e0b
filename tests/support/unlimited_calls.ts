/** `spec.limits` for loads, in which few callers make all the calls by gateways. */
export const UNLIMITED_CALLS = {
  maxCallsInSetupPerAgent: "unlimited",
  maxCallsOutPerAgent: "unlimited",
  maxCallsOutPerMinutePerAgent: "unlimited",
  maxCallsOutPerPeer: "unlimited",
  maxCallsOutPerMinutePerPeer: "unlimited",
  channelsPerGateway: "unlimited",
  newCallsPerSecondPerGateway: "unlimited",
} as const;
