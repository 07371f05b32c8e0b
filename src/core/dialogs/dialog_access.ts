/** Admission of requests to dialogs: those of the parties, while the dialog lives, to the other end. */
import { isSameSecret } from "../../data/ha1.ts";
import type { Directory } from "../../data/directory.ts";
import { parseNameAddr } from "../../message/name_addr.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { SipUri } from "../../message/sip_uri.ts";
import { detachText } from "../../runtime/text.ts";
import type { Flow } from "../../transport/transport.ts";
import type { Answer } from "../answer.ts";
import type { Caller } from "../authentication/caller.ts";
import type { ContactFlows } from "../flows/contact_flows.ts";
import type { DigestAuthenticator } from "../authentication/digest_authenticator.ts";
import { namesFlow } from "../flows/flow_uri.ts";
import type { DialogRoute } from "../proxy/dialog_route.ts";
import type { RoutedRequest } from "../proxy/route_preprocessing.ts";
import { type AccountParty, currentAccount } from "../party.ts";
import type { Dialog, DialogEnd } from "./dialog.ts";
import type { DialogTable } from "./dialog_table.ts";
import { isSamePartyUri, isSameRemoteTarget, isSameRouteSet, routeSetOf } from "./route_set.ts";

/** Methods that begin something new; they need an account that still exists with the same secret. */
const BEGINS_ANEW: ReadonlySet<string> = new Set(["INVITE", "REFER", "SUBSCRIBE", "MESSAGE", "UPDATE"]);

/** Methods without a meaning in a dialog: a gateway would take them for new requests. */
const OUT_OF_DIALOGS: ReadonlySet<string> = new Set(["PUBLISH", "REGISTER"]);

/** Decides whom a caller may call. */
export interface CallPermission {
  mayCall(uri: SipUri, caller: Caller): boolean;
}

export interface DialogAccessParts {
  readonly directory: Directory;
  readonly dialogs: DialogTable;
  readonly authenticator: DigestAuthenticator;
  /** Reports whether the gateway with this ref is at the far end of a flow. */
  isGatewayAt(ref: string, flow: Flow): boolean;
  readonly router: CallPermission;
  /** Finds the flow of a text (`FlowTexts`). */
  flowAt(text: string): Flow | undefined;
  readonly contactFlows: ContactFlows;
}

/** An admitted request with its dialog, or an answer that refuses it. */
export type DialogAdmission =
  | {
    readonly kind: "admitted";
    readonly dialog: Dialog;
    /** The route to the present flow of the other end. */
    readonly route: DialogRoute;
    /** Header row of checked credentials; -1 for none. */
    readonly credentialsRow: number;
  }
  | { readonly kind: "refused"; readonly answer: Answer };

export class DialogAccess {
  readonly #parts: DialogAccessParts;

  constructor(parts: DialogAccessParts) {
    this.#parts = parts;
  }

  admit(request: SipRequest, flow: Flow, routed: RoutedRequest & { dialog: DialogRoute }): DialogAdmission {
    const { dialogs } = this.#parts;
    const route = routed.dialog;
    const dialog = dialogs.find(request, route);
    if (!dialog || !dialog.takes(request.method, dialogs.now)) {
      return refuse({ status: 481, cause: "there is no such dialog, or it is over" });
    }
    const ends = this.#endsOf(dialog, route, flow);
    const verification = this.#verifySender(request, flow, ends);
    if (verification.kind === "refused") return verification;
    const refusal = this.#refusalToGateway(request, routed, ends);
    if (refusal) return refuse(refusal);
    dialogs.touch(dialog);
    if (request.cseq > ends.sender.cseq && request.method !== "ACK") ends.sender.cseq = request.cseq;
    // From may change within a dialog (RFC 4916).
    if (ends.sender.party?.kind === "gateway") ends.sender.uri = detachText(request.from.uriText);
    if (verification.hasMoved) {
      ends.sender.moved = flow;
      ends.sender.address = flow.remoteAddress;
      dialogs.changed(dialog);
    }
    return {
      kind: "admitted",
      dialog,
      route: this.presentRoute(route, ends.receiver, routed.routes),
      credentialsRow: verification.credentialsRow,
    };
  }

  /** Returns a route with the flow that leads to an end now. A Route beyond this server comes before the Contact (§16.6). */
  presentRoute(route: DialogRoute, { moved, target }: DialogEnd, routes: readonly string[]): DialogRoute {
    const last = moved?.isOpen ? moved : route.flow;
    const contact = routes.length === 0 ? SipUri.parse(target) : undefined;
    return withFlow(route, contact && last ? this.#parts.contactFlows.ofDialog(contact, last) : last);
  }

  #endsOf(dialog: Dialog, route: DialogRoute, flow: Flow): Ends {
    const isByCaller = route.to === "callee";
    const sender = isByCaller ? dialog.caller : dialog.callee;
    const receiver = isByCaller ? dialog.callee : dialog.caller;
    if (!sender.moved && route.isFromOrigin) return { sender, receiver, origin: flow };
    const origin = sender.moved ?? this.#parts.flowAt(route.origin);
    return { sender, receiver, origin: origin && isSameFlow(origin, flow) ? flow : origin };
  }

