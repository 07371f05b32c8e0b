/** The core (§5): takes what the transaction layer hands up and gives it to registrar, server or proxy. */
import type { Directory } from "../data/directory.ts";
import type { LocationService } from "../location/location_service.ts";
import type { HeaderRows } from "../message/header_rows.ts";
import type { MalformedMessage, SipRequest } from "../message/sip_message.ts";
import type { SipUri } from "../message/sip_uri.ts";
import { logger } from "../runtime/log.ts";
import { randomToken } from "../runtime/random.ts";
import type { TransactionLayer } from "../transaction/transaction_layer.ts";
import type { TransactionUser } from "../transaction/transaction_user.ts";
import { type Flow, isSecure } from "../transport/transport.ts";
import type { AccessVerdict, TransportLayer } from "../transport/transport_layer.ts";
import { buildResponse } from "../message/response_builder.ts";
import type { Answer } from "./answer.ts";
import type { BoundFlow } from "./bound_flow.ts";
import type { CallBeginning } from "./calls/call.ts";
import { accountOf, sourceOf } from "./calls/call_account.ts";
import type { CallTable } from "./calls/call_table.ts";
import type { Caller, CallerIdentification } from "./caller.ts";
import type { NodeRoute, NodeRoutes } from "./cluster/node_route.ts";
import { refuseOwnEvents } from "./event_requests.ts";
import type { DomainFences } from "./fence.ts";
import type { DialogRoutes } from "./proxy/dialog_route.ts";
import type { ProxyCore } from "./proxy/proxy_core.ts";
import { validateRequest } from "./proxy/request_validation.ts";
import { preprocessRoutes, type RouteContext, type RoutedRequest } from "./proxy/route_preprocessing.ts";
import type { Leg } from "./proxy/leg.ts";
import type { RefusalLog } from "./refusal_log.ts";
import type { Party, RequestLimits } from "./request_limits.ts";
import type { Registrar } from "./registrar.ts";
import type { Router, Routing } from "./router.ts";
import { statelessTag } from "./stateless_tag.ts";
import type { Legs } from "./trunk/legs.ts";
import { answerAsServer } from "./uas_core.ts";

/** The cores that the dispatcher chooses from, and what it needs to choose. */
export interface DispatcherParts {
  readonly transport: TransportLayer;
  readonly transactions: TransactionLayer;
  readonly directory: Directory;
  readonly location: LocationService<BoundFlow>;
  readonly dialogRoutes: DialogRoutes;
  readonly nodeRoutes: NodeRoutes | undefined;
  readonly registrar: Registrar;
  readonly callers: CallerIdentification;
  readonly fences: DomainFences;
  readonly router: Router;
  readonly legs: Legs;
  readonly proxy: ProxyCore;
  readonly calls: CallTable;
  readonly limits: RequestLimits;
  readonly refusals: RefusalLog;
  /** What this server calls itself (`metadata.userAgent`). */
  readonly userAgent: string;
  /** A connection has ended. */
  onFlowClosed(flow: Flow): void;
}

const log = logger("core");

/** Requests that make phones call others or restart; from a gateway they need a dialog, or its password. */
const COMMANDS: ReadonlySet<string> = new Set(["REFER", "NOTIFY"]);

