/** Requests that may begin dialogs: INVITE (§12.1), SUBSCRIBE and REFER (RFC 6665, RFC 3515). */
import { Header } from "../../message/header_name.ts";
import type { NameAddr } from "../../message/name_addr.ts";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import { detachText } from "../../runtime/text.ts";
import type { Flow } from "../../transport/transport.ts";
import type { ForwardingObserver } from "../proxy/forwarding_observer.ts";
import type { Target } from "../proxy/target.ts";
import { type Dialog, type DialogEnd, refreshTarget } from "./dialog.ts";
import type { DialogParty } from "../party.ts";
import type { DialogTable } from "./dialog_table.ts";
import { keptRoutes, NO_ROUTES, routeSetOf } from "./route_set.ts";
import { subscriptionLifetimeMs, TIMER_N_MS } from "./subscription.ts";

/** Dialogs that one forked request may begin. */
const MAX_DIALOGS = 16;

/** A callee that got the request, or has answered it. */
interface Callee {
  /** User part of our Record-Route entry in its request. */
  readonly flowToken: string;
  readonly end: DialogEnd;
  /** To tag of its answer; "" before. */
  readonly tag: string;
  /** The dialog until it is established; from then on the table alone has it. */
  dialog: Dialog | undefined;
  /** True once it was established: a repeated answer does not revive it. */
  wasEstablished: boolean;
}

const NO_CALLEES: readonly Callee[] = [];

/** The call that an INVITE begins. */
export interface BegunCall {
  /** A dialog of the call was established. */
  onDialog(dialog: Dialog): void;
}

export class DialogBeginning implements ForwardingObserver {
  readonly #table: DialogTable;
  readonly #isInvite: boolean;
  readonly #call: BegunCall | undefined;
  readonly #callId: string;
  readonly #caller: DialogEnd;
  readonly #callerTag: string;
  /** Undefined once it has a final response. */
  #request: SipRequest | undefined;
  #callees: readonly Callee[] = NO_CALLEES;

  /** Copies a few fields of the request, whose final response it outlives. */
  constructor(
    table: DialogTable,
    request: SipRequest,
    { party, flow, call }: {
      party: DialogParty | undefined;
      flow: Flow;
      call?: BegunCall | undefined;
    },
  ) {
    this.#table = table;
    this.#call = call;
    this.#isInvite = request.method === "INVITE";
    this.#callId = detachText(request.callId);
    this.#callerTag = detachText(request.from.tag);
    this.#caller = callerOf(request, party, flow);
    this.#request = request;
  }