  /** Refuses requests to a gateway that do not fit the dialog: they could be new calls at the operator's expense. */
  #refusalToGateway(
    request: SipRequest,
    { requestUri, routes }: RoutedRequest,
    { sender, receiver }: Ends,
  ): Answer | undefined {
    if (receiver.party?.kind !== "gateway") return undefined;
    if (OUT_OF_DIALOGS.has(request.method)) {
      return { status: 403, cause: `no call has a ${request.method}` };
    }
    if (!isSamePartyUri(request.to.uriText, receiver.uri)) {
      return { status: 403, cause: "its To is not the other end of the call" };
    }
    if (
      !isSameRemoteTarget(requestUri, receiver.target) &&
      !isSameRemoteTarget(requestUri, receiver.formerTarget)
    ) {
      return { status: 403, cause: "its Request-URI is not the remote target of the call" };
    }
    if (routes.length > 0 && !isSameRouteSet(routeSetOf(routes), receiver.routes)) {
      return { status: 403, cause: "its Route is not the route set of the call" };
    }
    if (request.method === "REFER" && !this.#mayRefer(request, sender)) {
      return { status: 403, cause: "the caller may not call its Refer-To" };
    }
    return undefined;
  }

  /** Reports whether the sender may itself call what it asks a gateway to call (RFC 3515). */
  #mayRefer(request: SipRequest, { party }: DialogEnd): boolean {
    if (party?.kind !== "account") return true;
    const value = request.headerNamed("Refer-To");
    const uri = value === undefined ? undefined : parseNameAddr(value, 0, value.length)?.uri;
    const account = currentAccount(party, this.#parts.directory);
    if (uri === undefined || account === undefined) return false;
    const caller: Caller = account.kind === "Agent"
      ? { kind: "agent", agent: account, domain: party.realm }
      : { kind: "peer", peer: account, domain: party.realm };
    return this.#parts.router.mayCall(uri, caller);
  }

  /** Challenges a party that sends from another address, or begins something new with a changed account. */
  #verifySender(request: SipRequest, flow: Flow, { sender, receiver, origin }: Ends): Verification {
    const { party } = sender;
    if (party?.kind === "gateway") {
      // A call outlives the gateway's resource.
      return sender.address === flow.remoteAddress || this.#parts.isGatewayAt(party.ref, flow)
        ? { kind: "verified", credentialsRow: -1, hasMoved: origin !== flow }
        : refuse({ status: 403, cause: "its sender is a gateway, and it comes from another address" });
    }
    const isToGateway = receiver.party?.kind === "gateway";
    const isElsewhere = origin !== flow && (sender.address !== flow.remoteAddress || isToGateway);
    // An ACK has no answer, and a forged BYE gains nothing.
    const isChallenged = party !== undefined && request.method !== "ACK" && request.method !== "BYE" &&
      (isElsewhere || isToGateway && BEGINS_ANEW.has(request.method) && !this.#isCurrent(party));
    const hasMoved = origin !== flow && !(origin && takesRequestsAt(sender, origin, flow));
    if (!isChallenged) {
      if (!hasMoved) return VERIFIED;
      const isTrusted = party === undefined || sender.address === flow.remoteAddress;
      return { kind: "verified", credentialsRow: -1, hasMoved: isTrusted };
    }
    const challenge = { status: 407, realm: party.realm, flow } as const;
    const { directory } = this.#parts;
    const find = (name: string) => name === party.username ? currentAccount(party, directory) : undefined;
    const result = this.#parts.authenticator.authenticate(request, challenge, find);
    if (result.kind === "refused") return result;
    return { kind: "verified", credentialsRow: result.row, hasMoved };
  }

  /** Reports whether the account still exists with the same secret. */
  #isCurrent(party: AccountParty): boolean {
    const { account } = party;
    const now = currentAccount(party, this.#parts.directory);
    return account !== undefined && now !== undefined && (now === account || isSameSecret(now, account));
  }
}

function withFlow(route: DialogRoute, flow: Flow | undefined): DialogRoute {
  return route.flow === flow ? route : { ...route, flow };
}

/** The ends of a dialog from the view of a request. */
interface Ends {
  readonly sender: DialogEnd;
  readonly receiver: DialogEnd;
  /** The former flow of the sender. */
  readonly origin: Flow | undefined;
}

type Verification =
  | { readonly kind: "verified"; readonly credentialsRow: number; readonly hasMoved: boolean }
  | { readonly kind: "refused"; readonly answer: Answer };

const VERIFIED: Verification = { kind: "verified", credentialsRow: -1, hasMoved: false };

/** Reports whether an end that sends by one flow takes requests at another one, which its Contact names. */
function takesRequestsAt({ target }: DialogEnd, origin: Flow, flow: Flow): boolean {
  const contact = origin.remoteAddress === flow.remoteAddress ? SipUri.parse(target) : undefined;
  return contact !== undefined && !flow.isConnection && namesFlow(contact, origin);
}

/** Reports whether two flows have the same ends; UDP flows are created anew now and then. */
function isSameFlow(one: Flow, other: Flow): boolean {
  return one.id === other.id || !one.isConnection && one.transport === other.transport &&
      one.remoteAddress === other.remoteAddress && one.remotePort === other.remotePort;
}

function refuse(answer: Answer): { kind: "refused"; answer: Answer } {
  return { kind: "refused", answer };
}
