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
import type { TransportLayer } from "../transport/transport_layer.ts";
import { buildResponse } from "../message/response_builder.ts";
import type { Answer } from "./answer.ts";
import type { CallerIdentification } from "./caller.ts";
import type { DialogRoutes } from "./proxy/dialog_route.ts";
import type { ProxyCore } from "./proxy/proxy_core.ts";
import { validateRequest } from "./proxy/request_validation.ts";
import { preprocessRoutes, type RouteContext, type RoutedRequest } from "./proxy/route_preprocessing.ts";
import type { Target } from "./proxy/target.ts";
import type { Registrar } from "./registrar.ts";
import type { Router } from "./router.ts";
import { statelessTag } from "./stateless_tag.ts";
import { answerAsServer } from "./uas_core.ts";

/** The cores that the dispatcher chooses from, and what it needs to choose. */
export interface DispatcherParts {
  readonly transport: TransportLayer;
  readonly transactions: TransactionLayer;
  readonly directory: Directory;
  readonly location: LocationService<Flow>;
  readonly dialogRoutes: DialogRoutes;
  readonly registrar: Registrar;
  readonly callers: CallerIdentification;
  readonly router: Router;
  readonly proxy: ProxyCore;
}

const log = logger("core");

export class Dispatcher implements TransactionUser, RouteContext {
  readonly dialogRoutes: DialogRoutes;
  readonly #parts: DispatcherParts;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.dialogRoutes = parts.dialogRoutes;
  }

  onRequest(request: SipRequest, flow: Flow): void {
    try {
      const answer = this.#dispatch(request, flow);
      if (answer) this.#reply(request, flow, answer);
    } catch (error) {
      log.error("Cannot serve a {method}: {error}", { method: request.method, error });
      this.#reply(request, flow, { status: 500 });
    }
  }

  onAck(request: SipRequest, flow: Flow): void {
    try {
      if (validateRequest(request)) return;
      const routed = preprocessRoutes(request, flow, this);
      // An ACK of no dialog of ours is for one of our own refusals, or for nobody.
      const end = routed.dialog?.flow;
      if (end) this.#parts.proxy.forwardAck(request, routed, end);
    } catch (error) {
      log.error("Cannot forward an ACK from {address}: {error}", { address: flow.remoteAddress, error });
    }
  }

  onMalformed(malformed: MalformedMessage, flow: Flow): void {
    const { request, status, reason } = malformed;
    log.debug("Malformed message from {address}: {reason}", { address: flow.remoteAddress, reason });
    if (request && !/^\s*ACK /.test(request.text.substring(0, 16))) {
      this.#reply(request, flow, { status, reason });
    }
  }

  onFlowClosed(flow: Flow): void {
    this.#parts.location.removeConnection(flow);
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
    const { uri, dialog } = routed;
    // Within a dialog each end names the other by the Contact it was given, whatever the way.
    if (!dialog && uri?.secure && !isSecure(flow.protocol)) return { status: 403, reason: "SIPS Needs TLS" };
    if (!dialog && uri && this.isOurs(uri)) {
      if (request.method === "REGISTER") return this.#register(request, flow);
      if (uri.user === undefined) return answerAsServer(request);
    }
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

  #forwardInDialog(request: SipRequest, flow: Flow, routed: RoutedRequest): Answer | undefined {
    const target = dialogTarget(routed);
    if (!target) return { status: 430 };
    flow.markKnown?.();
    return this.#parts.proxy.forward(request, routed, {
      flow,
      targets: [target],
      isTrusted: false,
      credentialsRow: -1,
    });
  }

  #forwardOutOfDialog(request: SipRequest, flow: Flow, routed: RoutedRequest): Answer | undefined {
    const identification = this.#parts.callers.identify(request);
    if (identification.kind === "refused") return identification.answer;
    // A Route to somewhere else would make us a relay.
    if (routed.routes.length > 0) return { status: 403 };
    const routing = this.#parts.router.determineTargetSet(routed.uri, identification.caller);
    if (routing.kind === "refused") return routing.answer;
    flow.markKnown?.();
    const { caller, credentialsRow } = identification;
    const isTrusted = caller.kind === "peer";
    return this.#parts.proxy.forward(request, routed, {
      flow,
      targets: routing.targets,
      isTrusted,
      credentialsRow,
    });
  }

  #reply(request: HeaderRows, flow: Flow, answer: Answer): void {
    this.#parts.transactions.reply(request, flow, { ...answer, toTag: statelessTag(request) });
  }
}

/** The one target of a request within a dialog: the other end, by the flow that our entry sealed in. */
function dialogTarget({ requestUri, dialog }: RoutedRequest): Target | undefined {
  return dialog?.flow && { requestUri, routes: [], flow: dialog.flow, q: 1000 };
}
