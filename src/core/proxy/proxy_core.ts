/** The proxy core (§16.2): forwards requests, keeps a response context for each, and passes ACKs on. */
import { parseNumber } from "../../message/characters.ts";
import { parseDigestChallenges } from "../../message/digest.ts";
import { Header } from "../../message/header_name.ts";
import { buildResponse } from "../../message/response_builder.ts";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import { hasSecureScheme, SipUri } from "../../message/sip_uri.ts";
import { logger } from "../../runtime/log.ts";
import type { TransactionLayer } from "../../transaction/transaction_layer.ts";
import { type OutgoingRequest, wholeText } from "../../transaction/transaction_user.ts";
import type { Destination, NextHop } from "../../transport/dns/destination.ts";
import { type Flow, transportParameter } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import type { Answer } from "../answer.ts";
import { passedNat } from "../flows/contact_flows.ts";
import { namesFlow } from "../flows/flow_uri.ts";
import type { NodeRoutes } from "../cluster/node_route.ts";
import type { Party, RequestLimits } from "../access/request_limits.ts";
import type { Branch, ChallengeHandler } from "./branch.ts";
import type { DialogRoutes } from "./dialog_route.ts";
import { FAILOVER_PATIENCE } from "../endpoint_attempts.ts";
import { Failover, type FailoverParts, NODE_PATIENCE } from "./failover.ts";
import type { ForwardingObserver } from "./forwarding_observer.ts";
import type { Leg } from "./leg.ts";
import { isLoop, newBranch, routingDigest } from "./loop_detection.ts";
import { MergedRequests } from "./merged_requests.ts";
import { nextHopOf } from "./next_hop.ts";
import {
  buildCommonPart,
  buildCopy,
  buildCopyHead,
  contactUri,
  DEFAULT_BREADTH,
} from "./request_forwarding.ts";
import { PendingCalls } from "./pending_calls.ts";
import { type Forwarding, ResponseContext, type ResponseContextHost } from "./response_context.ts";
import { type RoutedRequest, uriOf } from "./route_preprocessing.ts";
import { validateForwarding } from "./request_validation.ts";
import type { Target } from "./target.ts";
import { hangUp } from "./unwanted_answer.ts";

/** What the proxy core is made of. */
export interface ProxyCoreParts {
  readonly transactions: TransactionLayer;
  readonly transport: TransportLayer;
  readonly dialogRoutes: DialogRoutes;
  /** Absent where no other node shares our bindings. */
  readonly nodeRoutes: NodeRoutes | undefined;
  /** Absent where nothing is limited. */
  readonly limits?: RequestLimits;
  /** `spec.recordRoute`: stay in the path of every dialog, where one could not go on otherwise, or of none but with gateways. */
  readonly recordsRoute: boolean | "never";
  /** Whether we challenge for this realm. */
  ownsRealm(realm: string): boolean;
}

const log = logger("proxy");

/** Requests that begin dialogs, and so carry Record-Route. */
export const BEGINS_DIALOGS: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE", "NOTIFY", "REFER"]);

/** Timer C: longer than 3 minutes (§16.6 step 11). */
const TIMER_C = 185_000;

const DEFAULT_SERIAL_RING_SECONDS = 20;

/** Bytes a request may have to go by UDP where nobody asked for UDP: the path's MTU is not known (§18.1.1). */
const MAX_UDP_REQUEST = 1300;

const MERGED: Answer = {
  status: 482,
  reason: "Merged Request",
  cause: "it has come by another path already",
};

/** Who sent a request, and where it goes. */
export interface ForwardingPlace {
  /** The flow it came by. */
  readonly flow: Flow;
  readonly targets: readonly Target[];
  /** Who is answerable for it; undefined for another node, which has asked already. */
  readonly party?: Party;
  /** Whether the sender may assert identities. */
  readonly isTrusted: boolean;
  /** Whether the targets may, in their responses. */
  readonly areTargetsTrusted?: boolean;
  /** Header row of credentials that were checked here; -1 for none. */
  readonly credentialsRow: number;
  readonly leg?: Leg;
  /** How long the callee's devices ring when there are others of a lower q, where it has a value of its own. */
  readonly serialRingSeconds?: number;
  /** Asked for once it is certain that the request is forwarded, and is no retransmission. */
  observe?(): ForwardingObserver | undefined;
}

/** What all attempts to reach one target have in common. */
interface Copy {
  readonly target: Target;
  readonly branch: Branch;
  /** Route values, top first. */
  readonly routes: readonly string[];
  readonly breadth: number;
  /** Header lines that answer challenges. */
  readonly credentials?: string;
}

