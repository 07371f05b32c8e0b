/** The response context (§16.2): the branches of one request, and what of their answers goes upstream (§16.7–16.10). */
import { quote } from "../../message/parameters.ts";
import { buildResponse, type ResponseContent, viaLines } from "../../message/response_builder.ts";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import { reasonPhrase } from "../../message/status.ts";
import { detachText } from "../../runtime/detached_text.ts";
import { randomToken } from "../../runtime/random.ts";
import type { Timer } from "../../runtime/timer_wheel.ts";
import type { ServerTransaction } from "../../transaction/transaction_user.ts";
import type { Flow } from "../../transport/transport.ts";
import type { RequestShare } from "../access/request_limits.ts";
import { asksForPrivacy } from "../trunk/identity.ts";
import { addOutcome, type BranchOutcome, buildBestResponse, chooseBestResponse } from "./best_response.ts";
import { Branch } from "./branch.ts";
import { COMPLETED_ELSEWHERE, refusedElsewhere, SERVER_STOPS } from "./cancel_reason.ts";
import type { FailureCause, ForwardingObserver } from "./forwarding_observer.ts";
import { type Leg, namesAnswerer, restoration, withoutIdentities } from "./leg.ts";
import type { CommonPart } from "./request_forwarding.ts";
import { upstreamText } from "./response_forwarding.ts";
import type { Target } from "./target.ts";

/** A request that was let through, with everything decided but the copies. */
export interface Forwarding {
  readonly request: SipRequest;
  /** The flow it came by. */
  readonly flow: Flow;
  readonly common: CommonPart;
  /** See `routingDigest`. */
  readonly digest: string;
  /** Route values that are left, top first. */
  readonly routes: readonly string[];
  /** Max-Breadth to share among the branches. */
  readonly breadth: number;
  readonly isInDialog: boolean;
  /** Whether the caller may know who has answered and does not want to be named (RFC 3325 §7). */
  readonly isCallerTrusted: boolean;
  /** Whether those who answer may say who they are (RFC 3325 §5). */
  readonly areTargetsTrusted: boolean;
  /** Milliseconds that a group of targets rings when there is a further one. */
  readonly serialRingMs: number;
  readonly leg: Leg | undefined;
  readonly observer: ForwardingObserver | undefined;
}

/** What a response context asks of the proxy core. */
export interface ResponseContextHost {
  /** Builds and sends the copy for a target; the branch hears of everything that follows. */
  send(forwarding: Forwarding, branch: Branch, copy: { target: Target; breadth: number }): void;
  /** Whether a challenge is for a realm of ours. Nobody we forward to has to ask for that. */
  isOwnChallenge(response: SipResponse): boolean;
  /** Timers for branches, and how long they run (ms). */
  timer(callback: () => void): Timer;
  /** Timer C (§16.8): more than 3 minutes. */
  readonly timerC: number;
  /** Ends a call that a callee has answered by this flow, and that the caller cannot be told of. */
  hangUp(response: SipResponse, flow: Flow): void;
  /** The caller has its answer. */
  onAnswered(context: ResponseContext): void;
  /** The caller has its answer, and no branch is pending any more. May be called more than once. */
  onEnded(context: ResponseContext): void;
}

export class ResponseContext {
  readonly isInvite: boolean;
  /** See `MergedRequests`. */
  readonly path: string | undefined;
  readonly #server: ServerTransaction;
  readonly #host: ResponseContextHost;
  /** Target groups still to be tried, best q first. */
  readonly #groups: Target[][];
  #branches: readonly Branch[] = [];
  #outcomes: readonly BranchOutcome[] = [];
  /** Forgotten once the caller has its answer: the context itself lives on for further 2xx. */
  #forwarding: Forwarding | undefined;
  #isStopped = false;
  readonly #share: RequestShare | undefined;
  /** Runs while a group rings and there is a further one. */
  #ringTimer: Timer | undefined;
  /** The Via lines that responses go upstream with. */
  readonly #vias: string;
  readonly #restore: ((text: string) => string) | undefined;
  readonly #observer: ForwardingObserver | undefined;
  readonly #isToGateway: boolean;
  readonly #isCallerTrusted: boolean;
  readonly #areTargetsTrusted: boolean;

