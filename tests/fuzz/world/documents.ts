/** The configuration of the server under test: lanes, wide limits of calls, names that lead nowhere. */
import type { Document } from "../../support/resources.ts";
import type { ResourceDocument } from "../../support/scenario.ts";
import { FIXED_PORT, type Lane } from "./lane.ts";
import { laterProperties } from "./later_properties.ts";

/** Limits so wide that calls that a mutation left ringing hold up no lane. */
const LIMITS = {
  maxCallsInSetupPerAgent: "unlimited",
  maxCallsInSetup: "unlimited",
  maxCallsOutPerAgent: "unlimited",
  maxCallsOutPerMinutePerAgent: "unlimited",
  callsOutBurstPerAgent: "unlimited",
  maxCallsOutPerPeer: "unlimited",
  maxCallsOutPerMinutePerPeer: "unlimited",
  callsOutBurstPerPeer: "unlimited",
  channelsPerGateway: "unlimited",
  newCallsPerSecondPerGateway: "unlimited",
};

export function specOf(transport: readonly { protocol: string; port: number }[]): Document {
  return {
    bindAddr: "127.0.0.1",
    recordRoute: true,
    transport,
    addressInfo: ["X-Number"],
    // Nobody listens there: no name of a message is looked up outside of this machine.
    nameServers: ["127.0.0.1:9"],
    limits: LIMITS,
  };
}

/**
 * Returns what is otherwise in the `spec` of a server that runs in memory for one lane: nothing, limits of calls as they
 * come, defence against strangers as it comes, or the other settings of those that change the way of messages.
 */
export function variantOf({ number }: Lane): Document {
  switch (number % 4) {
    case 2:
      return { limits: {} };
    case 3:
      return "access" in laterProperties() ? { access: {} } : {};
    case 0:
      return { recordRoute: false, useToAsAOR: true, registrarIntf: "Internal", interDomainCalls: true };
    default:
      return {};
  }
}

export function resourcesOf(lanes: readonly Lane[]): ResourceDocument[] {
  return lanes.flatMap((lane) => {
    const { number, domain } = lane;
    const credentials = (username: string) => ({ username, secret: lane.secretOf(username) });
    const agents = ["alice", "bob"] as const;
    return [
      resource("Domain", domain, {
        context: { domainUri: domain, egressPolicy: { rule: "9\\d+", didRef: `DID${number}` } },
      }),
      ...agents.map((name) =>
        resource("Agent", lane.userOf(name), {
          credentials: credentials(lane.userOf(name)),
          domains: [domain],
          // Callers of every other lane are anonymous to providers.
          privacy: name === "alice" && number % 2 === 0 ? "private" : "none",
        })
      ),
      resource("Peer", lane.userOf("peer"), { credentials: credentials(lane.userOf("peer")) }),
      resource("Gateway", `Gateway ${number}`, {
        host: `${lane.addressOf("gateway")}:${FIXED_PORT}`,
        transport: "udp",
        credentials: credentials(lane.userOf("gateway")),
        expires: 60,
      }, { ref: `GW${number}` }),
      resource("DID", `Number ${number}`, {
        location: { telUrl: `tel:${lane.did}`, aorLink: `sip:${lane.userOf("bob")}@${domain}` },
      }, { ref: `DID${number}`, gwRef: `GW${number}` }),
    ];
  });
}

function resource(kind: ResourceDocument["kind"], name: string, spec: Document, metadata: Document = {}) {
  return { kind, metadata: { name, ...metadata }, spec };
}
