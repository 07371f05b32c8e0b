/** A request outside of dialogs that may begin some: an INVITE (§12.1), SUBSCRIBE or REFER (RFC 6665, RFC 3515). */
import { Header } from "../../message/header_name.ts";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import { detachText } from "../../runtime/detached_text.ts";
import type { Flow } from "../../transport/transport.ts";
import type { ForwardingObserver } from "../proxy/forwarding_observer.ts";
import type { Target } from "../proxy/target.ts";
import { type Dialog, type DialogEnd, refreshTarget } from "./dialog.ts";
import type { DialogParty } from "../party.ts";
import type { DialogTable } from "./dialog_table.ts";
import { routeSetOf } from "./route_set.ts";
import { subscriptionLifetime, TIMER_N_MS } from "./subscription.ts";

/** Dialogs that one request may begin by forking. */
const MAX_DIALOGS = 16;

/** Who was asked, or has answered. */
interface Callee {
  /** User part of our Record-Route entry in the copy. */
  readonly entry: string;
  readonly end: DialogEnd;
  /** Of who has answered; "" before. */
  readonly tag: string;
  /** Until it is up, and no more of our concern. */
  dialog: Dialog | undefined;
  /** Whether it was up: an answer that comes again does not revive it. */
  wasUp: boolean;
}

export class DialogBeginning implements ForwardingObserver {
  readonly #table: DialogTable;
  readonly #isInvite: boolean;
  readonly #callId: string;
  readonly #caller: DialogEnd;
  readonly #callerTag: string;
  /** To of the request. */
  readonly #calleeUri: string;
  readonly #callees: Callee[] = [];

  /** Keeps nothing of the request but copies of a few fields: it lives as long as further answers may come. */
  constructor(
    table: DialogTable,
    request: SipRequest,
    { party, flow }: { party: DialogParty | undefined; flow: Flow },
  ) {
    this.#table = table;
    this.#isInvite = request.method === "INVITE";
    this.#callId = detachText(request.callId);
    this.#callerTag = detachText(request.from.tag);
    this.#caller = callerOf(request, party, flow);
    this.#calleeUri = detachText(request.to.uriText);
  }

  onRecordRoute(entry: string, { party, requestUri }: Target, { remoteAddress }: Flow): void {
    const end = endOf(party, remoteAddress, this.#calleeUri);
    end.target = detachText(requestUri);
    if (this.#isInvite) {
      return void this.#callees.push({ entry, end, tag: "", dialog: undefined, wasUp: false });
    }
    const awaited = this.#open(entry, "", end);
    if (awaited) awaited.subscribedUntil = this.#table.now + TIMER_N_MS;
  }

  onProvisional(response: SipResponse, entry: string | undefined): void {
    const tag = response.to?.tag ?? "";
    if (!this.#isInvite || tag === "") return;
    const dialog = this.#answered(entry, tag, response);
    if (!dialog) return;
    dialog.isEarly ||= !dialog.isCall;
    dialog.isCall = true;
  }

  onSuccess(response: SipResponse, entry: string | undefined): void {
    const dialog = this.#answered(entry, response.to?.tag ?? "", response);
    if (dialog && this.#isInvite) {
      dialog.isCall = true;
      dialog.isEarly = false;
      this.#letGo(dialog);
    } else if (dialog) {
      dialog.subscribedUntil = this.#table.now + subscriptionLifetime(response);
    }
    if (dialog) this.#table.changed(dialog);
    this.#endEarly();
  }

  onFailure(): void {
    this.#endEarly();
    // A subscription that was refused awaits no NOTIFY.
    if (this.#isInvite) return;
    for (const { dialog } of this.#callees) if (dialog) this.#table.remove(dialog);
  }

  /** The dialog with who sent a response; undefined when it is up already, or over. */
  #answered(entry: string | undefined, tag: string, response: SipResponse): Dialog | undefined {
    const asked = this.#callees.find((callee) => callee.entry === entry);
    if (entry === undefined || !asked) return undefined;
    const answered = this.#callees.find((callee) => callee.entry === entry && callee.tag === tag);
    const known = answered?.dialog;
    if (answered?.wasUp || known && !known.isEarly) return undefined;
    if (asked.end.party?.kind === "gateway") asked.end.routes = routesBeyond(entry, response);
    const dialog = known ?? this.#open(entry, tag, asked.end);
    if (dialog) refreshTarget(dialog.callee, response);
    return dialog;
  }

  #open(entry: string, tag: string, end: DialogEnd): Dialog | undefined {
    if (this.#callees.length >= 2 * MAX_DIALOGS) return undefined;
    const key = { callId: this.#callId, callerTag: this.#callerTag, calleeTag: tag, entry };
    const dialog = this.#table.open(key, { caller: this.#caller, callee: end });
    this.#callees.push({ entry, end, tag, dialog, wasUp: false });
    return dialog;
  }

  /** The table has it now, until it ends. */
  #letGo(dialog: Dialog): void {
    const callee = this.#callees.find((callee) => callee.dialog === dialog);
    if (!callee) return;
    callee.dialog = undefined;
    callee.wasUp = true;
  }

  /** The early dialogs of the other branches end with the first final response. */
  #endEarly(): void {
    for (const { dialog } of this.#callees) {
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
  const caller = endOf(party, remoteAddress, request.from.uriText);
  if (party?.kind === "gateway") caller.routes = routeSetOf(request.values(Header.RecordRoute));
  refreshTarget(caller, request);
  return caller;
}

function endOf(party: DialogParty | undefined, address: string, uriText: string): DialogEnd {
  const uri = party?.kind === "gateway" ? detachText(uriText) : "";
  return { party, address, uri, target: "", formerTarget: "", routes: "", moved: undefined };
}

/** The route set from here to who answered: the entries above ours, the nearest first (§12.1.2). */
function routesBeyond(entry: string, response: SipResponse): string {
  const values = response.values(Header.RecordRoute);
  const ours = values.findIndex((value) => value.includes(entry));
  return ours < 0 ? "" : routeSetOf(values.slice(0, ours).reverse());
}
