/** Limits on what one party may have under way: forwarded requests, calls in set-up, calls out. */
import type { Agent } from "../../data/agent.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { Peer } from "../../data/peer.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import type { Answer } from "../answer.ts";

/** The party that a request counts for: an account, a gateway, or the address of an unauthenticated sender. */
export type Party = Agent | Peer | Gateway | string;

export interface RequestLimitsOptions {
  readonly metrics: Metrics;
  readonly maxCallsInSetupPerAgent: number;
  /** Limit of each peer, gateway or address. */
  readonly maxCallsInSetup: number;
  readonly maxCallsOutPerAgent: number;
  /** Limit of all parties together. */
  readonly maxPendingBytes: number;
}

/** Bytes of each target beyond what all targets of a request share. */
const TARGET_BYTES = 1024;

/** Accounts of addresses before the idle ones are dropped. */
const TIDY_SIZE = 4096;

/** Shares of all bytes that one agent, or any other party, may keep. */
const AGENT_SHARE = 1 / 16;
const PARTY_SHARE = 1 / 4;

interface Account {
  callsInSetup: number;
  bytes: number;
}

export class RequestLimits {
  readonly #options: RequestLimitsOptions;
  readonly #ofResources = new WeakMap<Agent | Peer | Gateway, Account>();
  readonly #ofAddresses = new Map<string, Account>();
  readonly #limited: Counter;

  constructor(options: RequestLimitsOptions) {
    this.#options = options;
    this.#limited = options.metrics.counter(
      "routr_limited_requests_total",
      "Requests refused because their sender had too much under way",
    );
  }

  /** Counts a request to a number of targets, or refuses it. */
  admit(party: Party, { method, text }: SipRequest, targets: number): RequestShare | Answer {
    const { maxCallsInSetupPerAgent, maxCallsInSetup, maxPendingBytes } = this.#options;
    const isOfAgent = isAgent(party);
    const account = this.#accountOf(party);
    const isCall = method === "INVITE";
    if (isCall && account.callsInSetup >= (isOfAgent ? maxCallsInSetupPerAgent : maxCallsInSetup)) {
      return this.#refuse(party, `${account.callsInSetup} calls in set-up`);
    }
    const bytes = text.length + targets * TARGET_BYTES;
    const maxBytes = maxPendingBytes * (isOfAgent ? AGENT_SHARE : PARTY_SHARE);
    // A party may always have one request, however small the limit.
    if (account.bytes > 0 && account.bytes + bytes > maxBytes) {
      return this.#refuse(party, `${account.bytes} bytes of requests under way`);
    }
    account.bytes += bytes;
    if (isCall) account.callsInSetup++;
    return new RequestShare(account, { bytes, maxBytes, isCall });
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

  /** Refuses a call out of an agent that has too many of them; undefined when it may call. */
  refuseCallOut(agent: Agent, callsOut: number): Answer | undefined {
    if (callsOut < this.#options.maxCallsOutPerAgent) return undefined;
    return this.#refuse(agent, `${callsOut} calls out at once`);
  }

  #refuse(party: Party, what: string): Answer {
    this.#limited.value++;
    // Retry-After would make clients leave the server, and the limit is this sender's own (§21.5.4).
    return { status: 503, reason: "Too Many Calls", cause: `${nameOf(party)} has ${what}`, isLimit: true };
  }

  #forgetIdle(): void {
    for (const [address, { bytes, callsInSetup }] of this.#ofAddresses) {
      if (bytes === 0 && callsInSetup === 0) this.#ofAddresses.delete(address);
    }
  }
}

/** The share of one request in the limits of its party. */
export class RequestShare {
  readonly #account: Account;
  readonly #maxBytes: number;
  #bytes: number;
  #isCall: boolean;

  constructor(
    account: Account,
    { bytes, maxBytes, isCall }: { bytes: number; maxBytes: number; isCall: boolean },
  ) {
    this.#account = account;
    this.#bytes = bytes;
    this.#maxBytes = maxBytes;
    this.#isCall = isCall;
  }

  /** Counts further targets of the request; false when its party has too much under way. */
  grow(targets: number): boolean {
    const bytes = targets * TARGET_BYTES;
    if (this.#account.bytes + bytes > this.#maxBytes) return false;
    this.#account.bytes += bytes;
    this.#bytes += bytes;
    return true;
  }

  /** Ends the set-up of the call: the caller has its final response. */
  endSetup(): void {
    if (!this.#isCall) return;
    this.#isCall = false;
    this.#account.callsInSetup--;
  }

  /** Returns the whole share, once nothing of the request is kept. */
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
