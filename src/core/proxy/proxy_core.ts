/** The proxy core (§16.2): forwards requests, keeps a response context for each, and passes ACKs on. */
import { parseNumber } from "../../message/characters.ts";
import { parseDigestChallenges } from "../../message/digest.ts";
import { Header, type HeaderId } from "../../message/header_name.ts";
import { buildResponse } from "../../message/response_builder.ts";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import type { TransactionLayer } from "../../transaction/transaction_layer.ts";
import { type ServerTransaction, wholeText } from "../../transaction/transaction_user.ts";
import type { Flow } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import type { Answer } from "../answer.ts";
import type { RequestLimits } from "../access/request_limits.ts";
import type { RequestShare } from "../access/request_share.ts";
import type { NodeRoutes } from "../cluster/node_route.ts";
import { Branch, type BranchUser } from "./branch.ts";
import { BranchRequest } from "./branch_request.ts";
import { type BranchRewrite, hasSequenceNumber } from "./branch_rewrite.ts";
import { BranchSender } from "./branch_sender.ts";
import type { DialogRoutes } from "./dialog_route.ts";
import type { ForwardOutcome } from "./forward_outcome.ts";
import { hangUp } from "./hang_up.ts";
import { LoopDetection } from "./loop_detection.ts";
import { MergedRequests } from "./merged_requests.ts";
import { PendingCalls } from "./pending_calls.ts";
import { RecordRoutes } from "./record_route.ts";
import { RequestTemplate } from "./request_template.ts";
import { validateForwarding } from "./request_validation.ts";
import { ResponseContext, type ResponseContextHost } from "./response_context.ts";
import type { RoutedRequest } from "./route_preprocessing.ts";

export interface ProxyCoreParts {
  readonly transactions: TransactionLayer;
  readonly transport: TransportLayer;
  readonly dialogRoutes: DialogRoutes;
  /** Absent where no other node shares our bindings. */
  readonly nodeRoutes: NodeRoutes | undefined;
  /** Seeds the digests in branches. */
  readonly seed: number;
  /** Absent where nothing is limited. */
  readonly limits?: RequestLimits;
  /** `spec.recordRoute`: stay in the path of every dialog, where one could not go on otherwise, or of none but with gateways. */
  readonly recordsRoute: boolean | "never";
  /** Reports whether we challenge for this realm. */
  ownsRealm(realm: string): boolean;
}

/** A request to forward, and where it came from. */
export interface ReceivedRequest {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly routed: RoutedRequest;
  /** Its server transaction, once it has begun. */
  server?: ServerTransaction | undefined;
}

/** A request of our own: where it goes, and as what. Its Via is left out. */
export interface OriginatedRequest {
  readonly requestUri: string;
  /** Route values, top first. */
  readonly routes: readonly string[];
  readonly flow: Flow;
  readonly rewrite: BranchRewrite | undefined;
}

/** Timer C: longer than 3 minutes (§16.6 step 11). */
const TIMER_C_MS = 185_000;

/** Max-Breadth of a request that has none (RFC 5393 §5.3.3). */
const DEFAULT_BREADTH = 60;

const DEFAULT_SERIAL_RING_SECONDS = 20;

export class ProxyCore implements ResponseContextHost {
  readonly timerC = TIMER_C_MS;
  /** Seconds that targets ring when there are others of a lower q, unless the callee has a value of its own. */
  serialRingSeconds = DEFAULT_SERIAL_RING_SECONDS;
  readonly calls = new PendingCalls((callback) => this.timer(callback));
  readonly #parts: ProxyCoreParts;
  readonly #sender: BranchSender;
  readonly #loops: LoopDetection;
  readonly #merged: MergedRequests;

  constructor(parts: ProxyCoreParts) {
    this.#parts = parts;
    this.#sender = new BranchSender({ ...parts, recordRoutes: new RecordRoutes(parts) });
    this.#loops = new LoopDetection(parts.transport, parts.seed);
    this.#merged = new MergedRequests(parts.transport);
  }

