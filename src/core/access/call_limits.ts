/** Limits of calls by gateways: at a time and new ones, for the agent or peer that calls out and for the gateway. */
import type { Agent } from "../../data/agent.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { Peer } from "../../data/peer.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Answer } from "../answer.ts";
import { CallRates } from "./call_rates.ts";
import type { LimitRefusals } from "./limit_refusal.ts";
import type { LimitValues } from "./limit_values.ts";
import { nameOf } from "./party_name.ts";

/** A call by a gateway. */
export interface GatewayCall {
  readonly gateway: Gateway;
  /** The agent or peer that calls out; undefined for a call in. */
  readonly caller: Agent | Peer | undefined;
}

/** The calls by gateways that are under way. */
export interface CallCounts {
  /** Returns the number of calls out of the agent or peer with this ref. */
  out(kind: "Agent" | "Peer", ref: string): number;
  /** Returns the number of calls in and out by the gateway with this ref. */
  channels(gatewayRef: string): number;
}

export interface CallLimitsParts {
  readonly clock: Pick<Clock, "now">;
  readonly values: LimitValues;
  readonly refusals: LimitRefusals;
  readonly counts: CallCounts;
}

export class CallLimits {
  readonly #parts: CallLimitsParts;
  readonly #ratesOut = { Agent: new CallRates(), Peer: new CallRates() };
  readonly #ratesOfGateways = new CallRates();

  constructor(parts: CallLimitsParts) {
    this.#parts = parts;
  }

  /**
   * Returns why a call is refused; undefined when it may go on. Every call that a limit may refuse passes here, so that
   * numbers which may always be called are to be let through before anything else is asked.
   */
  refuse(call: GatewayCall): Answer | undefined {
    return call.caller && this.#refuseCaller(call.caller) || this.#refuseGateway(call);
  }

  /** Counts a new call for the rates, and returns how long it may last. */
  begin({ caller, gateway }: GatewayCall): { readonly maxSeconds: number } {
    const { values, clock } = this.#parts;
    const now = clock.now();
    if (caller) this.#ratesOut[caller.kind].count(caller.ref, values.newCallsOut(caller), now);
    this.#ratesOfGateways.count(gateway.ref, values.newCalls(gateway), now);
    return { maxSeconds: values.callSeconds(caller, gateway) };
  }

  #refuseCaller(caller: Agent | Peer): Answer | undefined {
    const { counts, values, refusals, clock } = this.#parts;
    const callsOut = counts.out(caller.kind, caller.ref);
    if (callsOut >= values.callsOut(caller)) {
      const words = caller.kind === "Agent" ? "agentAtOnce" : "peerAtOnce";
      return refusals.refuse("maxCallsOut", words, `${nameOf(caller)} has ${callsOut} calls out at once`);
    }
    const rate = values.newCallsOut(caller);
    if (this.#ratesOut[caller.kind].admits(caller.ref, rate, clock.now())) return undefined;
    const cause = `${nameOf(caller)} has more than ${rate.perMinute} new calls out in a minute`;
    return refusals.refuse("maxCallsOutPerMinute", "rate", cause);
  }

  #refuseGateway({ gateway, caller }: GatewayCall): Answer | undefined {
    const { counts, values, refusals, clock } = this.#parts;
    const calls = counts.channels(gateway.ref);
    if (calls >= values.channels(gateway)) {
      const words = caller ? "channelsOut" : "channelsIn";
      return refusals.refuse("channels", words, `${nameOf(gateway)} has ${calls} calls at once`);
    }
    const rate = values.newCalls(gateway);
    if (this.#ratesOfGateways.admits(gateway.ref, rate, clock.now())) return undefined;
    const cause = `${nameOf(gateway)} has more than ${rate.burst} new calls in a second`;
    return refusals.refuse("newCallsPerSecond", "rate", cause);
  }
}
