/** The response context (§16.2): the branches of one request, and what of their answers goes upstream (§16.7–16.10). */
import { Header } from "../../message/header_name.ts";
import { buildResponse, viaLines } from "../../message/response_builder.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import { reasonPhrase } from "../../message/status.ts";
import type { Eventually } from "../../runtime/eventually.ts";
import { detachText } from "../../runtime/text.ts";
import { Linked } from "../../runtime/linked_set.ts";
import { randomToken } from "../../runtime/random.ts";
import type { Timer } from "../../runtime/timer_wheel.ts";
import type { ServerTransaction } from "../../transaction/transaction_user.ts";
import type { Flow } from "../../transport/transport.ts";
import type { RequestShare } from "../access/request_share.ts";
import type { Answer } from "../answer.ts";
import {
  addOutcome,
  type BranchOutcome,
  buildBestResponse,
  chooseBestResponse,
  type EndedBranch,
  gatewayFailure,
} from "./best_response.ts";
import { type BoundedWait, waitFor } from "./bounded_wait.ts";
import { Branch, type BranchHost, type BranchUser } from "./branch.ts";
import { COMPLETED_ELSEWHERE, refusedElsewhere } from "./cancel_reason.ts";
import type { FailureCause, ForwardingObserver } from "./forwarding_observer.ts";
import type { PendingRequest } from "./merged_requests.ts";
import type { MessageBody } from "./message_body.ts";
import type { RequestTemplate } from "./request_template.ts";
import { upstreamText } from "./response_forwarding.ts";
import type { Target } from "./target.ts";
import type { TargetSet } from "./target_set.ts";

/** The proxy core as its response contexts see it. */
export interface ResponseContextHost extends BranchHost {
  /** Builds and sends the request of a branch, which hears of everything that follows. */
  send(template: RequestTemplate, branch: Branch): void;
  /** Ends a call that a callee has answered by this flow, and that the caller cannot be told of. */
  hangUp(response: SipResponse, flow: Flow): void;
  /** The caller has its answer. */
  onAnswered(context: ResponseContext): void;
  /** The caller has its answer, and no branch is pending any more. May be called more than once. */
  onEnded(context: ResponseContext): void;
}

export interface ResponseContextOptions {
  readonly template: RequestTemplate;
  readonly targets: TargetSet;
  /** Milliseconds that a group of targets rings when there is a further one. */
  readonly serialRingMs: number;
  readonly share?: RequestShare | undefined;
  /** The request, if it keeps out those that differ from it by their path alone. */
  readonly pending?: PendingRequest | undefined;
}

const NO_TARGETS: readonly Target[] = [];
const NO_BRANCHES: readonly Branch[] = [];
const NO_OUTCOMES: readonly BranchOutcome[] = [];

export class ResponseContext extends Linked implements BranchUser {
  readonly isInvite: boolean;
  /** See `ResponseContextOptions`; undefined once it is answered. */
  pending: PendingRequest | undefined;
  readonly #host: ResponseContextHost;
  readonly #server: ServerTransaction;
  readonly #serialRingMs: number;
  readonly #share: RequestShare | undefined;
  readonly #observers: readonly ForwardingObserver[];
  /** The Via lines that responses go upstream with. */
  readonly #vias: string;
  /** Forgotten once the caller has its answer: the context itself lives on for further 2xx. */
  #template: RequestTemplate | undefined;
  #targets: TargetSet | undefined;
  /** Targets of a group that Max-Breadth has no room for: they are the next group. */
  #leftOver: readonly Target[] = NO_TARGETS;
  /** Max-Breadth kept for targets that are added to the group. */
  #breadthLeft = 0;
  /** Targets that `#share` counts and that have not been tried. */
  #admitted: number;
  #branches = NO_BRANCHES;
  #outcomes = NO_OUTCOMES;
  /** Whether the next group is being asked for, or begun. */
  #isAdvancing = false;
  #wait: BoundedWait | undefined;
  #isStopped = false;
  /** Whether the caller has got a 2xx: only then it may get others. */
  #isAccepted = false;
  /** To of the callee that was hung up last: its 2xx may come again. */
  #hungUp: string | undefined;
  /** Runs while a group rings and there may be a further one. */
  #ringTimer: Timer | undefined;