  /** Checks §16.3 as far as forwarding is concerned: Max-Forwards, loops, Proxy-Require. To be asked before policy is. */
  validate(request: SipRequest): Answer | undefined {
    const refusal = validateForwarding(request);
    if (refusal) return refusal;
    if (this.#loops.isLoop(request)) return { status: 482 };
    return this.#merged.has(request) ? MERGED : undefined;
  }

  /** Forwards a valid request, or says what to answer instead. */
  forward(received: ReceivedRequest, outcome: ForwardOutcome): Answer | undefined {
    const { request, flow } = received;
    const breadth = readBreadth(request);
    if (breadth === undefined) return { status: 400, reason: "Max-Breadth Is Malformed" };
    if (breadth === 0) return { status: 440 };
    if (this.calls.isEnding && request.method === "INVITE") return { status: 503, cause: "the server stops" };
    // While a step before this one waited, it may have come by another path.
    if (received.server && this.#merged.has(request)) return MERGED;
    const share = this.#admit(request, outcome);
    if (share && "status" in share) return share;
    const server = received.server ??= this.begin(request, flow);
    if (!server) return void share?.release();
    const context = new ResponseContext(this, server, {
      template: this.#templateOf(received, outcome, breadth),
      targets: outcome.targets,
      serialRingMs: 1000 * (outcome.serialRingSeconds ?? this.serialRingSeconds),
      share,
      pending: this.#merged.concerns(request) ? this.#merged.add(request) : undefined,
    });
    if (context.isInvite) this.calls.add(context);
    context.forwardNextGroup();
    return undefined;
  }

  /** Begins a server transaction, and answers an INVITE with 100; undefined when there are too many. */
  begin(request: SipRequest, flow: Flow): ServerTransaction | undefined {
    const server = this.#parts.transactions.serve(request, flow);
    if (request.method === "INVITE") server?.respond(100, buildResponse(request, { status: 100 }));
    return server;
  }

  /** Passes an ACK for a 2xx on, by this flow: it has no transaction, and never an answer (§16.11). */
  forwardAck(
    { request, routed }: ReceivedRequest,
    { flow, rewrite }: { flow: Flow; rewrite: BranchRewrite | undefined },
  ): void {
    if (validateForwarding(request) || !hasSequenceNumber(request, rewrite)) return;
    const { transport, transactions, ownsRealm } = this.#parts;
    const breadth = readBreadth(request) ?? DEFAULT_BREADTH;
    const { requestUri, routes } = routed;
    const template = new RequestTemplate(request, {
      flow,
      digest: this.#loops.digestOf(request),
      routes,
      breadth,
      isInDialog: true,
      isCallerTrusted: false,
      credentialsRow: -1,
      ownsRealm,
    });
    const ack = new BranchRequest(template, { requestUri, routes, breadth, rewrite });
    const outgoing = ack.outgoing({ flow, sentBy: transport.sentBy(flow), recordRoute: "" });
    transactions.send(wholeText(outgoing), flow);
  }

  /** Sends a request of our own within a dialog, as one of its ends would. What comes of it matters to nobody. */
  originate(request: SipRequest, { requestUri, routes, flow, rewrite }: OriginatedRequest): void {
    const template = new RequestTemplate(request, {
      flow,
      digest: this.#loops.digestOf(request),
      routes,
      breadth: DEFAULT_BREADTH,
      isInDialog: true,
      isCallerTrusted: false,
      credentialsRow: -1,
      ownsRealm: this.#parts.ownsRealm,
    });
    const branch = new Branch(NOBODY, this, {
      request,
      target: { requestUri, routes: NO_ROUTES, flow, q: 1000 },
      breadth: DEFAULT_BREADTH,
      rewrite: { ...rewrite, removed: [...rewrite?.removed ?? NO_HEADERS, Header.Via] },
      isCallerTrusted: false,
    });
    this.send(template, branch);
  }

  send(template: RequestTemplate, branch: Branch): void {
    this.#sender.send(template, branch);
  }

  isOwnChallenge(response: SipResponse): boolean {
    return [Header.WwwAuthenticate, Header.ProxyAuthenticate].some((id) =>
      response.rowValues(id).flatMap(parseDigestChallenges).some(({ realm }) => this.#parts.ownsRealm(realm))
    );
  }

  hangUp(response: SipResponse, flow: Flow): void {
    hangUp(this.#parts, response, flow);
  }

  onAnswered({ pending }: ResponseContext): void {
    if (pending !== undefined) this.#merged.delete(pending);
  }

  onEnded(context: ResponseContext): void {
    if (context.isInvite) this.calls.delete(context);
  }

  timer(callback: () => void) {
    return this.#parts.transactions.timer(callback);
  }

  #admit(request: SipRequest, { party, targets }: ForwardOutcome): RequestShare | Answer | undefined {
    return party === undefined ? undefined : this.#parts.limits?.admit(party, request, targets.known.length);
  }

  #templateOf(
    { request, flow, routed }: ReceivedRequest,
    outcome: ForwardOutcome,
    breadth: number,
  ): RequestTemplate {
    const { isCallerTrusted, credentialsRow, rewriteFor, staysInPath } = outcome;
    return new RequestTemplate(request, {
      flow,
      digest: this.#loops.digestOf(request),
      routes: routed.routes,
      breadth,
      isInDialog: routed.dialog !== undefined,
      staysInPath,
      isCallerTrusted,
      credentialsRow,
      ownsRealm: this.#parts.ownsRealm,
      rewriteFor,
      observers: outcome.observe?.(),
    });
  }
}

const NO_ROUTES: readonly string[] = [];
const NO_HEADERS: readonly HeaderId[] = [];

/** Hears what becomes of requests of our own. */
const NOBODY: BranchUser = {
  isInvite: false,
  onProvisional() {},
  onSuccess() {},
  onUnusable() {},
  onFailure() {},
};

const MERGED: Answer = {
  status: 482,
  reason: "Merged Request",
  cause: "it has come by another path already",
};

/** Max-Breadth of a request (RFC 5393 §5.3.3); undefined when it is malformed. */
function readBreadth(request: SipRequest): number | undefined {
  const value = request.header(Header.MaxBreadth);
  if (value === undefined) return DEFAULT_BREADTH;
  const breadth = parseNumber(value, 0, value.length, 2 ** 31 - 1);
  return breadth < 0 ? undefined : breadth;
}
