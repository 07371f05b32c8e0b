/** One branch of a forwarded request: the user of its client transaction, and its Timer C (§16.8). */
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import type { Timer } from "../../runtime/timer_wheel.ts";
import type { ClientTransaction, ClientTransactionUser } from "../../transaction/transaction_user.ts";
import type { Flow } from "../../transport/transport.ts";
import type { BranchOutcome } from "./best_response.ts";
import { attempt, type BoundedWait, waitFor } from "./bounded_wait.ts";
import type { BranchRewrite } from "./branch_rewrite.ts";
import { NOT_ANSWERED } from "./cancel_reason.ts";
import type { MessageBody } from "./message_body.ts";
import { ResponseRewrite } from "./response_rewrite.ts";
import type { Target } from "./target.ts";

/** Deals with the challenges of a branch that leads to a gateway: they are not for the caller. */
export interface ChallengeHandler {
  /** Sends the request again with credentials, by the flow of the challenge; or tells why it cannot be answered. */
  retry(response: SipResponse, flow: Flow): string | undefined;
  /** The gateway went on with the request, by this flow. */
  onAccepted(flow: Flow): void;
}

/** The proxy core as its branches see it. */
export interface BranchHost {
  timer(callback: () => void): Timer;
  /** Timer C (§16.8) in milliseconds: more than 3 minutes. */
  readonly timerC: number;
  /** Reports whether a challenge is for a realm of ours. Nobody we forward to has to ask for that. */
  isOwnChallenge(response: SipResponse): boolean;
}

/** The response context as its branches see it. `body` replaces the body of the response. */
export interface BranchUser {
  readonly isInvite: boolean;
  onProvisional(response: SipResponse, branch: Branch, body?: MessageBody): void;
  onSuccess(response: SipResponse, branch: Branch, body?: MessageBody): void;
  /** A 2xx has a body that the caller cannot have. */
  onUnusable(response: SipResponse, branch: Branch): void;
  onFailure(outcome: BranchOutcome): void;
}

export interface BranchOptions {
  readonly request: SipRequest;
  readonly target: Target;
  /** The branch's share of Max-Breadth. */
  readonly breadth: number;
  readonly rewrite: BranchRewrite | undefined;
  readonly isCallerTrusted: boolean;
}

type ResponseBody = NonNullable<BranchRewrite["responseBody"]>;

/** Milliseconds that the rewrite of a response's body may take. */
const MAX_REWRITE_MS = 10_000;

/** Responses that wait behind one whose body is being rewritten. Provisional ones, and 2xx that are repeated, are dropped. */
const MAX_WAITING_RESPONSES = 16;

export class Branch implements ClientTransactionUser {
  readonly target: Target;
  readonly breadth: number;
  /** Changes its responses for the caller. */
  readonly responses: ResponseRewrite;
  /** Whether it leads to a gateway whose challenges are answered here. */
  readonly isToGateway: boolean;
  /** The status when nobody is reached: a 503 is about a gateway, a device that is not there is 480 (§16.9). */
  readonly statusOfUnreachable: 480 | 503;
  /** Undefined once the branch has ended. */
  rewrite: BranchRewrite | undefined;
  /** Set by the sender, before the first response. */
  challenges: ChallengeHandler | undefined;
  /** The flow token of our Record-Route entry in its request. */
  token: string | undefined;
  /** The flow that the request went by, the latest of several. */
  flow: Flow | undefined;
  /** The wait for a next hop or a body, which ends with the branch. */
  wait: BoundedWait | undefined;
  readonly #user: BranchUser;
  readonly #host: BranchHost;
  readonly #responseBody: ResponseBody | undefined;
  #timer: Timer | undefined;
  #client: ClientTransaction | undefined;
  #isPending = true;
  #wasAnswered = false;
  #isCancelled = false;
  #isGivenUp = false;
  /** A response whose body is being rewritten, and those behind it. */
  #queue: SipResponse[] | undefined;

