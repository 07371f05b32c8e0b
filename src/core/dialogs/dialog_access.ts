/** Which requests go on within a dialog: those of its parties, while it lives, to where the other end is. */
import { isSameSecret } from "../../data/ha1.ts";
import type { Directory } from "../../data/directory.ts";
import { parseNameAddr } from "../../message/name_addr.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { SipUri } from "../../message/sip_uri.ts";
import { detachText } from "../../runtime/detached_text.ts";
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
import { isSameEnd, isSameTarget, routeSetOf } from "./route_set.ts";

/** Requests that begin something new, which an account that is gone, or has another secret, may not. */
const BEGINS_ANEW: ReadonlySet<string> = new Set(["INVITE", "REFER", "SUBSCRIBE", "MESSAGE", "UPDATE"]);

/** Requests that are nothing within a dialog: a gateway would take them for new ones. */
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
  /** The flow that a text stands for (`FlowTexts`). */
  flowAt(text: string): Flow | undefined;
  readonly contactFlows: ContactFlows;
}

/** A request that goes on, with its dialog, or what to answer. */
export type DialogAdmission =
  | {
    readonly kind: "admitted";
    readonly dialog: Dialog;
    /** Where the other end is now. */
    readonly route: DialogRoute;
    /** Header row of the credentials that were asked for; -1 for none. */
    readonly credentialsRow: number;
  }
  | { readonly kind: "refused"; readonly answer: Answer };

export class DialogAccess {
  readonly #parts: DialogAccessParts;

  constructor(parts: DialogAccessParts) {
    this.#parts = parts;
  }

  /** @param route as our entry tells it */
  admit(request: SipRequest, flow: Flow, routed: RoutedRequest & { dialog: DialogRoute }): DialogAdmission {
    const { dialogs } = this.#parts;
    const route = routed.dialog;
    const dialog = dialogs.find(request, route);
    if (!dialog || !dialog.takes(request.method, dialogs.now)) {
      return refuse({ status: 481, cause: "there is no such dialog, or it is over" });
    }
    const ends = this.#endsOf(dialog, route, flow);
    const sender = this.#verifySender(request, flow, ends);
    if (sender.kind === "refused") return sender;
    const refusal = this.#refusalToGateway(request, routed, ends);
    if (refusal) return refuse(refusal);
    dialogs.touch(dialog);
    // Who is called by another name from now on says so in From (RFC 4916).
    if (ends.near.party?.kind === "gateway") ends.near.uri = detachText(request.from.uriText);
    if (sender.hasMoved) {
      ends.near.moved = flow;
      ends.near.address = flow.remoteAddress;
      dialogs.changed(dialog);
    }
    const { moved, target } = ends.far;
    const way = moved?.isOpen ? moved : route.flow;
    // What has a Route beyond this server goes there, whatever the Contact says (§16.6 step 6).
    const contact = routed.routes.length === 0 ? SipUri.parse(target) : undefined;
    return {
      kind: "admitted",
      dialog,
      route: { ...route, flow: contact && way ? this.#parts.contactFlows.ofDialog(contact, way) : way },
      credentialsRow: sender.credentialsRow,
    };
  }

  #endsOf(dialog: Dialog, route: DialogRoute, flow: Flow): Ends {
    const [near, far] = route.to === "callee"
      ? [dialog.caller, dialog.callee]
      : [dialog.callee, dialog.caller];
    if (!near.moved && route.isFromOrigin) return { near, far, origin: flow };
    const origin = near.moved ?? this.#parts.flowAt(route.origin);
    return { near, far, origin: origin && isSameFlow(origin, flow) ? flow : origin };
  }

