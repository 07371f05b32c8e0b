/** The core (§5): takes what the transaction layer hands up and gives it to registrar, server or proxy. */
import type { Directory } from "../data/directory.ts";
import type { LocationService } from "../location/location_service.ts";
import type { HeaderRows } from "../message/header_rows.ts";
import type { RejectedMessage, SipRequest } from "../message/sip_message.ts";
import { SipUri } from "../message/sip_uri.ts";
import { logger } from "../runtime/log.ts";
import { randomToken } from "../runtime/random.ts";
import type { TransactionLayer } from "../transaction/transaction_layer.ts";
import type { TransactionUser } from "../transaction/transaction_user.ts";
import { type Flow, isSecure } from "../transport/transport.ts";
import { isIpAddress } from "../runtime/ip/ip_address.ts";
import type { AccessVerdict, TransportLayer } from "../transport/transport_layer.ts";
import { buildResponse } from "../message/response_builder.ts";
import type { Answer } from "./answer.ts";
import type { BoundFlow } from "./flows/bound_flow.ts";
import type { CallBeginning } from "./calls/call.ts";
import { accountOf, sourceOf } from "./calls/call_account.ts";
import type { CallTable } from "./calls/call_table.ts";
import type { Caller, CallerIdentification, Identification } from "./authentication/caller.ts";
import { accountParty, type DialogParty } from "./party.ts";
import { DialogBeginning } from "./dialogs/dialog_beginning.ts";
import { DialogRequest } from "./dialogs/dialog_request.ts";
import type { DialogAdmission } from "./dialogs/dialog_access.ts";
import type { Dialogs } from "./dialogs/dialogs.ts";
import type { OwnNames } from "./routing/own_names.ts";
import { observedByBoth } from "./proxy/forwarding_observer.ts";
import type { NodeRoute, NodeRoutes } from "./cluster/node_route.ts";
import { refuseOwnEvents } from "./routing/event_requests.ts";
import type { DomainAccessControl } from "./access/access_control.ts";
import type { DialogRoutes } from "./proxy/dialog_route.ts";
import { BEGINS_DIALOGS, type ProxyCore } from "./proxy/proxy_core.ts";
import { validateRequest } from "./proxy/request_validation.ts";
import {
  preprocessRoutes,
  type RouteContext,
  type RoutedRequest,
  uriOf,
} from "./proxy/route_preprocessing.ts";
import type { Leg } from "./proxy/leg.ts";
import type { RefusalLog } from "./access/refusal_log.ts";
import type { Party, RequestLimits } from "./access/request_limits.ts";
import type { Registrar } from "./registrar/registrar.ts";
import type { Router, Routing } from "./routing/router.ts";
import { statelessTag } from "./stateless_tag.ts";
import type { Legs } from "./trunk/legs.ts";
import { answerAsServer } from "./uas_core.ts";

/** The cores that the dispatcher chooses from, and what it needs to choose. */
export interface DispatcherParts {
  /** Seeds stateless tags. */
  readonly seed: number;
  readonly transport: TransportLayer;
  readonly transactions: TransactionLayer;
  readonly directory: Directory;
  readonly location: LocationService<BoundFlow>;
  readonly dialogRoutes: DialogRoutes;
  readonly nodeRoutes: NodeRoutes | undefined;
  readonly registrar: Registrar;
  readonly callers: CallerIdentification;
  readonly domainAccess: DomainAccessControl;
  readonly router: Router;
  readonly legs: Legs;
  readonly proxy: ProxyCore;
  readonly calls: CallTable;
  readonly limits: RequestLimits;
  readonly refusals: RefusalLog;
  readonly dialogs: Dialogs;
  readonly ownNames: OwnNames;
  /** What this server calls itself (`metadata.userAgent`). */
  readonly userAgent: string;
  /** A connection has ended. */
  onFlowClosed(flow: Flow): void;
}

const log = logger("core");

/**
 * What a gateway may send outside of dialogs that is known by its address alone, which a datagram forges easily: calls,
 * and to its numbers messages and questions. Other requests make phones call others, restart or hang up.
 */