  /** @param targets the target set, not empty */
  constructor(
    host: ResponseContextHost,
    server: ServerTransaction,
    work: { forwarding: Forwarding; targets: readonly Target[]; share?: RequestShare; path?: string },
  ) {
    this.#host = host;
    this.#server = server;
    this.#forwarding = work.forwarding;
    this.#share = work.share;
    this.path = work.path;
    const { request, leg, observer } = work.forwarding;
    this.#observer = observer;
    this.#restore = leg && restoration(request, leg);
    this.#vias = detachText(viaLines(request));
    this.#isCallerTrusted = work.forwarding.isCallerTrusted;
    this.#areTargetsTrusted = work.forwarding.areTargetsTrusted;
    this.#isToGateway = leg?.challenged !== undefined;
    this.#groups = groupByPreference(work.targets, work.forwarding.breadth);
    this.isInvite = work.forwarding.request.method === "INVITE";
    if (this.isInvite) server.onCancel = (reasons) => this.cancel(reasons);
  }

  /** Tries the next group of targets (§16.6: groups in sequence, the targets of one in parallel). */
  forwardNextGroup(): void {
    const forwarding = this.#forwarding;
    const group = this.#groups.shift();
    if (!forwarding || !group) return;
    const breadth = Math.floor(forwarding.breadth / group.length);
    const branches = group.map(() => new Branch(this, this.#host));
    this.#branches = [...this.#branches.filter(({ isPending }) => isPending), ...branches];
    this.#ringTimer?.stop();
    this.#ringTimer = undefined;
    branches.forEach((branch, i) => this.#host.send(forwarding, branch, { target: group[i], breadth }));
  }

  /** The server stops: the caller hears it, and whoever rings is cancelled. */
  abort(): void {
    if (!this.#server.isAnswered) this.#respondLocally(503, { reason: "Server stops", isRemote: false });
    this.#stop(SERVER_STOPS);
  }

  /** A provisional response of a branch: to the caller at once, 100 excepted (§16.7 step 5). */
  onProvisional(response: SipResponse, branch: Branch): void {
    if (this.#groups.length > 0 && !branch.isCancelled) this.#startRinging();
    if (response.status === 100 || this.#server.isAnswered) return;
    const text = this.#upstream(response);
    if (text === undefined) return;
    this.#observer?.onProvisional?.(response, branch.entry);
    this.#server.respond(response.status, text);
  }

  /** A 2xx: to the caller at once, every one of them; the other branches are cancelled (§16.7 steps 5 and 10). */
  onSuccess(response: SipResponse, branch: Branch): void {
    const text = this.#upstream(response);
    const isFirst = !this.#server.isAnswered;
    if (text === undefined) return isFirst ? this.#refuseAnswer(response, branch) : undefined;
    this.#observer?.onSuccess(response, branch.entry);
    if (isFirst || this.isInvite) this.#server.respond(response.status, text);
    if (!isFirst) return this.#checkEnd();
    this.#stop(COMPLETED_ELSEWHERE);
    this.#finish();
  }

  /** Without the caller's Via it cannot be passed on (§16.7 step 3): the callee is not left alone, nor is the caller. */
  #refuseAnswer(response: SipResponse, { flow }: Branch): void {
    if (this.isInvite && flow) this.#host.hangUp(response, flow);
    const cause = { reason: `${response.status} without the caller's Via`, isRemote: true };
    this.onFailure({ status: 502, response: undefined, cause });
  }

  /** A branch ended without success; the caller hears when none is left to wait for (§16.7 step 6). */
  onFailure(outcome: BranchOutcome): void {
    if (this.#server.isAnswered) return this.#checkEnd();
    this.#outcomes = addOutcome(this.#outcomes, outcome);
    // A 6xx ends the search: no further groups, and the other branches are cancelled (§16.7 step 5).
    if (outcome.status >= 600) this.#stop(refusedElsewhere(outcome.status));
    if (this.#branches.some(({ isPending, isGivenUp }) => isPending && !isGivenUp)) return;
    if (!this.#isStopped && this.#groups.length > 0) return this.forwardNextGroup();
    if (!this.#branches.some(({ isAwaited }) => isAwaited)) this.#respondBest();
  }

  /**
   * The caller cancelled (§16.10): its answer is the 487 of the branches, or ours when they stay silent. The branches
   * hear its Reason (RFC 3326).
   */
  cancel(reasons: string): void {
    this.#observer?.onCancel?.();
    this.#stop(reasons);
  }

  #stop(reasons: string): void {
    this.#isStopped = true;
    this.#ringTimer?.stop();
    for (const branch of this.#branches) branch.cancel(reasons);
  }

  /** Silent devices are left to Timer B; as soon as one of the group is there, it has so much time to be answered. */
  #startRinging(): void {
    if (!this.#forwarding || !this.isInvite || this.#ringTimer) return;
    this.#ringTimer = this.#host.timer(() => this.#onRungOut());
    this.#ringTimer.start(this.#forwarding.serialRingMs);
  }

  /** The group has rung as long as it may while there is another one to try. */
  #onRungOut(): void {
    const left = this.#groups.length;
    for (const branch of this.#branches) branch.giveUp();
    // A branch that has nothing to cancel ends at once, and may have brought on the next group.
    if (this.#groups.length === left) this.forwardNextGroup();
  }

  #respondBest(): void {
    const best = chooseBestResponse(this.#outcomes);
    if (!best.response) {
      return this.#respondLocally(best.status === 503 ? this.#statusOfUnreachable : best.status, best.cause);
    }
    // Somebody else's 503 would make the caller give up on us; to it, it is a 500 (§16.7 step 6).
    if (best.status === 503) {
      return this.#respondLocally(500, { reason: `503 ${best.response.reason}`, isRemote: true });
    }
    const text = buildBestResponse(best.response, this.#outcomes, this.#vias);
    // A user agent that lost the other Vias still gets its status through.
    if (text === undefined) return this.#respondLocally(best.status);
    this.#observer?.onFailure(best.status, false, { reason: best.response.reason, isRemote: true });
    this.#server.respond(best.status, this.#toCaller(text, best.response));
    this.#finish();
  }

  /** The response as the caller gets it; undefined without the caller's Via. */
  #upstream(response: SipResponse): string | undefined {
    const text = upstreamText(response, this.#vias);
    return text === undefined ? undefined : this.#toCaller(text, response);
  }

  /** With From and CSeq of its own; without identities that nobody has a right to state, or to know. */
  #toCaller(text: string, response: SipResponse): string {
    const restored = this.#restore ? this.#restore(text) : text;
    if (!namesAnswerer(response)) return restored;
    const isSeen = this.#areTargetsTrusted && (this.#isCallerTrusted || !asksForPrivacy(response));
    return isSeen ? restored : withoutIdentities(restored);
  }

  /** A 503 is about a gateway, or this server; that a device is not there is no reason to try another server (§16.9). */
  get #statusOfUnreachable(): number {
    return this.#forwarding?.leg?.shift ? 503 : 480;
  }

  #respondLocally(status: number, cause?: FailureCause): void {
    const request = this.#forwarding?.request;
    this.#observer?.onFailure(status, true, cause ?? { reason: reasonPhrase(status), isRemote: false });
    if (request) {
      const content = this.#isToGateway ? gatewayFailure(status, cause) : { status };
      this.#server.respond(status, buildResponse(request, { ...content, toTag: randomToken() }));
    }
    this.#finish();
  }

  #finish(): void {
    this.#outcomes = [];
    this.#groups.length = 0;
    this.#forwarding = undefined;
    this.#share?.endSetup();
    this.#host.onAnswered(this);
    this.#ringTimer?.stop();
    this.#checkEnd();
  }

  #checkEnd(): void {
    if (this.#branches.some(({ isPending }) => isPending)) return;
    this.#share?.release();
    this.#host.onEnded(this);
  }
}

/** Tells a gateway that was not reached from one that has answered 503, which its caller hears as 500 (§20.43, §21.5.4). */
function gatewayFailure(status: number, cause: FailureCause | undefined): ResponseContent {
  if (!cause || status !== 503 && status !== 500) return { status };
  const said = cause.isRemote ? `The gateway has answered ${cause.reason}` : cause.reason;
  const headers = `Warning: 399 routr ${quote(said.replace(/[^\x20-\x7e]/g, " "))}\r\n`;
  return { status, headers };
}

/** Targets of equal q together, the highest q first; no group larger than Max-Breadth allows (RFC 5393 §5.3.3). */
function groupByPreference(targets: readonly Target[], breadth: number): Target[][] {
  if (targets.length === 1) return [[targets[0]]];
  const groups: Target[][] = [];
  for (const target of [...targets].sort((a, b) => b.q - a.q)) {
    const last = groups.at(-1);
    if (last && last[0].q === target.q && last.length < breadth) last.push(target);
    else groups.push([target]);
  }
  return groups;
}