  constructor(user: BranchUser, host: BranchHost, options: BranchOptions) {
    const { request, target, rewrite, isCallerTrusted } = options;
    this.#user = user;
    this.#host = host;
    this.target = target;
    this.breadth = options.breadth;
    this.rewrite = rewrite;
    this.#responseBody = rewrite?.responseBody?.bind(rewrite);
    this.isToGateway = rewrite?.challenged !== undefined;
    this.statusOfUnreachable = rewrite?.shift ? 503 : 480;
    const isTargetTrusted = target.isTrusted ?? false;
    this.responses = new ResponseRewrite(request, { rewrite, isTargetTrusted, isCallerTrusted });
    if (user.isInvite) this.#timer = host.timer(() => this.cancel(NOT_ANSWERED));
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

  /** Ends the branch because nothing could be sent; `reason` says why. */
  fail(status: number, reason?: string): void {
    this.#endAs(status, reason);
  }

  /** Cancels the request; `reasons` are Reason lines (RFC 3326), each ended by CRLF. */
  cancel(reasons: string): void {
    if (!this.#isPending || this.#isCancelled) return;
    this.#isCancelled = true;
    if (!this.#client) return this.fail(487);
    if (!this.#user.isInvite) return;
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
    if (status > 100 && this.#isPending && !this.#isCancelled) {
      // 101 to 199 show that somebody is there: Timer C starts anew (§16.7 step 2).
      if (status < 200) this.#timer?.start(this.#host.timerC);
      else this.#timer?.stop();
    }
    this.#rewrite(response);
  }

  onTimeout(): void {
    // A gateway that says nothing is not there: no user agent has failed to answer.
    const status = this.challenges && !this.#wasAnswered ? 503 : 408;
    this.#endAs(status, "No answer");
  }

  onFailure(reason: string): void {
    this.#endAs(503, reason);
  }

  #rewrite(response: SipResponse): void {
    if (this.#queue) return this.#enqueue(response, this.#queue);
    const rewrite = this.#responseBody;
    if (!rewrite || response.status === 100) return this.#take(response, undefined);
    this.#rewriteBody(response, rewrite);
  }

  #rewriteBody(response: SipResponse, rewrite: ResponseBody): void {
    const body = attempt(() => rewrite(response));
    if (!(body instanceof Promise)) return this.#take(response, body);
    const queue = this.#queue = [response];
    const goOn = (take: () => void) => {
      this.#queue = undefined;
      take();
      for (const next of queue.slice(1)) this.#rewrite(next);
    };
    this.wait = waitFor(body, {
      maxMs: MAX_REWRITE_MS,
      timer: (callback) => this.#host.timer(callback),
      onValue: (body) => goOn(() => this.#take(response, body)),
      onFailure: () => goOn(() => this.#onUnusable(response)),
    });
  }

  /** A repeat of a 2xx that waits says nothing new. */
  #enqueue(response: SipResponse, queue: SipResponse[]): void {
    const { status, text } = response;
    if (status >= 200 && queue.some((waiting) => waiting.text === text)) return;
    const isDispensable = status < 200 || status < 300 && this.#user.isInvite;
    if (!isDispensable || queue.length <= MAX_WAITING_RESPONSES) queue.push(response);
  }

  #take(response: SipResponse, body: MessageBody | undefined): void {
    const { status } = response;
    if (status < 200) return this.#user.onProvisional(response, this, body);
    if (status >= 300) return this.#end({ status, response, branch: this, ...body && { body } });
    this.#finish();
    this.#user.onSuccess(response, this, body);
  }

  #onUnusable(response: SipResponse): void {
    const { status } = response;
    if (status < 200) return;
    if (status >= 300) return this.#take(response, undefined);
    this.#finish();
    this.#user.onUnusable(response, this);
  }

  /** A challenge of a gateway is ours to answer; one for our own realm is after the caller's password. */
  #onChallenge(response: SipResponse): void {
    if (!this.#isPending) return;
    const flow = this.#client?.flow;
    const { challenges } = this;
    const why = flow && !this.#isCancelled ? challenges?.retry(response, flow) : undefined;
    if (flow && !this.#isCancelled && challenges && why === undefined) return;
    const reason = `${response.status} ${response.reason}${why === undefined ? "" : `, ${why}`}`;
    const cause = { reason, isRemote: true };
    this.#end({ status: this.#isCancelled ? 487 : 502, response: undefined, cause, branch: this });
  }

  /** Ends without a response: with 487 when it was cancelled. */
  #endAs(status: number, reason: string | undefined): void {
    const cause = reason === undefined ? undefined : { reason, isRemote: false };
    const outcome = { status: this.#isCancelled ? 487 : status, response: undefined, branch: this };
    this.#end({ ...outcome, ...cause && { cause } });
  }

  #end(outcome: BranchOutcome): void {
    if (!this.#isPending) return;
    this.#finish();
    const isUnanswered = this.#isGivenUp && outcome.status === 487;
    this.#user.onFailure(isUnanswered ? { ...UNANSWERED, branch: this } : outcome);
  }

  /** A branch is kept for half a minute after a 2xx, because there may be more of them. */
  #finish(): void {
    this.#isPending = false;
    this.wait?.stop();
    this.wait = undefined;
    this.#queue = undefined;
    this.#timer?.stop();
    this.#timer = undefined;
    this.#client = undefined;
    this.challenges = undefined;
    this.rewrite = undefined;
  }
}

/** The outcome of a device that was rung and given up: it was there, and nobody answered. */
const UNANSWERED: Omit<BranchOutcome, "branch"> = {
  status: 480,
  response: undefined,
  cause: { reason: "No answer", isRemote: false },
};