  /** A gateway gets no requests but for what it is in the dialog: others could be calls at our expense. */
  #refusalToGateway(
    request: SipRequest,
    { requestUri, routes }: RoutedRequest,
    { near, far }: Ends,
  ): Answer | undefined {
    if (far.party?.kind !== "gateway") return undefined;
    if (OUT_OF_DIALOGS.has(request.method)) {
      return { status: 403, cause: `no call has a ${request.method}` };
    }
    if (!isSameEnd(request.to.uriText, far.uri)) {
      return { status: 403, cause: "its To is not the other end of the call" };
    }
    if (!isSameTarget(requestUri, far.target) && !isSameTarget(requestUri, far.formerTarget)) {
      return { status: 403, cause: "its Request-URI is not the remote target of the call" };
    }
    if (routes.length > 0 && routeSetOf(routes) !== far.routes) {
      return { status: 403, cause: "its Route is not the route set of the call" };
    }
    if (request.method === "REFER" && !this.#mayRefer(request, near)) {
      return { status: 403, cause: "its Refer-To is nobody that the phone may call" };
    }
    return undefined;
  }

  /** What a gateway is asked to call has to be what the one who asks may call (RFC 3515). */
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

  /** Asks a party that sends from elsewhere, or has another secret now, for its password before it begins anything new. */
  #verifySender(request: SipRequest, flow: Flow, { near, far, origin }: Ends): Sender {
    const { party } = near;
    if (party?.kind === "gateway") {
      // A call outlives the gateway's resource.
      return near.address === flow.remoteAddress || this.#parts.isGatewayAt(party.ref, flow)
        ? { kind: "verified", credentialsRow: -1, hasMoved: origin !== flow }
        : refuse({ status: 403, cause: "it is in the name of a gateway, and does not come from there" });
    }
    const isToGateway = far.party?.kind === "gateway";
    const isElsewhere = origin !== flow && (near.address !== flow.remoteAddress || isToGateway);
    // An ACK is never answered, and who sends a BYE has nothing to gain.
    const isAsked = party !== undefined && request.method !== "ACK" && request.method !== "BYE" &&
      (isElsewhere || isToGateway && BEGINS_ANEW.has(request.method) && !this.#isCurrent(party));
    const hasMoved = origin !== flow && !(origin && takesRequestsAt(near, origin, flow));
    if (!isAsked) {
      const isKnown = party === undefined || near.address === flow.remoteAddress;
      return { kind: "verified", credentialsRow: -1, hasMoved: hasMoved && isKnown };
    }
    const challenge = { status: 407, realm: party.realm, flow } as const;
    const { directory } = this.#parts;
    const find = (name: string) => name === party.username ? currentAccount(party, directory) : undefined;
    const result = this.#parts.authenticator.authenticate(request, challenge, find);
    if (result.kind === "refused") return result;
    return { kind: "verified", credentialsRow: result.row, hasMoved };
  }

  /** Reports whether the account is still there, with the same secret. */
  #isCurrent(party: AccountParty): boolean {
    const { account } = party;
    const now = currentAccount(party, this.#parts.directory);
    return account !== undefined && now !== undefined && (now === account || isSameSecret(now, account));
  }
}

/** The ends of a dialog from where a request stands. */
interface Ends {
  readonly near: DialogEnd;
  readonly far: DialogEnd;
  /** Where the near end was until now. */
  readonly origin: Flow | undefined;
}

type Sender =
  | { readonly kind: "verified"; readonly credentialsRow: number; readonly hasMoved: boolean }
  | { readonly kind: "refused"; readonly answer: Answer };

/** Reports whether an end that sends by one port takes requests at the other, which its Contact names. */
function takesRequestsAt({ target }: DialogEnd, origin: Flow, flow: Flow): boolean {
  const contact = origin.remoteAddress === flow.remoteAddress ? SipUri.parse(target) : undefined;
  return contact !== undefined && !flow.isConnection && namesFlow(contact, origin);
}

/** Reports whether two flows are one way; those of UDP are made anew now and then. */
function isSameFlow(one: Flow, other: Flow): boolean {
  return one.id === other.id || !one.isConnection && one.transport === other.transport &&
      one.remoteAddress === other.remoteAddress && one.remotePort === other.remotePort;
}

function refuse(answer: Answer): { kind: "refused"; answer: Answer } {
  return { kind: "refused", answer };
}
