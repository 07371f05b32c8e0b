/** The limits in force: those of a resource, or else those of the configuration. */
import type { Agent } from "../../data/agent.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { Peer } from "../../data/peer.ts";
import type { Party } from "./party_name.ts";

/** Limits of calls in the configuration (`spec.limits`). Zero is no limit. */
export interface ConfiguredLimits {
  readonly maxCallsInSetupPerAgent: number;
  /** Limit of each peer, gateway or address. */
  readonly maxCallsInSetup: number;
  readonly maxCallsOutPerAgent: number;
  readonly maxCallsOutPerMinutePerAgent: number;
  readonly callsOutBurstPerAgent: number;
  readonly maxCallsOutPerPeer: number;
  readonly maxCallsOutPerMinutePerPeer: number;
  readonly callsOutBurstPerPeer: number;
  readonly channelsPerGateway: number;
  readonly newCallsPerSecondPerGateway: number;
  readonly maxCallSeconds: number;
}

/** New calls in a time: so many a minute on average, and so many at once. */
export interface Rate {
  readonly perMinute: number;
  readonly burst: number;
}

/** A change of a resource or of the configuration holds from the next call on. Infinity is no limit. */
export class LimitValues {
  #configured: ConfiguredLimits;

  constructor(configured: ConfiguredLimits) {
    this.#configured = configured;
  }

  configure(configured: ConfiguredLimits): void {
    this.#configured = configured;
  }

  callsInSetup(party: Party): number {
    const { maxCallsInSetup, maxCallsInSetupPerAgent } = this.#configured;
    if (typeof party === "string") return limitOf(maxCallsInSetup);
    const configured = party.kind === "Agent" ? maxCallsInSetupPerAgent : maxCallsInSetup;
    return limitOf(party.limits?.maxCallsInSetup ?? configured);
  }

  callsOut({ kind, limits }: Agent | Peer): number {
    const { maxCallsOutPerAgent, maxCallsOutPerPeer } = this.#configured;
    return limitOf(limits?.maxCallsOut ?? (kind === "Agent" ? maxCallsOutPerAgent : maxCallsOutPerPeer));
  }

  newCallsOut({ kind, limits }: Agent | Peer): Rate {
    const configured = this.#configured;
    const [perMinute, burst] = kind === "Agent"
      ? [configured.maxCallsOutPerMinutePerAgent, configured.callsOutBurstPerAgent]
      : [configured.maxCallsOutPerMinutePerPeer, configured.callsOutBurstPerPeer];
    return {
      perMinute: limitOf(limits?.maxCallsOutPerMinute ?? perMinute),
      burst: limitOf(limits?.callsOutBurst ?? burst),
    };
  }

  channels({ limits }: Gateway): number {
    return limitOf(limits?.channels ?? this.#configured.channelsPerGateway);
  }

  newCalls({ limits }: Gateway): Rate {
    const perSecond = limitOf(limits?.newCallsPerSecond ?? this.#configured.newCallsPerSecondPerGateway);
    return { perMinute: 60 * perSecond, burst: perSecond };
  }

  /** Returns the seconds that a call by a gateway may last: the least of those of its caller and its gateway. */
  callSeconds(caller: Agent | Peer | undefined, gateway: Gateway): number {
    const { maxCallSeconds } = this.#configured;
    return Math.min(
      limitOf(caller?.limits?.maxCallSeconds ?? maxCallSeconds),
      limitOf(gateway.limits?.maxCallSeconds ?? maxCallSeconds),
    );
  }
}

function limitOf(value: number): number {
  return value === 0 ? Infinity : value;
}
