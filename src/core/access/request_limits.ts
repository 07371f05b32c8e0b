/** How much one party may have under way: requests that are forwarded and not over, calls in set-up, calls out. */
import type { Agent } from "../../data/agent.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { Peer } from "../../data/peer.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import type { Answer } from "../answer.ts";

/** Who is answerable for a request; an address where nobody was asked who it is. */
export type Party = Agent | Peer | Gateway | string;

export interface RequestLimitsOptions {
  readonly metrics: Metrics;
  readonly maxCallsInSetupPerAgent: number;
  /** For each peer, gateway or address. */
  readonly maxCallsInSetup: number;
  readonly maxCallsOutPerAgent: number;
  /** Of all parties. */
  readonly maxPendingBytes: number;
}

/** Bytes of a target beyond what all targets of a request share. */
const TARGET_BYTES = 1024;

/** Addresses before those are looked for that have nothing under way. */
const TIDY_SIZE = 4096;

/** No agent keeps a larger part of all bytes than one in so many, nor does any other party. */
const AGENT_SHARE = 16;
const SHARE = 4;

interface Account {
  callsInSetup: number;
  bytes: number;
}

export class RequestLimits {
  readonly #options: RequestLimitsOptions;
  readonly #ofResources = new WeakMap<Agent | Peer | Gateway, Account>();
  /** Those that have nothing under way make room when there are many. */
  readonly #ofAddresses = new Map<string, Account>();
  readonly #limited: Counter;

  constructor(options: RequestLimitsOptions) {
    this.#options = options;
    this.#limited = options.metrics.counter(
      "routr_limited_requests_total",
      "Requests refused because their sender had too much under way",
    );
  }

  /** Takes a request that goes to so many targets, or says why it has to be refused. */
  admit(party: Party, { method, text }: SipRequest, targets: number): RequestShare | Answer {
    const { maxCallsInSetupPerAgent, maxCallsInSetup, maxPendingBytes } = this.#options;
    const isOfAgent = isAgent(party);
    const account = this.#accountOf(party);
    const isCall = method === "INVITE";
    if (isCall && account.callsInSetup >= (isOfAgent ? maxCallsInSetupPerAgent : maxCallsInSetup)) {
      return this.#refuse(party, `${account.callsInSetup} calls in set-up`);
    }
    const bytes = text.length + targets * TARGET_BYTES;
    // One request is always possible, however small the limit.
    if (account.bytes > 0 && account.bytes + bytes > maxPendingBytes / (isOfAgent ? AGENT_SHARE : SHARE)) {
      return this.#refuse(party, `${account.bytes} bytes of requests under way`);
    }
    account.bytes += bytes;
    if (isCall) account.callsInSetup++;
    return new RequestShare(account, { bytes, isCall });
  }

  #accountOf(party: Party): Account {
    const known = typeof party === "string" ? this.#ofAddresses.get(party) : this.#ofResources.get(party);
    if (known) return known;
    const account = { callsInSetup: 0, bytes: 0 };
    if (typeof party !== "string") this.#ofResources.set(party, account);
    else {
      if (this.#ofAddresses.size >= TIDY_SIZE) this.#forgetIdle();
      this.#ofAddresses.set(party, account);
    }
    return account;
  }

  /** Whether an agent may call out by a gateway, with so many such calls up; undefined when it may. */
  refuseCallOut(agent: Agent, callsOut: number): Answer | undefined {
    if (callsOut < this.#options.maxCallsOutPerAgent) return undefined;
    return this.#refuse(agent, `${callsOut} calls out at once`);
  }

  #refuse(party: Party, what: string): Answer {
    this.#limited.value++;
    // Without Retry-After: it is about this sender, and no reason to leave the server (§21.5.4).
    return { status: 503, reason: "Too Many Calls", cause: `${nameOf(party)} has ${what}`, isLimit: true };
  }

  #forgetIdle(): void {
    for (const [address, { bytes, callsInSetup }] of this.#ofAddresses) {
      if (bytes === 0 && callsInSetup === 0) this.#ofAddresses.delete(address);
    }
  }
}

/** What one request takes of the limits of its party. */
export class RequestShare {
  readonly #account: Account;
  #bytes: number;
  #isCall: boolean;

  constructor(account: Account, { bytes, isCall }: { bytes: number; isCall: boolean }) {
    this.#account = account;
    this.#bytes = bytes;
    this.#isCall = isCall;
  }

  /** The caller has its answer: the call is not in set-up any more. */
  endSetup(): void {
    if (!this.#isCall) return;
    this.#isCall = false;
    this.#account.callsInSetup--;
  }

  /** Nothing of the request is kept any more. */
  release(): void {
    this.endSetup();
    this.#account.bytes -= this.#bytes;
    this.#bytes = 0;
  }
}

function isAgent(party: Party): party is Agent {
  return typeof party !== "string" && party.kind === "Agent";
}

function nameOf(party: Party): string {
  if (typeof party === "string") return party;
  if (party.kind === "Agent") return `agent ${party.username}@${party.domains[0]}`;
  return party.kind === "Peer" ? `peer ${party.username}` : `gateway ${party.ref}`;
}