  onRecordRoute(flowToken: string, { party, requestUri }: Target, { remoteAddress }: Flow): void {
    const end = endOf(party, remoteAddress, this.#request?.to);
    end.target = detachText(requestUri);
    if (this.#isInvite) {
      return this.#add({ flowToken, end, tag: "", dialog: undefined, wasEstablished: false });
    }
    const awaited = this.#open(flowToken, "", end);
    if (awaited) awaited.subscribedUntil = this.#table.now + TIMER_N_MS;
  }

  onProvisional(response: SipResponse, flowToken: string | undefined): void {
    const tag = response.to?.tag ?? "";
    if (!this.#isInvite || tag === "") return;
    const dialog = this.#answered(flowToken, tag, response);
    if (!dialog) return;
    dialog.isEarly ||= !dialog.isCall;
    dialog.isCall = true;
  }

  onSuccess(response: SipResponse, flowToken: string | undefined): void {
    const dialog = this.#answered(flowToken, response.to?.tag ?? "", response);
    if (dialog && this.#isInvite) {
      dialog.isCall = true;
      dialog.isEarly = false;
      this.#call?.onDialog(dialog);
      this.#leave(dialog);
    } else if (dialog) {
      dialog.subscribedUntil = this.#table.now + subscriptionLifetimeMs(response);
    }
    if (dialog) this.#table.changed(dialog);
    this.#endEarly();
    this.#request = undefined;
  }

  onFailure(): void {
    this.#request = undefined;
    this.#endEarly();
    // A refused subscription has no NOTIFY.
    if (this.#isInvite) return;
    for (const { dialog } of this.#callees) if (dialog) this.#table.remove(dialog);
  }

  /** Returns the dialog of a response; undefined when it is established already, or over. */
  #answered(flowToken: string | undefined, tag: string, response: SipResponse): Dialog | undefined {
    if (flowToken === undefined) return undefined;
    const callees = this.#callees;
    let asked: Callee | undefined;
    let answered: Callee | undefined;
    for (let i = 0; i < callees.length && !answered; i++) {
      if (callees[i].flowToken !== flowToken) continue;
      asked ??= callees[i];
      if (callees[i].tag === tag) answered = callees[i];
    }
    if (!asked) return undefined;
    const known = answered?.dialog;
    if (answered?.wasEstablished || known && !known.isEarly) return undefined;
    const beyond = routesBeyond(flowToken, response);
    asked.end.routeValues = keptRoutes(beyond);
    if (asked.end.party?.kind === "gateway") asked.end.routes = routeSetOf(beyond);
    const dialog = known ?? this.#open(flowToken, tag, asked.end);
    if (dialog) refreshTarget(dialog.callee, response);
    return dialog;
  }

  #open(flowToken: string, tag: string, end: DialogEnd): Dialog | undefined {
    if (this.#callees.length >= 2 * MAX_DIALOGS) return undefined;
    const key = { callId: this.#callId, callerTag: this.#callerTag, calleeTag: tag, flowToken };
    const dialog = this.#table.open(key, { caller: this.#caller, callee: end });
    this.#add({ flowToken, end, tag, dialog, wasEstablished: false });
    return dialog;
  }

  #add(callee: Callee): void {
    this.#callees = this.#callees.concat(callee);
  }

  /** Leaves an established dialog to the table. */
  #leave(dialog: Dialog): void {
    for (let i = 0; i < this.#callees.length; i++) {
      const callee = this.#callees[i];
      if (callee.dialog !== dialog) continue;
      callee.dialog = undefined;
      callee.wasEstablished = true;
      return;
    }
  }

  /** Ends the early dialogs of all branches, with the first final response. */
  #endEarly(): void {
    for (let i = 0; i < this.#callees.length; i++) {
      const { dialog } = this.#callees[i];
      if (!dialog?.isEarly) continue;
      dialog.isCall = false;
      dialog.isEarly = false;
      this.#table.release(dialog);
    }
  }
}

function callerOf(
  request: SipRequest,
  party: DialogParty | undefined,
  { remoteAddress }: Flow,
): DialogEnd {
  const caller = endOf(party, remoteAddress, request.from);
  caller.cseq = request.cseq;
  if (request.has(Header.RecordRoute)) {
    const routes = request.values(Header.RecordRoute);
    caller.routeValues = keptRoutes(routes);
    if (party?.kind === "gateway") caller.routes = routeSetOf(routes);
  }
  refreshTarget(caller, request);
  return caller;
}

function endOf(
  party: DialogParty | undefined,
  address: string,
  named: Pick<NameAddr, "uriText"> | undefined,
): DialogEnd {
  return {
    party,
    address,
    uri: detachText(named?.uriText ?? ""),
    target: "",
    formerTarget: "",
    routes: "",
    routeValues: NO_ROUTES,
    cseq: 0,
    moved: undefined,
  };
}

/** Returns the route set from here to the sender of a response: the entries above ours, the nearest first (§12.1.2). */
function routesBeyond(flowToken: string, response: SipResponse): readonly string[] {
  // Nobody is beyond in most calls: the first entry is ours.
  const first = response.header(Header.RecordRoute) ?? "";
  const at = first.indexOf(flowToken);
  if (at < 0 ? first === "" : !first.slice(0, at).includes(",")) return NO_ROUTES;
  const values = response.values(Header.RecordRoute);
  const ours = values.findIndex((value) => value.includes(flowToken));
  return ours <= 0 ? NO_ROUTES : values.slice(0, ours).reverse();
}
