/** The core (§5): takes each request through a list of steps, and does what comes of it. */
import type { Directory } from "../../data/directory.ts";
import type { LocationService } from "../../location/location_service.ts";
import type { HeaderRows } from "../../message/header_rows.ts";
import { buildResponse } from "../../message/response_builder.ts";
import type { RejectedMessage, SipRequest } from "../../message/sip_message.ts";
import type { Eventually } from "../../runtime/eventually.ts";
import { isIpAddress } from "../../runtime/ip/ip_address.ts";
import { logger } from "../../runtime/log.ts";
import { randomToken } from "../../runtime/random.ts";
import type { TransactionLayer } from "../../transaction/transaction_layer.ts";
import type { TransactionUser } from "../../transaction/transaction_user.ts";
import { type Flow, isSecure } from "../../transport/transport.ts";
import type { AccessVerdict } from "../../transport/transport_layer.ts";
import type { DomainAccessControl } from "../access/access_control.ts";
import type { RefusalLog } from "../access/refusal_log.ts";
import type { CallLimits, GatewayCall } from "../access/call_limits.ts";
import type { Answer } from "../answer.ts";
import type { StrangerAccess } from "../access/stranger_access.ts";
import type { CallerIdentification } from "../authentication/caller.ts";
import { accountOf, sourceOf } from "../calls/call_account.ts";
import type { CallTable } from "../calls/call_table.ts";
import { type BegunCall, DialogBeginning } from "../dialogs/dialog_beginning.ts";
import { DialogRequest } from "../dialogs/dialog_request.ts";
import type { DialogAdmission } from "../dialogs/dialog_access.ts";
import type { Dialogs } from "../dialogs/dialogs.ts";
import type { BoundFlow } from "../flows/bound_flow.ts";
import { type IncomingRequest, UNIDENTIFIED } from "./incoming_request.ts";
import { DROP, type Outcome, respond } from "./outcome.ts";
import type { DialogParty } from "../party.ts";
import { hasSequenceNumber } from "../proxy/branch_rewrite.ts";
import type { ForwardingObserver } from "../proxy/forwarding_observer.ts";
import type { ProxyCore } from "../proxy/proxy_core.ts";
import { BEGINS_DIALOGS } from "../proxy/record_route.ts";
import { validateRequest } from "../proxy/request_validation.ts";
import { preprocessRoutes, type RouteContext, routeUri, UNROUTED } from "../proxy/route_preprocessing.ts";
import { PriorityTargets } from "../proxy/target_set.ts";
import type { Registrar } from "../registrar/registrar.ts";
import { callerDomain, callerParty, resourceOf } from "../routing/caller_party.ts";
import { egressOf, gatewayCallOf } from "../routing/gateway_call.ts";
import type { OwnNames } from "../routing/own_names.ts";
import type { OwnUris } from "../routing/own_uris.ts";
import type { Router } from "../routing/router.ts";
import type { TargetRouting } from "../routing/routing.ts";
import { statelessTag } from "../stateless_tag.ts";
import type { BranchRewrites } from "../trunk/branch_rewrites.ts";
import { answerAsServer } from "../uas_core.ts";
import { cut } from "../../runtime/text.ts";

/** The cores that the dispatcher chooses from, and what it needs to choose. */
export interface DispatcherParts {
  /** Seeds stateless tags. */
  readonly seed: number;
  readonly transactions: TransactionLayer;
  readonly directory: Directory;
  readonly location: LocationService<BoundFlow>;
  readonly routes: RouteContext;
  readonly registrar: Registrar;
  readonly callers: CallerIdentification;
  readonly domainAccess: DomainAccessControl;
  readonly router: Router;
  readonly rewrites: BranchRewrites;
  readonly proxy: ProxyCore;
  readonly calls: CallTable;
  readonly limits: CallLimits;
  readonly refusals: RefusalLog;
  readonly access: StrangerAccess;
  readonly dialogs: Dialogs;
  readonly ownNames: OwnNames;
  readonly ownUris: OwnUris;
  /** The name of this server (`metadata.userAgent`). */
  readonly userAgent: string;
  /** A connection has ended. */
  onFlowClosed(flow: Flow): void;
}

