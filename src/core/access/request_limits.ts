/** Limits on what one party may have under way: forwarded requests and calls in set-up. */
import type { SipRequest } from "../../message/sip_message.ts";
import type { Answer } from "../answer.ts";
import type { LimitRefusals } from "./limit_refusal.ts";
import type { LimitValues } from "./limit_values.ts";
import { nameOf, type Party } from "./party_name.ts";
import { PartyAccounts } from "./party_accounts.ts";
import { RequestShare, TARGET_BYTES } from "./request_share.ts";

export interface RequestLimitsOptions {
  readonly values: LimitValues;
  readonly refusals: LimitRefusals;
  /** Limit of all parties together. */
  readonly maxPendingBytes: number;
}

/** Shares of all bytes that one agent, or any other party, may keep. */
const AGENT_SHARE = 1 / 16;
const PARTY_SHARE = 1 / 4;

export class RequestLimits {
  readonly #options: RequestLimitsOptions;
  readonly #accounts = new PartyAccounts();

  constructor(options: RequestLimitsOptions) {
    this.#options = options;
  }

  /** Counts a request to a number of targets, or refuses it. */
  admit(party: Party, { method, text }: SipRequest, targets: number): RequestShare | Answer {
    const { values, refusals, maxPendingBytes } = this.#options;
    const account = this.#accounts.of(party);
    const isCall = method === "INVITE";
    if (isCall && account.callsInSetup >= values.callsInSetup(party)) {
      const cause = `${nameOf(party)} has ${account.callsInSetup} calls in set-up`;
      return refusals.refuse("maxCallsInSetup", "inSetup", cause);
    }
    const bytes = text.length + targets * TARGET_BYTES;
    const isOfAgent = typeof party !== "string" && party.kind === "Agent";
    const maxBytes = maxPendingBytes * (isOfAgent ? AGENT_SHARE : PARTY_SHARE);
    // A party may always have one request, however small the limit.
    if (account.bytes > 0 && account.bytes + bytes > maxBytes) {
      const cause = `${nameOf(party)} has ${account.bytes} bytes of requests under way`;
      return refusals.refuse("maxPendingBytes", "bytes", cause);
    }
    account.bytes += bytes;
    if (isCall) account.callsInSetup++;
    return new RequestShare(account, { bytes, maxBytes, isCall });
  }
}