export class Dispatcher implements TransactionUser, RouteContext {
  readonly dialogRoutes: DialogRoutes;
  readonly nodeRoutes: NodeRoutes | undefined;
  readonly #parts: DispatcherParts;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.dialogRoutes = parts.dialogRoutes;
    this.nodeRoutes = parts.nodeRoutes;
  }

  onRequest(request: SipRequest, flow: Flow): void {
    try {
      const answer = this.#dispatch(request, flow);
      if (answer && answer !== SILENCE) this.#reply(request, flow, answer);
    } catch (error) {
      log.error("Cannot serve a {method}: {error}", { method: request.method, error });
      this.#reply(request, flow, { status: 500, cause: "the error above" });
    }
  }

  onAck(request: SipRequest, flow: Flow): void {
    try {
      if (validateRequest(request)) return;
      const routed = preprocessRoutes(request, flow, this);
      // An ACK of no dialog of ours is for one of our own refusals, or for nobody.
      const { dialog } = routed;
      if (!dialog?.flow) return;
      const leg = this.#parts.legs.withinDialog(request, dialog);
      this.#parts.proxy.forwardAck(request, routed, { flow: dialog.flow, leg });
    } catch (error) {
      log.error("Cannot forward an ACK from {address}: {error}", { address: flow.remoteAddress, error });
    }
  }

  onMalformed(malformed: MalformedMessage, flow: Flow): void {
    const { request, status, reason } = malformed;
    log.debug("Malformed message from {address}: {reason}", { address: flow.remoteAddress, reason });
    const answer = { status, reason, ...status === 403 && { cause: SERVER_DENIES } };
    if (request && !/^\s*ACK /.test(request.text.substring(0, 16))) this.#reply(request, flow, answer);
    else if (status === 403) this.#parts.refusals.note(request, flow, answer);
  }

  onOverload(request: SipRequest, flow: Flow, cause: string): void {
    this.#parts.refusals.note(request, flow, { status: 503, cause, isLimit: true });
  }

  onFlowClosed(flow: Flow): void {
    this.#parts.location.removeConnection(flow);
    this.#parts.onFlowClosed(flow);
  }

  /** Whether a Route or Request-URI names this server: by address and port, or by a domain it serves. */
  isOurs(uri: SipUri): boolean {
    const { transport, directory } = this.#parts;
    if (transport.isLocalUri(uri)) return true;
    return directory.domain(uri.host) !== undefined &&
      (uri.port === undefined || transport.hasPort(uri.port));
  }

  /** Serves or forwards a request; what it returns is answered without a transaction. */
  #dispatch(request: SipRequest, flow: Flow): Answer | undefined {
    const fault = validateRequest(request);
    if (fault) return fault;
    const routed = preprocessRoutes(request, flow, this);
    const { uri, dialog, node } = routed;
    if (node) return this.#forwardForNode(request, flow, routed, node);
    // Within a dialog each end names the other by the Contact it was given, whatever the way.
    if (!dialog && uri?.secure && !isSecure(flow.protocol)) return { status: 403, reason: "SIPS Needs TLS" };
    const fenced = dialog ? undefined : this.#fence(request, uri, flow);
    if (fenced) return fenced;
    const isForUs = !dialog && uri !== undefined && this.isOurs(uri);
    // Nobody registers elsewhere by us: a gateway would take it for ours.
    if (request.method === "REGISTER") {
      const isHere = isForUs ||
        !dialog && uri !== undefined && this.#parts.registrar.isForPeer(uri.host, request.to.uri);
      return isHere ? this.#register(request, flow) : REGISTERS_ELSEWHERE;
    }
    if (isForUs && uri.user === undefined) return answerAsServer(request, this.#parts.userAgent);
    const refusal = this.#parts.proxy.validate(request);
    if (refusal) return refusal;
    return dialog
      ? this.#forwardInDialog(request, flow, routed)
      : this.#forwardOutOfDialog(request, flow, routed);
  }

  #register(request: SipRequest, flow: Flow): Answer | undefined {
    const answer = this.#parts.registrar.register(request, flow);
    if (answer.status !== 200) return answer;
    // Only what changed something is kept, for its retransmissions.
    flow.markKnown?.();
    const transaction = this.#parts.transactions.serve(request, flow);
    transaction?.respond(200, buildResponse(request, { ...answer, toTag: randomToken() }));
    return undefined;
  }

  /** Another node has done all that there is to be asked, and has found the device registered here. */
  #forwardForNode(
    request: SipRequest,
    flow: Flow,
    routed: RoutedRequest,
    node: NodeRoute,
  ): Answer | undefined {
    const refusal = this.#parts.proxy.validate(request);
    if (refusal) return refusal;
    if (!node.flow) return { status: 480, cause: "the device has left this node" };
    flow.markKnown?.();
    return this.#parts.proxy.forward(request, routed, {
      flow,
      targets: [{ requestUri: routed.requestUri, routes: [], flow: node.flow, q: 1000 }],
      isTrusted: true,
      areTargetsTrusted: true,
      credentialsRow: -1,
    });
  }

  #forwardInDialog(request: SipRequest, flow: Flow, routed: RoutedRequest): Answer | undefined {
    const { requestUri, dialog } = routed;
    if (!dialog?.flow) return { status: 430, cause: "the way to the other end of the call is closed" };
    flow.markKnown?.();
    const leg = this.#parts.legs.withinDialog(request, dialog);
    return this.#parts.proxy.forward(request, routed, {
      flow,
      // The other end, by the flow that our entry sealed in.
      targets: [{ requestUri, routes: [], flow: dialog.flow, q: 1000 }],
      party: flow.remoteAddress,
      isTrusted: false,
      areTargetsTrusted: leg?.shift !== undefined,
      credentialsRow: -1,
      leg,
      observe: () => this.#parts.calls.onRequest(request),
    });
  }

  #forwardOutOfDialog(request: SipRequest, flow: Flow, routed: RoutedRequest): Answer | undefined {
    const identification = this.#parts.callers.identify(request, flow);
    if (identification.kind === "refused") return identification.answer;
    // A Route to somewhere else would make us a relay.
    if (routed.routes.length > 0) {
      return { status: 403, cause: `Route leads elsewhere: ${routed.routes[0]}` };
    }
    const { caller, credentialsRow } = identification;
    // The source of a datagram is easily forged, and phones do what they are asked for.
    if (caller.kind === "gateway" && credentialsRow < 0 && COMMANDS.has(request.method)) {
      return { status: 403, cause: `a gateway without its password sends no ${request.method}` };
    }
    const { directory } = this.#parts;
    const isOurs = (uri: SipUri) => this.isOurs(uri);
    const events = refuseOwnEvents(request, { uri: routed.uri, caller, directory, isOurs });
    if (events) return events;
    const routing = this.#parts.router.determineTargetSet(request, routed, caller);
    if (routing.kind === "refused") return routing.answer;
    const verdict = routing.kind === "targets" ? this.#verdict(routing.domain, flow) : "admit";
    if (verdict !== "admit") return refusal(verdict);
    if (routing.kind === "egress" && caller.kind === "agent" && request.method === "INVITE") {
      const { limits, calls } = this.#parts;
      const refused = limits.refuseCallOut(caller.agent, calls.countOut(caller.agent.ref));
      if (refused) return refused;
    }
    flow.markKnown?.();
    return this.#parts.proxy.forward(request, routed, {
      flow,
      party: partyOf(caller, routing, flow),
      targets: routing.kind === "egress" ? [routing.target] : routing.targets,
      isTrusted: caller.kind === "peer" || caller.kind === "gateway",
      areTargetsTrusted: routing.kind === "egress" || routing.isTrusted,
      credentialsRow,
      leg: this.#legOf(request, caller, routing),
      ...routing.kind === "targets" && { serialRingSeconds: routing.serialRingSeconds },
      ...request.method === "INVITE" && {
        observe: () => this.#parts.calls.begin(request, { ...callOf(caller, routing), ...sourceOf(flow) }),
      },
    });
  }

  #legOf(
    request: SipRequest,
    caller: Caller,
    routing: Exclude<Routing, { kind: "refused" }>,
  ): Leg | undefined {
    const { legs } = this.#parts;
    const isPrivate = caller.kind === "agent" && caller.agent.privacy === "private";
    if (routing.kind === "egress") {
      const { gateway, did } = routing;
      const isTrusted = caller.kind === "peer";
      return legs.outbound(request, { gateway, did, caller: { isPrivate, isTrusted } });
    }
    if (isPrivate) return legs.anonymous(request);
    return caller.kind === "agent" ? undefined : legs.inbound(request, routing.gateway, routing.isTrusted);
  }

  /** The access control lists of the domains that a request names: as caller, as called, as registering. */
  #fence(request: SipRequest, uri: SipUri | undefined, flow: Flow): Answer | undefined {
    // Whom a gateway calls is known later.
    if (request.method !== "REGISTER" && this.#parts.callers.isFromGateway(request, flow)) return undefined;
    const called = uri?.host;
    const caller = request.from.uri?.host;
    const registered = request.to.uri?.host;
    let verdict = this.#verdict(called, flow);
    if (verdict === "admit" && caller !== called) verdict = this.#verdict(caller, flow);
    if (verdict === "admit" && registered !== caller && registered !== called) {
      verdict = this.#verdict(registered, flow);
    }
    return verdict === "admit" ? undefined : refusal(verdict);
  }

  #verdict(host: string | undefined, flow: Flow): AccessVerdict {
    const domain = host === undefined ? undefined : this.#parts.directory.domain(host);
    return domain?.accessControlList ? this.#parts.fences.verdict(domain, flow.remoteAddress) : "admit";
  }

  #reply(request: HeaderRows, flow: Flow, answer: Answer): void {
    this.#parts.refusals.note(request, flow, answer);
    this.#parts.transactions.reply(request, flow, { ...answer, toTag: statelessTag(request) });
  }
}