  constructor(host: ResponseContextHost, server: ServerTransaction, options: ResponseContextOptions) {
    super();
    const { template, targets } = options;
    this.#host = host;
    this.#server = server;
    this.#template = template;
    this.#targets = targets;
    this.#admitted = targets.known.length;
    this.#serialRingMs = options.serialRingMs;
    this.#share = options.share;
    this.pending = options.pending;
    this.#observers = template.observers;
    this.isInvite = template.request.method === "INVITE";
    const vias = viaLines(template.request);
    // Only an INVITE may have further answers after its request is forgotten.
    this.#vias = this.isInvite ? detachText(vias) : vias;
    if (this.isInvite) server.onCancel = (reasons) => this.cancel(reasons);
  }

  /** Tries the next group: the targets of one in parallel, groups in sequence (§16.6). */
  forwardNextGroup(): void {
    const targets = this.#targets;
    if (!targets || this.#isAdvancing) return;
    this.#isAdvancing = true;
    if (this.#leftOver.length > 0) return this.#forwardTo(this.#leftOver);
    const group = nextGroup(targets);
    if (group instanceof Promise) this.#waitForGroup(group);
    else this.#forwardTo(group ?? NO_TARGETS);
  }

  #waitForGroup(group: Promise<readonly Target[] | undefined>): void {
    this.#wait = waitFor(group, {
      maxMs: this.#host.timerC,
      timer: (callback) => this.#host.timer(callback),
      onValue: (group) => this.#forwardTo(group ?? []),
      onFailure: () => this.#forwardTo([]),
    });
  }

  /**
   * Adds a target to the group that is being tried, such as a device that registers while its agent is called. False when
   * it comes too late, or Max-Breadth has no room for it.
   */
  addTarget(target: Target): boolean {
    const template = this.#template;
    const breadth = Math.ceil(this.#breadthLeft / 2);
    if (!template || this.#isStopped || breadth === 0 || !this.#admit(1)) return false;
    this.#breadthLeft -= breadth;
    const branch = this.#branchTo(target, template, breadth);
    this.#branches = [...this.#branches, branch];
    this.#host.send(template, branch);
    return true;
  }

  isObservedBy(observer: ForwardingObserver): boolean {
    return this.#observers.includes(observer);
  }

  /** Ends everything: the caller gets this answer unless it has one, and what rings is cancelled with Reason lines. */
  abort({ status, reason }: Answer, cancelReasons: string): void {
    const cause = { reason: reason ?? reasonPhrase(status), isRemote: false };
    if (!this.#server.isAnswered) this.#respondLocally(status, cause);
    this.#stop(cancelReasons);
  }

  /** A provisional response of a branch: to the caller at once, 100 excepted (§16.7 step 5). */
  onProvisional(response: SipResponse, branch: Branch, body?: MessageBody): void {
    if (this.#hasMore && !branch.isCancelled) this.#startRinging();
    if (response.status === 100 || this.#server.isAnswered) return;
    const text = this.#upstream(response, branch, body);
    if (text === undefined) return;
    const observers = this.#observers;
    for (let i = 0; i < observers.length; i++) observers[i].onProvisional?.(response, branch.token);
    this.#server.respond(response.status, text);
  }

  /** A 2xx: to the caller at once, every one of them; the other branches are cancelled (§16.7 steps 5 and 10). */
  onSuccess(response: SipResponse, branch: Branch, body?: MessageBody): void {
    const isFirst = !this.#server.isAnswered;
    if (!isFirst && !this.#isAccepted) return this.#refuse(response, branch, "too late");
    const text = this.#upstream(response, branch, body);
    if (text === undefined) return this.#refuse(response, branch, "without the caller's Via");
    this.#isAccepted = true;
    const observers = this.#observers;
    for (let i = 0; i < observers.length; i++) observers[i].onSuccess(response, branch.token);
    if (isFirst || this.isInvite) this.#server.respond(response.status, text);
    if (!isFirst) return this.#checkEnd();
    this.#finish();
    this.#stop(COMPLETED_ELSEWHERE);
  }

  onUnusable(response: SipResponse, branch: Branch): void {
    this.#refuse(response, branch, "with a body that could not be rewritten");
  }

  /** A branch ended without success; the caller hears when none is left to wait for (§16.7 step 6). */
  onFailure(outcome: BranchOutcome): void {
    if (!this.#template) return this.#checkEnd();
    this.#outcomes = addOutcome(this.#outcomes, outcome);
    // A 6xx ends the search: no further groups, and the other branches are cancelled (§16.7 step 5).
    if (outcome.status >= 600) this.#stop(refusedElsewhere(outcome.status));
    if (this.#branches.some(({ isPending, isGivenUp }) => isPending && !isGivenUp)) return;
    if (!this.#isStopped && !this.#server.isAnswered && this.#hasMore) return this.forwardNextGroup();
    this.#respondIfDone();
  }

  /**
   * The caller cancelled (§16.10): its answer is the 487 of the branches, or ours when they stay silent. The branches
   * hear its Reason (RFC 3326).
   */
  cancel(reasons: string): void {
    for (const each of this.#observers) each.onCancel?.();
    this.#stop(reasons);
    const isOver = this.#server.isAnswered || this.#branches.some(isAwaited);
    if (!isOver) this.#respondLocally(487);
  }

  /** Whether there may be another group to try. */
  get #hasMore(): boolean {
    return this.#leftOver.length > 0 || this.#isAdvancing || (this.#targets?.hasMore ?? false);
  }

  #forwardTo(group: readonly Target[]): void {
    const template = this.#template;
    const targets = this.#targets;
    if (!template || !targets) return;
    const isTooLarge = group.length > template.breadth;
    const now = isTooLarge ? group.slice(0, template.breadth) : group;
    // The transaction of a request other than INVITE may end by itself.
    if (now.length === 0 || this.#server.isAnswered || !this.#admit(now.length)) {
      this.#isAdvancing = false;
      return this.#endSearch();
    }
    // Those of the group before have rung for long enough. One that ends by this is not to bring on another group.
    const before = this.#branches;
    for (let i = 0; i < before.length; i++) before[i].giveUp();
    this.#isAdvancing = false;
    this.#ringTimer?.stop();
    this.#ringTimer = undefined;
    this.#leftOver = isTooLarge ? group.slice(template.breadth) : NO_TARGETS;
    const breadth = Math.floor(template.breadth / (now.length + (targets.isOpen ? 1 : 0))) || 1;
    this.#breadthLeft = targets.isOpen ? template.breadth - breadth * now.length : 0;
    const branches = [this.#branchTo(now[0], template, breadth)];
    for (let i = 1; i < now.length; i++) branches.push(this.#branchTo(now[i], template, breadth));
    this.#branches = before.length === 0 ? branches : [...this.#branches.filter(isPending), ...branches];
    for (let i = 0; i < branches.length; i++) this.#host.send(template, branches[i]);
  }

  #branchTo(target: Target, template: RequestTemplate, breadth: number): Branch {
    const { request, isCallerTrusted } = template;
    const rewrite = template.rewriteFor?.(target);
    return new Branch(this, this.#host, { request, target, breadth, rewrite, isCallerTrusted });
  }

  /** There are no more groups. */
  #endSearch(): void {
    this.#targets?.close?.();
    this.#targets = undefined;
    this.#leftOver = NO_TARGETS;
    this.#respondIfDone();
  }

  /** Counts targets with their caller; false when that has too much under way. */
  #admit(count: number): boolean {
    const more = Math.max(0, count - this.#admitted);
    if (more > 0 && this.#share && !this.#share.grow(more)) return false;
    this.#admitted = Math.max(0, this.#admitted - count);
    return true;
  }

  #stop(reasons: string): void {
    this.#isStopped = true;
    this.#isAdvancing = false;
    this.#wait?.stop();
    this.#ringTimer?.stop();
    const branches = this.#branches;
    for (let i = 0; i < branches.length; i++) branches[i].cancel(reasons);
  }

  /** Silent devices are left to Timer B; as soon as one of the group is there, it has so much time to be answered. */
  #startRinging(): void {
    if (!this.#template || !this.isInvite || this.#ringTimer || this.#isAdvancing) return;
    this.#ringTimer = this.#host.timer(() => this.forwardNextGroup());
    this.#ringTimer.start(this.#serialRingMs);
  }

  #respondIfDone(): void {
    if (this.#template && !this.#isAdvancing && !this.#branches.some(isAwaited)) {
      this.#respondBest();
    }
  }

  /** Hangs up a call that cannot be passed on (§16.7 step 3), and counts it as failed. */
  #refuse(response: SipResponse, branch: Branch, why: string): void {
    const callee = response.header(Header.To);
    if (this.isInvite && branch.flow && callee !== this.#hungUp) {
      this.#hungUp = callee && detachText(callee);
      this.#host.hangUp(response, branch.flow);
    }
    const cause = { reason: `${response.status} ${why}`, isRemote: true };
    this.onFailure({ status: 502, response: undefined, branch, cause });
  }

  #respondBest(): void {
    // Nobody was there to be tried.
    if (this.#outcomes.length === 0) return this.#respondLocally(480);
    const best = chooseBestResponse(this.#outcomes);
    const { response, branch } = best;
    if (!response) {
      const status = best.status === 503 ? branch.statusOfUnreachable : best.status;
      return this.#respondLocally(status, best.cause, branch);
    }
    // Somebody else's 503 would make the caller give up on us; to it, it is a 500 (§16.7 step 6).
    if (best.status === 503) {
      return this.#respondLocally(500, { reason: `503 ${response.reason}`, isRemote: true }, branch);
    }
    const text = buildBestResponse(response, this.#outcomes, this.#vias);
    // A user agent that lost the other Vias still gets its status through.
    if (text === undefined) return this.#respondLocally(best.status);
    const cause = { reason: response.reason, isRemote: true };
    for (const each of this.#observers) each.onFailure(best.status, false, cause);
    this.#server.respond(best.status, branch.responses.apply(text, response, best.body));
    this.#finish();
  }

  /** The response as the caller gets it; undefined without the caller's Via. */
  #upstream(response: SipResponse, branch: Branch, body: MessageBody | undefined): string | undefined {
    const text = upstreamText(response, this.#vias);
    return text === undefined ? undefined : branch.responses.apply(text, response, body);
  }

  #respondLocally(status: number, cause?: FailureCause, branch?: EndedBranch): void {
    const request = this.#template?.request;
    const why = cause ?? { reason: reasonPhrase(status), isRemote: false };
    for (const each of this.#observers) each.onFailure(status, true, why);
    if (request) {
      const isToGateway = branch ? branch.isToGateway : this.#branches.some((each) => each.isToGateway);
      const content = isToGateway ? gatewayFailure(status, cause) : { status };
      this.#server.respond(status, buildResponse(request, { ...content, toTag: randomToken() }));
    }
    this.#finish();
  }

  #finish(): void {
    this.#outcomes = NO_OUTCOMES;
    this.#leftOver = NO_TARGETS;
    this.#template = undefined;
    this.#targets?.close?.();
    this.#targets = undefined;
    this.#share?.endSetup();
    this.#host.onAnswered(this);
    this.pending = undefined;
    this.#ringTimer?.stop();
    this.#checkEnd();
  }

  #checkEnd(): void {
    if (this.#branches.some(isPending)) return;
    if (this.#template) return this.#finish();
    this.#share?.release();
    this.#host.onEnded(this);
  }
}

function nextGroup(targets: TargetSet): Eventually<readonly Target[] | undefined> {
  try {
    return targets.next();
  } catch (error) {
    return Promise.reject(error);
  }
}

function isPending(branch: Branch): boolean {
  return branch.isPending;
}

function isAwaited(branch: Branch): boolean {
  return branch.isAwaited;
}