export class ProxyCore implements ResponseContextHost {
  readonly timerC = TIMER_C;
  /** How long targets ring when there are others of a lower q, unless the callee has a value of its own. */
  serialRingSeconds = DEFAULT_SERIAL_RING_SECONDS;
  readonly calls = new PendingCalls();
  readonly #parts: ProxyCoreParts;
  readonly #merged: MergedRequests;

  constructor(parts: ProxyCoreParts) {
    this.#parts = parts;
    this.#merged = new MergedRequests(parts.transport);
  }

  /** §16.3 as far as forwarding is concerned: Max-Forwards, loops, Proxy-Require. To be asked before policy is. */
  validate(request: SipRequest): Answer | undefined {
    const refusal = validateForwarding(request);
    if (refusal) return refusal;
    if (isLoop(request, this.#parts.transport)) return { status: 482 };
    return this.#merged.has(this.#merged.keyOf(request)) ? MERGED : undefined;
  }

  /** Forwards a valid request to its targets, or says what to answer instead. */
  forward(request: SipRequest, routed: RoutedRequest, place: ForwardingPlace): Answer | undefined {
    const breadth = readBreadth(request);
    if (breadth === undefined) return { status: 400, reason: "Max-Breadth Is Malformed" };
    if (breadth === 0) return { status: 440 };
    if (!hasSequenceNumber(request, place.leg)) return { status: 500, reason: "CSeq Too High" };
    if (this.calls.isEnding && request.method === "INVITE") return { status: 503, cause: "the server stops" };
    const share = place.party === undefined
      ? undefined
      : this.#parts.limits?.admit(place.party, request, place.targets.length);
    if (share && "status" in share) return share;
    const server = this.#parts.transactions.serve(request, place.flow);
    if (!server) return void share?.release();
    if (request.method === "INVITE") server.respond(100, buildResponse(request, { status: 100 }));
    const forwarding: Forwarding = {
      request,
      flow: place.flow,
      common: buildCommonPart(request, {
        ownsRealm: this.#parts.ownsRealm,
        isTrusted: place.isTrusted,
        credentialsRow: place.credentialsRow,
        leg: place.leg,
      }),
      digest: routingDigest(request),
      routes: routed.routes,
      breadth,
      isInDialog: routed.dialog !== undefined,
      isCallerTrusted: place.isTrusted,
      areTargetsTrusted: place.areTargetsTrusted ?? false,
      serialRingMs: 1000 * (place.serialRingSeconds ?? this.serialRingSeconds),
      leg: place.leg,
      observer: place.observe?.(),
    };
    const path = this.#merged.keyOf(request);
    const context = new ResponseContext(this, server, { forwarding, targets: place.targets, share, path });
    if (path !== undefined) this.#merged.add(path);
    if (context.isInvite) this.calls.add(context);
    context.forwardNextGroup();
    return undefined;
  }

  /** Passes an ACK for a 2xx on, by this flow: it has no transaction, and never an answer (§16.11). */
  forwardAck(
    request: SipRequest,
    { requestUri, routes }: RoutedRequest,
    place: { flow: Flow; leg?: Leg },
  ): void {
    const { flow, leg } = place;
    if (validateForwarding(request) || !hasSequenceNumber(request, leg)) return;
    const { ownsRealm } = this.#parts;
    const text = buildCopy(
      buildCommonPart(request, { ownsRealm, isTrusted: false, credentialsRow: -1, leg }),
      {
        requestUri: leg?.requestUri ?? requestUri,
        routes,
        flow,
        branch: newBranch(routingDigest(request)),
        sentBy: this.#parts.transport.sentBy(flow),
        recordRoute: "",
        breadth: readBreadth(request) ?? DEFAULT_BREADTH,
        added: sequenceOf(request, leg),
      },
    );
    this.#parts.transactions.send(text, flow);
  }

  isOwnChallenge(response: SipResponse): boolean {
    return [Header.WwwAuthenticate, Header.ProxyAuthenticate].some((id) =>
      response.rowValues(id).flatMap(parseDigestChallenges).some(({ realm }) => this.#parts.ownsRealm(realm))
    );
  }

  hangUp(response: SipResponse, flow: Flow): void {
    hangUp(this.#parts, response, flow);
  }

  onAnswered({ path }: ResponseContext): void {
    if (path !== undefined) this.#merged.delete(path);
  }

  onEnded(context: ResponseContext): void {
    if (context.isInvite) this.calls.delete(context);
  }

  timer(callback: () => void) {
    return this.#parts.transactions.timer(callback);
  }

  /** §16.6 for one target: by its flow, else to the next hop that the first Route or the Request-URI names (step 7). */
  send(
    forwarding: Forwarding,
    branch: Branch,
    { target, breadth }: { target: Target; breadth: number },
  ): void {
    const routes = this.#routesOf(target, forwarding);
    const copy: Copy = { target, branch, breadth, routes };
    if (target.flow) {
      branch.challenges = this.#challengesOf({ forwarding, copy });
      const outgoing = this.#copyFor(forwarding, copy, target.flow);
      return branch.begin(this.#parts.transactions.request(outgoing, branch));
    }
    const hop = target.hop ?? hopOf(routes.length > 0 ? uriOf(routes[0]) : target.requestUri);
    if (!hop) return branch.fail(503, "No next hop");
    const located = this.#parts.transport.locator.locate(hop);
    const sendTo = (destinations: readonly Destination[]) => {
      if (!branch.isPending) return;
      const failover = new Failover(this.#failoverParts(forwarding, copy), branch, destinations);
      branch.challenges = this.#challengesOf({ forwarding, copy, failover });
      if (!failover.next()) branch.fail(503, this.#parts.transport.locator.whyNowhere(hop));
    };
    if (!(located instanceof Promise)) return sendTo(located);
    located.then(sendTo).catch((error) => {
      log.error("Cannot forward: {error}", { error });
      branch.fail(500);
    });
  }

  /** To the node that has the device, then as the device said (RFC 3327 §5.5), then what was left of the request's. */
  #routesOf({ remoteFlow, routes }: Target, forwarding: Forwarding): readonly string[] {
    const toNode = remoteFlow && this.#parts.nodeRoutes?.seal(forwarding.request, remoteFlow);
    if (toNode === undefined && routes.length === 0) return forwarding.routes;
    return [...toNode === undefined ? [] : [toNode], ...routes, ...forwarding.routes];
  }

  #failoverParts(forwarding: Forwarding, copy: Copy): FailoverParts {
    const { transport, transactions } = this.#parts;
    const isForNode = copy.target.remoteFlow !== undefined && forwarding.request.method === "INVITE";
    return {
      locator: transport.locator,
      patienceMs: (isForNode ? NODE_PATIENCE : FAILOVER_PATIENCE) * transactions.timers.t1,
      isLastWatched: isForNode,
      timer: (callback) => transactions.timer(callback),
      send: ({ destination, isFallback }, attempts, user) => {
        const flow = transport.flowTo(destination);
        if (!flow) return undefined;
        const outgoing = this.#copyFor(forwarding, copy, flow);
        const isLarge = flow.protocol === "udp" && wholeText(outgoing).length > MAX_UDP_REQUEST;
        if (!isLarge || isFallback || destination.isTransportFixed) {
          return transactions.request(outgoing, user);
        }
        const reliable = transport.flowTo({ ...destination, protocol: "tcp" });
        if (!reliable) return transactions.request(outgoing, user);
        attempts.addFallback(destination);
        return transactions.request(this.#copyFor(forwarding, copy, reliable), user);
      },
    };
  }

  /** For a leg to a gateway: its challenges are for us, and the next attempt goes where the challenge came from. */
  #challengesOf(
    { forwarding, copy, failover }: {
      forwarding: Forwarding;
      copy: Copy;
      failover?: Failover;
    },
  ): ChallengeHandler | undefined {
    const { request, leg } = forwarding;
    if (!leg?.shift) return undefined;
    const { challenged, shift } = leg;
    return {
      onAccepted: (flow) => challenged?.onAccepted(flow),
      retry: (response, flow) => {
        const { method, body } = request;
        const uri = copy.target.requestUri;
        const authorization = challenged?.answer(response, { method, uri, body }, flow);
        if (authorization?.kind !== "granted") {
          return authorization?.reason ?? "nobody answers for it any more";
        }
        shift.raise(request.cseq);
        if (!hasSequenceNumber(request, leg)) return "there is no higher CSeq";
        const credentials = authorization.lines;
        const outgoing = this.#copyFor(forwarding, { ...copy, credentials }, openFlow(flow));
        const { transactions } = this.#parts;
        if (failover) failover.again((user) => transactions.request(outgoing, user));
        else copy.branch.begin(transactions.request(outgoing, copy.branch));
        return undefined;
      },
    };
  }

  #copyFor(forwarding: Forwarding, copy: Copy, flow: Flow): OutgoingRequest {
    const { target, routes, breadth, credentials = "" } = copy;
    const { request, common, digest, leg } = forwarding;
    const branch = newBranch(digest);
    const recordRoute = this.#recordRoute(forwarding, copy, flow);
    const text = buildCopyHead(common, {
      requestUri: leg?.requestUri ?? target.requestUri,
      routes,
      flow,
      branch,
      sentBy: this.#parts.transport.sentBy(flow),
      recordRoute,
      breadth,
      added: `${credentials}${sequenceOf(request, leg)}`,
    });
    return { text, tail: common.text, method: request.method, branch, flow };
  }

  /** Step 4: our entry, one for each side where the sides differ (RFC 5658); "" when we need not stay in the path. */
  #recordRoute(forwarding: Forwarding, { target, branch }: Copy, outgoing: Flow): string {
    const { request, flow: incoming, isInDialog, leg } = forwarding;
    if (isInDialog || !BEGINS_DIALOGS.has(request.method)) return "";
    const { transport, dialogRoutes, recordsRoute } = this.#parts;
    const isSecure = hasSecureScheme(target.requestUri);
    const facingCaller = routeAddress(incoming, transport.sentBy(incoming), isSecure);
    const facingCallee = routeAddress(outgoing, transport.sentBy(outgoing), isSecure);
    const isSameSide = facingCaller === facingCallee;
    const note = leg?.note ?? "";
    if (note === "" && recordsRoute === "never") return "";
    const mayLeave = !recordsRoute && note === "" && isSameSide &&
      !target.isBehindNat && !passedNat(request, incoming) &&
      isReachable(contactUri(request), incoming) &&
      isReachable(SipUri.parse(target.requestUri), outgoing) &&
      transport.haveOneNetwork(incoming, outgoing);
    if (mayLeave) return "";
    const seal = dialogRoutes.seal(request, { caller: incoming, callee: outgoing }, { isSecure, note });
    branch.entry = seal;
    forwarding.observer?.onRecordRoute?.(seal, target, outgoing);
    const scheme = isSecure ? "sips" : "sip";
    const top = `Record-Route: <${scheme}:${seal}@${facingCallee};lr>\r\n`;
    return isSameSide ? top : `${top}Record-Route: <${scheme}:${seal}@${facingCaller};lr>\r\n`;
  }
}

/** The same way, on a new connection where ours was closed behind the challenge. */
function openFlow(flow: Flow): Flow {
  if (flow.isOpen || flow.isInbound) return flow;
  return flow.transport.flowTo(flow.remoteAddress, flow.remotePort, flow.domain);
}

function hopOf(uri: string | undefined): NextHop | undefined {
  const parsed = uri === undefined ? undefined : SipUri.parse(uri);
  return parsed && nextHopOf(parsed);
}

/** The CSeq line of a leg that has numbers of its own; else the one that came stays where it is. */
function sequenceOf({ cseq, method }: SipRequest, leg: Leg | undefined): string {
  return leg?.shift ? `CSeq: ${leg.shift.numberOf(method, cseq)} ${method}\r\n` : "";
}

/** Whether the leg has a number for the request (§8.1.1.5). */
function hasSequenceNumber({ cseq, method }: SipRequest, leg: Leg | undefined): boolean {
  return leg?.shift?.hasNumberFor(method, cseq) ?? true;
}

/**
 * Reports whether others in the network of a flow can send to this URI themselves: it is the address that the flow has,
 * and its owner does not say that only the flow leads to it (`ob`, RFC 5626 §4.3).
 */
function isReachable(uri: SipUri | undefined, flow: Flow): boolean {
  return !flow.isConnection && uri !== undefined && namesFlow(uri, flow) && uri.parameter("ob") === undefined;
}

/** `sips:` stands for TLS, so that its URIs do not name it (RFC 3261 §26.2.2). */
function routeAddress({ protocol }: Flow, sentBy: string, isSecure: boolean): string {
  return isSecure && protocol === "tls" ? sentBy : sentBy + transportParameter(protocol);
}

/** Max-Breadth of a request (RFC 5393 §5.3.3), 60 when it has none; undefined when it is malformed. */
function readBreadth(request: SipRequest): number | undefined {
  const value = request.header(Header.MaxBreadth);
  if (value === undefined) return DEFAULT_BREADTH;
  const breadth = parseNumber(value, 0, value.length, 2 ** 31 - 1);
  return breadth < 0 ? undefined : breadth;
}