/** Answers, continues (undefined), or waits. */
type Step = (incoming: IncomingRequest) => Eventually<Outcome | undefined>;

const log = logger("core");

export class Dispatcher implements TransactionUser {
  readonly #parts: DispatcherParts;
  /** §16.3 to §16.6 for a proxy, §10.3 for the registrar: in this order, and each knows what the ones before have found. */
  readonly #steps: readonly Step[] = [
    (incoming) => this.#ignoreScanners(incoming),
    (incoming) => this.#validate(incoming),
    (incoming) => this.#preprocessRoutes(incoming),
    (incoming) => this.#forwardForNode(incoming),
    (incoming) => this.#requireTls(incoming),
    (incoming) => this.#controlAccess(incoming),
    (incoming) => this.#register(incoming),
    (incoming) => this.#answerAsServer(incoming),
    (incoming) => this.#validateForwarding(incoming),
    (incoming) => this.#forwardInDialog(incoming),
    (incoming) => this.#identifyCaller(incoming),
    (incoming) => this.#followRoute(incoming),
    (incoming) => this.#forwardOutOfDialog(incoming),
  ];

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  onRequest(request: SipRequest, flow: Flow): void {
    const incoming = {
      request,
      flow,
      routed: UNROUTED,
      caller: UNIDENTIFIED,
      credentialsRow: -1,
      server: undefined,
    };
    this.#takeSteps(incoming, 0);
  }

  onAck(request: SipRequest, flow: Flow): void {
    try {
      if (validateRequest(request)) return;
      const routed = preprocessRoutes(request, flow, this.#parts.routes);
      const incoming = { request, flow, routed };
      // An ACK of no dialog of ours is for one of our own refusals, or for nobody.
      const admission = this.#admit(incoming);
      if (admission?.kind !== "admitted" || !admission.route.flow) return;
      const { route } = admission;
      const rewrite = this.#parts.rewrites.withinDialog(request, route);
      this.#parts.proxy.forwardAck(incoming, { flow: admission.route.flow, rewrite });
    } catch (error) {
      log.error("Cannot forward an ACK from {address}: {error}", { address: flow.remoteAddress, error });
    }
  }

  onRejected({ kind, request, status, reason }: RejectedMessage, flow: Flow, text: string): void {
    log.debug("Rejected a message from {address}: {reason}", { address: flow.remoteAddress, reason });
    if (kind === "malformed") this.#parts.access.onMalformed(text, flow);
    const isDenied = kind === "denied";
    const answer = { status, reason, ...isDenied && { cause: SERVER_DENIES } };
    if (request && !/^\s*ACK /.test(cut(request.text, 0, 16))) this.#reply(request, flow, answer);
    else if (isDenied) this.#parts.refusals.note(request, flow, answer);
  }

  onOverload(request: SipRequest, flow: Flow, cause: string): void {
    this.#parts.refusals.note(request, flow, { status: 503, cause, isLimit: true });
  }

  onFlowClosed(flow: Flow): void {
    this.#parts.location.removeConnection(flow);
    this.#parts.onFlowClosed(flow);
  }

  /** Takes the steps from the one with this index on. */
  #takeSteps(incoming: IncomingRequest, first: number): void {
    try {
      for (let step = first; step < this.#steps.length; step++) {
        const outcome = this.#steps[step](incoming);
        if (outcome instanceof Promise) return this.#wait(incoming, outcome, step + 1);
        if (outcome) return this.#perform(incoming, outcome);
      }
    } catch (error) {
      this.#fail(incoming, error);
    }
  }

  /** A transaction holds retransmissions and a CANCEL until the step is done. */
  #wait(incoming: IncomingRequest, outcome: Promise<Outcome | undefined>, next: number): void {
    const { request, flow } = incoming;
    const server = incoming.server ??= this.#parts.proxy.begin(request, flow);
    if (!server) return void outcome.catch(() => {});
    let isCancelled = false;
    server.onCancel = () => {
      isCancelled = true;
      this.#respond(incoming, { status: 487, cause: "the caller has cancelled" });
    };
    outcome.then((known) => {
      if (isCancelled) return;
      if (known) this.#perform(incoming, known);
      else this.#takeSteps(incoming, next);
    }).catch((error) => this.#fail(incoming, error));
  }

  #perform(incoming: IncomingRequest, outcome: Outcome): void {
    switch (outcome.kind) {
      case "drop":
        return;
      case "respond":
        return outcome.isKept
          ? this.#respondKept(incoming, outcome.answer)
          : this.#respond(incoming, outcome.answer);
      case "forward": {
        const refusal = this.#parts.proxy.forward(incoming, outcome);
        if (refusal) this.#respond(incoming, refusal);
      }
    }
  }

  #fail(incoming: IncomingRequest, error: unknown): void {
    log.error("Cannot serve a {method}: {error}", { method: incoming.request.method, error });
    this.#respond(incoming, { status: 500, cause: "the error above" });
  }

  #respond({ request, flow, server }: IncomingRequest, answer: Answer): void {
    if (!server) return this.#reply(request, flow, answer);
    this.#parts.refusals.note(request, flow, answer);
    server.respond(answer.status, buildResponse(request, { ...answer, toTag: randomToken() }));
  }

  #respondKept({ request, flow }: IncomingRequest, answer: Answer): void {
    this.#parts.access.served(flow);
    const server = this.#parts.transactions.serve(request, flow);
    server?.respond(answer.status, buildResponse(request, { ...answer, toTag: randomToken() }));
  }

  /** Answers without a transaction. */
  #reply(request: HeaderRows, flow: Flow, answer: Answer): void {
    this.#parts.refusals.note(request, flow, answer);
    const { transactions, seed } = this.#parts;
    transactions.reply(request, flow, { ...answer, toTag: statelessTag(request, seed) });
  }

  #ignoreScanners({ request, flow }: IncomingRequest): Outcome | undefined {
    if (!this.#parts.access.isScanner(request, flow)) return undefined;
    this.#parts.refusals.ignored(request, flow, "its User-Agent is that of a scanner (spec.access.scanners)");
    return DROP;
  }

  #validate({ request }: IncomingRequest): Outcome | undefined {
    const fault = validateRequest(request);
    return fault && respond(fault);
  }

  #preprocessRoutes(incoming: IncomingRequest): Outcome | undefined {
    const { request, flow } = incoming;
    incoming.routed = preprocessRoutes(request, flow, this.#parts.routes);
    if (!incoming.routed.isOfOtherDialog) return undefined;
    return respond({ status: 481, cause: "its Route is of another dialog" });
  }

  /** Forwards a request that another node has decided on, for a device that is registered here. */
  #forwardForNode(incoming: IncomingRequest): Outcome | undefined {
    const { request, flow, routed } = incoming;
    const { node, requestUri } = routed;
    if (!node) return undefined;
    const refusal = this.#validateForwarding(incoming);
    if (refusal) return refusal;
    if (!node.flow) return respond({ status: 480, cause: "the device has left this node" });
    this.#parts.access.served(flow);
    return {
      kind: "forward",
      targets: new PriorityTargets([{ requestUri, routes: [], flow: node.flow, isTrusted: true, q: 1000 }]),
      isCallerTrusted: true,
      credentialsRow: -1,
      observe: () => this.#beginDialogs(request, flow, { party: undefined }),
    };
  }

  /** Rejects `sips:` without TLS. Within a dialog each end names the other by the Contact it was given, whatever the way. */
  #requireTls({ flow, routed: { dialog, uri } }: IncomingRequest): Outcome | undefined {
    if (dialog || !uri?.secure || isSecure(flow.protocol)) return undefined;
    return respond({ status: 403, reason: "SIPS Needs TLS" });
  }

  /** Applies the access control lists of the domains that a request names: as called, as caller, as registering. */
  #controlAccess({ request, flow, routed: { dialog, uri } }: IncomingRequest): Outcome | undefined {
    // Whom a gateway calls is known later.
    if (dialog || request.method !== "REGISTER" && this.#parts.callers.isFromGateway(request, flow)) {
      return undefined;
    }
    const called = uri?.host;
    const caller = request.from.uri?.host;
    const registered = request.to.uri?.host;
    let verdict = this.#verdict(called, flow);
    if (verdict === "admit" && caller !== called) verdict = this.#verdict(caller, flow);
    if (verdict === "admit" && registered !== caller && registered !== called) {
      verdict = this.#verdict(registered, flow);
    }
    return verdict === "admit" ? undefined : denied(verdict);
  }

  #verdict(host: string | undefined, flow: Flow): AccessVerdict {
    const domain = host === undefined ? undefined : this.#parts.directory.domain(host);
    return domain?.accessControlList ? this.#parts.domainAccess.verdict(domain, flow.remoteAddress) : "admit";
  }

  #register({ request, flow, routed }: IncomingRequest): Outcome | undefined {
    if (request.method !== "REGISTER") return undefined;
    const { registrar, ownUris, ownNames } = this.#parts;
    const { dialog, uri, routes } = routed;
    // Nobody registers elsewhere by us: a gateway would take it for ours.
    const isHere = !dialog && uri !== undefined &&
      (ownUris.isOurs(uri) || registrar.isForPeer(uri.host, request.to.uri));
    if (!isHere) return respond(REGISTERS_ELSEWHERE);
    const answer = registrar.register(request, flow);
    if (answer.status !== 200) return respond(answer);
    // The phone takes this name for ours, and it brought the REGISTER here.
    const proxy = routes.length === 1 ? routeUri(routes[0]) : undefined;
    if (proxy) ownNames.add(proxy);
    return { kind: "respond", answer, isKept: true };
  }

  #answerAsServer({ request, routed: { dialog, uri } }: IncomingRequest): Outcome | undefined {
    if (dialog || uri === undefined || uri.user !== undefined) return undefined;
    const { ownUris, userAgent } = this.#parts;
    return ownUris.isOurs(uri) ? respond(answerAsServer(request, userAgent)) : undefined;
  }

  #validateForwarding({ request }: IncomingRequest): Outcome | undefined {
    const refusal = this.#parts.proxy.validate(request);
    return refusal && respond(refusal);
  }

  #forwardInDialog(incoming: IncomingRequest): Outcome | undefined {
    const { request, flow, routed } = incoming;
    const admission = this.#admit(incoming);
    if (!admission) return undefined;
    if (admission.kind === "refused") return respond(admission.answer);
    const { dialog, route, credentialsRow } = admission;
    const { calls, dialogs } = this.#parts;
    const observe = () => {
      const change = new DialogRequest(dialogs.table, dialog, { request, to: route.to });
      const call = calls.onRequest(request);
      return call ? [call, change] : [change];
    };
    if (!route.flow) {
      // The other end cannot be told, and the call is over all the same (§15.1.1).
      if (request.method === "BYE") { for (const each of observe()) each.onFailure(430, true, FLOW_FAILED); }
      return respond({ status: 430, cause: "the way to the other end of the call is closed" });
    }
    const rewrite = this.#parts.rewrites.withinDialog(request, route);
    if (!hasSequenceNumber(request, rewrite)) return respond({ status: 500, reason: "CSeq Too High" });
    this.#parts.access.served(flow);
    const isTrusted = rewrite?.shift !== undefined;
    const otherEnd = { requestUri: routed.requestUri, routes: [], flow: route.flow, isTrusted, q: 1000 };
    return {
      kind: "forward",
      targets: new PriorityTargets([otherEnd]),
      party: flow.remoteAddress,
      isCallerTrusted: false,
      credentialsRow,
      rewriteFor: () => rewrite,
      observe,
    };
  }

  #admit(
    { request, flow, routed }: Pick<IncomingRequest, "request" | "flow" | "routed">,
  ): DialogAdmission | undefined {
    const { dialog } = routed;
    return dialog && this.#parts.dialogs.access.admit(request, flow, { ...routed, dialog });
  }

  #identifyCaller(incoming: IncomingRequest): Outcome | undefined {
    const identification = this.#parts.callers.identify(incoming.request, incoming.flow);
    if (identification.kind === "refused") return respond(identification.answer);
    incoming.caller = identification.caller;
    incoming.credentialsRow = identification.credentialsRow;
    return undefined;
  }

  /** A Route to somewhere else would make us a relay. Whether its name leads here takes a question to DNS, once. */
  #followRoute(incoming: IncomingRequest): Eventually<Outcome | undefined> {
    const { routes } = incoming.routed;
    if (routes.length === 0) return undefined;
    const elsewhere = respond({ status: 403, cause: `Route leads elsewhere: ${routes[0]}` });
    const uri = routes.length === 1 ? routeUri(routes[0]) : undefined;
    if (!uri || isIpAddress(uri.nextHost)) return elsewhere;
    return this.#parts.ownNames.find(uri).then((isOurs) => {
      if (!isOurs) return elsewhere;
      incoming.routed = { ...incoming.routed, routes: [] };
      return undefined;
    });
  }

  #forwardOutOfDialog(incoming: IncomingRequest): Outcome {
    const { request, flow, routed, caller, credentialsRow } = incoming;
    const isAuthenticated = credentialsRow >= 0;
    const routing = this.#parts.router.route({ request, routed, caller, isAuthenticated });
    if (routing.kind === "refused") return respond(routing.answer);
    const verdict = this.#verdict(routing.accessDomain, flow);
    if (verdict !== "admit") return denied(verdict);
    const gatewayCall = gatewayCallOf(request, caller, routing);
    const excess = gatewayCall && this.#parts.limits.refuse(gatewayCall);
    if (excess) return respond(excess);
    if (caller.kind !== "unauthenticated") this.#parts.access.served(flow);
    return {
      kind: "forward",
      party: resourceOf(caller, routing.ingress) ?? flow.remoteAddress,
      targets: routing.targets,
      isCallerTrusted: caller.kind === "peer" || caller.kind === "gateway",
      credentialsRow,
      staysInPath: gatewayCall !== undefined,
      rewriteFor: (target) =>
        this.#parts.rewrites.outOfDialog(request, { target, caller, ingress: routing.ingress }),
      serialRingSeconds: routing.serialRingSeconds,
      observe: () => this.#observe(incoming, routing, gatewayCall),
    };
  }

  #observe(
    incoming: IncomingRequest,
    routing: TargetRouting,
    gatewayCall: GatewayCall | undefined,
  ): readonly ForwardingObserver[] {
    const { request, flow, caller } = incoming;
    const party = callerParty(caller, routing.ingress);
    if (request.method !== "INVITE") return this.#beginDialogs(request, flow, { party });
    const egress = egressOf(routing);
    const isInbound = caller.kind === "gateway";
    const maxSeconds = gatewayCall && this.#parts.limits.begin(gatewayCall).maxSeconds;
    const call = this.#parts.calls.begin(request, {
      account: accountOf(resourceOf(caller, routing.ingress), callerDomain(caller)),
      direction: egress ? "outbound" : isInbound ? "inbound" : "internal",
      gatewayRef: (egress?.gateway ?? routing.ingress)?.ref,
      didRef: (egress?.did ?? routing.did)?.ref,
      maxSeconds: maxSeconds === Infinity ? undefined : maxSeconds,
      ...sourceOf(flow),
    });
    return [call, ...this.#beginDialogs(request, flow, { party, call })];
  }

  #beginDialogs(
    request: SipRequest,
    flow: Flow,
    { party, call }: { party: DialogParty | undefined; call?: BegunCall },
  ): readonly ForwardingObserver[] {
    if (!BEGINS_DIALOGS.has(request.method)) return [];
    return [new DialogBeginning(this.#parts.dialogs.table, request, { party, flow, call })];
  }
}

/** A sender that was refused lately hears nothing more. */
function denied(verdict: AccessVerdict): Outcome {
  return verdict === "refuse" ? respond({ status: 403, cause: DOMAIN_DENIES }) : DROP;
}

const SERVER_DENIES = "access control list of the server";
const DOMAIN_DENIES = "access control list of the domain";
const FLOW_FAILED = { reason: "Flow Failed", isRemote: false };
const REGISTERS_ELSEWHERE: Answer = {
  status: 403,
  cause: "the Request-URI names no domain or address of this server",
};