/** Who is answerable for a request. */
function partyOf(caller: Caller, routing: Exclude<Routing, { kind: "refused" }>, flow: Flow): Party {
  switch (caller.kind) {
    case "agent":
      return caller.agent;
    case "peer":
      return caller.peer;
    case "gateway":
      return routing.gateway ?? caller.gateways[0];
    case "stranger":
      return flow.remoteAddress;
  }
}

function callOf(
  caller: Caller,
  routing: Exclude<Routing, { kind: "refused" }>,
): Omit<CallBeginning, "address" | "transport"> {
  if (routing.kind === "egress") {
    const { gateway, did } = routing;
    return { account: accountOf(caller), direction: "outbound", gatewayRef: gateway.ref, didRef: did.ref };
  }
  const { gateway, did } = routing;
  return {
    account: accountOf(caller, gateway),
    direction: caller.kind === "gateway" ? "inbound" : "internal",
    gatewayRef: gateway?.ref,
    didRef: did?.ref,
  };
}

function refusal(verdict: AccessVerdict): Answer {
  return verdict === "refuse" ? { status: 403, cause: DOMAIN_DENIES } : SILENCE;
}

const SERVER_DENIES = "access control list of the server";
const DOMAIN_DENIES = "access control list of the domain";
const REGISTERS_ELSEWHERE: Answer = {
  status: 403,
  cause: "the Request-URI names no domain or address of this server",
};

/** In the place of an answer: who was refused before hears nothing more. */
const SILENCE: Answer = { status: 403 };
