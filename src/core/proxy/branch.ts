/** One branch of a forwarded request: the user of its client transaction, and its Timer C (§16.8). */
import type { SipResponse } from "../../message/sip_message.ts";
import type { Timer } from "../../runtime/timer_wheel.ts";
import type { ClientTransaction, ClientTransactionUser } from "../../transaction/transaction_user.ts";
import type { Flow } from "../../transport/transport.ts";
import type { BranchOutcome } from "./best_response.ts";
import { NOT_ANSWERED } from "./cancel_reason.ts";
import type { ResponseContext, ResponseContextHost } from "./response_context.ts";

/** Deals with the challenges of a branch that leads to a gateway: they are not for the caller. */
export interface ChallengeHandler {
  /** Sends the request again with credentials, by the flow of the challenge; or tells why it cannot be answered. */
  retry(response: SipResponse, flow: Flow): string | undefined;
  /** The gateway went on with the request, by this flow. */
  onAccepted(flow: Flow): void;
}

export class Branch implements ClientTransactionUser {
  /** Set by who sends, before the first response. */
  challenges: ChallengeHandler | undefined;
  /** User part of our Record-Route entry in its request. */
  entry: string | undefined;
  /** The flow that the request went by, the latest of several. */
  flow: Flow | undefined;
  readonly #context: ResponseContext;
  readonly #host: ResponseContextHost;
  #timer: Timer | undefined;
  #client: ClientTransaction | undefined;
  #isPending = true;
  #wasAnswered = false;
  #isCancelled = false;
  #isGivenUp = false;

  constructor(context: ResponseContext, host: ResponseContextHost) {
    this.#context = context;
    this.#host = host;
    if (context.isInvite) this.#timer = host.timer(() => this.cancel(NOT_ANSWERED));
  }

  /** Whether a final response is still to come. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /** Whether any response has come. */
  get wasAnswered(): boolean {
    return this.#wasAnswered;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Whether the next group of targets is tried without waiting for this one. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Whether the caller's answer has to wait for this one. A silent device that is given up may be silent for long. */
  get isAwaited(): boolean {
    return this.#isPending && (this.#wasAnswered || !this.#isGivenUp);
  }

  /** The request is on its way (§16.6 steps 10 and 11). */
  begin(client: ClientTransaction): void {
    // A transport may refuse within the call that begins the transaction.
    if (!this.#isPending) return;
    this.#client = client;
    this.flow = client.flow;
    this.#timer?.start(this.#host.timerC);
  }

  /** Nothing could be sent; `reason` says why. */
  fail(status: number, reason?: string): void {
    this.#endAs(status, reason);
  }

  /** Cancels the request; `reasons` are Reason lines (RFC 3326), each ended by CRLF. */
  cancel(reasons: string): void {
    if (!this.#isPending || this.#isCancelled) return;
    this.#isCancelled = true;
    if (!this.#client) return this.fail(487);
    if (!this.#context.isInvite) return;
    this.#timer?.stop();
    this.#client.cancel(reasons);
  }

  /** Cancels the request because others are to be tried; nobody has answered, whatever the device says to the CANCEL. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.cancel(NOT_ANSWERED);
  }

  onResponse(response: SipResponse): void {
    this.#wasAnswered = true;
    const { status } = response;
    const isChallenge = status === 401 || status === 407;
    if (isChallenge && (this.challenges || this.#host.isOwnChallenge(response))) {
      return this.#onChallenge(response);
    }
    if (status > 100 && status < 300 && this.#client) this.challenges?.onAccepted(this.#client.flow);
    if (status < 200) {
      // 101 to 199 show that somebody is there: Timer C starts anew (§16.7 step 2).
      if (status > 100 && this.#isPending && !this.#isCancelled) this.#timer?.start(this.#host.timerC);
      return this.#context.onProvisional(response, this);
    }
    if (status >= 300) return this.#end({ status, response });
    this.#finish();
    this.#context.onSuccess(response, this);
  }

  onTimeout(): void {
    // A gateway that says nothing is not there: no user agent has failed to answer.
    const status = this.challenges && !this.#wasAnswered ? 503 : 408;
    this.#endAs(status, "No answer");
  }

  onFailure(reason: string): void {
    this.#endAs(503, reason);
  }

  /** Of a gateway, for us to answer; or of somebody who is after the caller's password: both are not for the caller. */
  #onChallenge(response: SipResponse): void {
    if (!this.#isPending) return;
    const flow = this.#client?.flow;
    const { challenges } = this;
    const why = flow && !this.#isCancelled ? challenges?.retry(response, flow) : undefined;
    if (flow && !this.#isCancelled && challenges && why === undefined) return;
    const reason = `${response.status} ${response.reason}${why === undefined ? "" : `, ${why}`}`;
    const cause = { reason, isRemote: true };
    this.#end({ status: this.#isCancelled ? 487 : 502, response: undefined, cause });
  }

  /** Ends without a response: with 487 when it was cancelled. */
  #endAs(status: number, reason: string | undefined): void {
    const cause = reason === undefined ? undefined : { reason, isRemote: false };
    this.#end({ status: this.#isCancelled ? 487 : status, response: undefined, ...cause && { cause } });
  }

  #end(outcome: BranchOutcome): void {
    if (!this.#isPending) return;
    this.#finish();
    const isUnanswered = this.#isGivenUp && outcome.status === 487;
    this.#context.onFailure(isUnanswered ? UNANSWERED : outcome);
  }

  /** A branch is kept for half a minute after a 2xx, because there may be more of them. */
  #finish(): void {
    this.#isPending = false;
    this.#timer?.stop();
    this.#timer = undefined;
    this.#client = undefined;
    this.challenges = undefined;
  }
}

/** A device that was rung and given up: it was there, and nobody answered. */
const UNANSWERED: BranchOutcome = {
  status: 480,
  response: undefined,
  cause: { reason: "No answer", isRemote: false },
};