const FROM_GATEWAYS: ReadonlySet<string> = new Set(["INVITE", "MESSAGE", "OPTIONS"]);

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
    this.#answerSafely(request, flow, () => this.#dispatch(request, flow));
  }

  #answerSafely(request: SipRequest, flow: Flow, serve: () => Answer | undefined): void {
    try {
      const answer = serve();
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
      const admission = this.#admit(request, flow, routed);
      if (admission?.kind !== "admitted" || !admission.route.flow) return;
      const { route } = admission;
      const leg = this.#parts.legs.withinDialog(request, route);
      this.#parts.proxy.forwardAck(request, routed, { flow: admission.route.flow, leg });
    } catch (error) {
      log.error("Cannot forward an ACK from {address}: {error}", { address: flow.remoteAddress, error });
    }
  }

  onRejected(rejected: RejectedMessage, flow: Flow): void {
    const { kind, request, status, reason } = rejected;
    log.debug("Rejected a message from {address}: {reason}", { address: flow.remoteAddress, reason });
    const isDenied = kind === "denied";
    const answer = { status, reason, ...isDenied && { cause: SERVER_DENIES } };
    if (request && !/^\s*ACK /.test(request.text.substring(0, 16))) this.#reply(request, flow, answer);
    else if (isDenied) this.#parts.refusals.note(request, flow, answer);
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
    const { transport, directory, ownNames } = this.#parts;
    if (uri.nextHost !== uri.host) return this.isOurAddress(uri);
    if (transport.isLocalUri(uri) || ownNames.has(uri)) return true;
    return directory.domain(uri.host) !== undefined &&
      (uri.port === undefined || transport.hasPort(uri.port));
  }

  readonly isOurAddress = (uri: SipUri): boolean => this.#parts.transport.isLocalUri(uri);

  /** Serves or forwards a request; what it returns is answered without a transaction. */
  #dispatch(request: SipRequest, flow: Flow): Answer | undefined {
    const fault = validateRequest(request);
    if (fault) return fault;
    const routed = preprocessRoutes(request, flow, this);
    const { uri, dialog, node } = routed;
    if (routed.isOfOtherDialog) return { status: 481, cause: "its Route is of another dialog" };
    if (node) return this.#forwardForNode(request, flow, routed, node);
    // Within a dialog each end names the other by the Contact it was given, whatever the way.
    if (!dialog && uri?.secure && !isSecure(flow.protocol)) return { status: 403, reason: "SIPS Needs TLS" };
    const denied = dialog ? undefined : this.#controlAccess(request, uri, flow);
    if (denied) return denied;
    const isForUs = !dialog && uri !== undefined && this.isOurs(uri);
    // Nobody registers elsewhere by us: a gateway would take it for ours.
    if (request.method === "REGISTER") {
      const isHere = isForUs ||
        !dialog && uri !== undefined && this.#parts.registrar.isForPeer(uri.host, request.to.uri);
      return isHere ? this.#register(request, flow, routed) : REGISTERS_ELSEWHERE;
    }
    if (isForUs && uri.user === undefined) return answerAsServer(request, this.#parts.userAgent);
    const refusal = this.#parts.proxy.validate(request);
    if (refusal) return refusal;
    return dialog
      ? this.#forwardInDialog(request, flow, routed)
      : this.#forwardOutOfDialog(request, flow, routed);
  }

  #register(request: SipRequest, flow: Flow, { routes }: RoutedRequest): Answer | undefined {
    const answer = this.#parts.registrar.register(request, flow);
    if (answer.status !== 200) return answer;
    // The phone takes this name for ours, and it brought the REGISTER here.
    const proxy = routes.length === 1 ? routeUri(routes[0]) : undefined;
    if (proxy) this.#parts.ownNames.add(proxy);
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
      observe: () => this.#beginDialogs(request, flow, undefined),
    });
  }

  #beginDialogs(
    request: SipRequest,
    flow: Flow,
    party: DialogParty | undefined,
  ): DialogBeginning | undefined {
    if (!BEGINS_DIALOGS.has(request.method)) return undefined;
    return new DialogBeginning(this.#parts.dialogs.table, request, { party, flow });
  }

  #admit(request: SipRequest, flow: Flow, routed: RoutedRequest): DialogAdmission | undefined {
    const { dialog } = routed;
    return dialog && this.#parts.dialogs.access.admit(request, flow, { ...routed, dialog });
  }

  #forwardInDialog(request: SipRequest, flow: Flow, routed: RoutedRequest): Answer | undefined {
    const admission = this.#admit(request, flow, routed);
    if (admission?.kind !== "admitted") return admission?.answer;
    const { dialog, route, credentialsRow } = admission;
    if (!route.flow) return { status: 430, cause: "the way to the other end of the call is closed" };
    flow.markKnown?.();
    const leg = this.#parts.legs.withinDialog(request, route);
    return this.#parts.proxy.forward(request, routed, {
      flow,
      // The other end, by its flow.
      targets: [{ requestUri: routed.requestUri, routes: [], flow: route.flow, q: 1000 }],
      party: flow.remoteAddress,
      isTrusted: false,
      areTargetsTrusted: leg?.shift !== undefined,
      credentialsRow,
      leg,
      observe: () =>
        observedByBoth(
          this.#parts.calls.onRequest(request),
          new DialogRequest(this.#parts.dialogs.table, dialog, { request, to: route.to }),
        ),
    });
  }

  #forwardOutOfDialog(request: SipRequest, flow: Flow, routed: RoutedRequest): Answer | undefined {
    const identification = this.#parts.callers.identify(request, flow);
    if (identification.kind === "refused") return identification.answer;
    // A Route to somewhere else would make us a relay.
    if (routed.routes.length > 0) return this.#followRoute(request, flow, { ...routed, identification });
    return this.#forwardFor(identification, request, flow, routed);
  }

  /** A Route is for somebody else, unless its name leads here: that takes a question to DNS, once. */
  #followRoute(
    request: SipRequest,
    flow: Flow,
    { identification, ...routed }: RoutedRequest & { identification: Identified },
  ): Answer | undefined {
    const elsewhere = { status: 403, cause: `Route leads elsewhere: ${routed.routes[0]}` };
    const uri = routed.routes.length === 1 ? routeUri(routed.routes[0]) : undefined;
    if (!uri || isIpAddress(uri.nextHost)) return elsewhere;
    const forward = () => this.#forwardFor(identification, request, flow, { ...routed, routes: [] });
    this.#parts.ownNames.find(uri).then((isOurs) => {
      this.#answerSafely(request, flow, () => isOurs ? forward() : elsewhere);
    });
    return undefined;
  }

  #forwardFor(
    { caller, credentialsRow }: Identified,
    request: SipRequest,
    flow: Flow,
    routed: RoutedRequest,
  ): Answer | undefined {
    const { directory } = this.#parts;
    const isOurs = (uri: SipUri) => this.isOurs(uri);
    const events = refuseOwnEvents(request, { uri: routed.uri, caller, directory, isOurs });
    if (events) return events;
    // Its `maddr` alone says where it would go (§16.5).
    if (routed.uri && routed.uri.nextHost !== routed.uri.host) {
      return { status: 403, cause: `maddr leads elsewhere: ${routed.uri.text}` };
    }
    const routing = this.#parts.router.determineTargetSet(request, routed, caller);
    if (routing.kind === "refused") return routing.answer;
    if (caller.kind === "gateway" && credentialsRow < 0 && !mayComeFromGateway(request.method, routing)) {
      return { status: 403, cause: `a gateway without its password sends no ${request.method} there` };
    }
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
      observe: () =>
        observedByBoth(
          request.method === "INVITE"
            ? this.#parts.calls.begin(request, { ...callOf(caller, routing), ...sourceOf(flow) })
            : undefined,
          this.#beginDialogs(request, flow, dialogPartyOf(caller, routing)),
        ),
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
  #controlAccess(request: SipRequest, uri: SipUri | undefined, flow: Flow): Answer | undefined {
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
    return domain?.accessControlList ? this.#parts.domainAccess.verdict(domain, flow.remoteAddress) : "admit";
  }

  #reply(request: HeaderRows, flow: Flow, answer: Answer): void {
    this.#parts.refusals.note(request, flow, answer);
    this.#parts.transactions.reply(request, flow, {
      ...answer,
      toTag: statelessTag(request, this.#parts.seed),
    });
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

type Identified = Identification & { readonly kind: "identified" };

function routeUri(value: string): SipUri | undefined {
  const text = uriOf(value);
  return text === undefined ? undefined : SipUri.parse(text);
}

function mayComeFromGateway(method: string, routing: Exclude<Routing, { kind: "refused" }>): boolean {
  const isToNumber = routing.kind === "targets" && routing.did !== undefined;
  return method === "INVITE" || isToNumber && FROM_GATEWAYS.has(method);
}

/** Who a caller is within the dialog that begins. */
function dialogPartyOf(
  caller: Caller,
  routing: Exclude<Routing, { kind: "refused" }>,
): DialogParty | undefined {
  switch (caller.kind) {
    case "agent":
      return accountParty(caller.agent, caller.domain);
    case "peer":
      return caller.domain === undefined ? undefined : accountParty(caller.peer, caller.domain);
    case "gateway":
      return { kind: "gateway", ref: (routing.gateway ?? caller.gateways[0]).ref };
    case "stranger":
      return undefined;
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
