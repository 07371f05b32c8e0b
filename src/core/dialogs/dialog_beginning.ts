/** A request outside of dialogs that may begin some: an INVITE (§12.1), SUBSCRIBE or REFER (RFC 6665, RFC 3515). */
import { Header } from "../../message/header_name.ts";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import { detachText } from "../../runtime/detached_text.ts";
import type { ForwardingObserver } from "../proxy/forwarding_observer.ts";
import type { Target } from "../proxy/target.ts";
import { type Dialog, type DialogEnd, type DialogParty, refreshTarget } from "./dialog.ts";
import type { DialogTable } from "./dialog_table.ts";
import { routeSetOf } from "./route_set.ts";
import { subscriptionLifetime, TIMER_N_MS } from "./subscription.ts";

/** Dialogs that one request may begin by forking. */
const MAX_DIALOGS = 16;

export class DialogBeginning implements ForwardingObserver {
  readonly #table: DialogTable;
  readonly #isInvite: boolean;
  readonly #callId: string;
  readonly #caller: DialogEnd;
  readonly #callerTag: string;
  /** To of the request. */
  readonly #calleeUri: string;
  /** Who was asked, by the entry in its copy. */
  readonly #callees = new Map<string, DialogEnd>();
  /** Those that have begun, by entry and tag; also those that are over, which an answer that comes again does not revive. */
  readonly #dialogs = new Map<string, Dialog>();

  /** Keeps nothing of the request but copies of a few fields: it lives as long as further answers may come. */
  constructor(table: DialogTable, request: SipRequest, caller: DialogParty | undefined) {
    this.#table = table;
    this.#isInvite = request.method === "INVITE";
    this.#callId = detachText(request.callId);
    this.#callerTag = detachText(request.from.tag);
    this.#caller = callerOf(request, caller);
    this.#calleeUri = detachText(request.to.uriText);
  }

  onRecordRoute(entry: string, { party, requestUri }: Target): void {
    const callee = endOf(party, this.#calleeUri, detachText(requestUri));
    this.#callees.set(entry, callee);
    if (this.#isInvite) return;
    const awaited = this.#open(entry, "", callee);
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
    } else if (dialog) {
      dialog.subscribedUntil = this.#table.now + subscriptionLifetime(response);
    }
    if (dialog) this.#table.changed(dialog);
    this.#endEarly();
  }

  onFailure(): void {
    this.#endEarly();
    // A subscription that was refused awaits no NOTIFY.
    if (!this.#isInvite) { for (const dialog of this.#dialogs.values()) this.#table.remove(dialog); }
  }

  /** The dialog with who sent a response; undefined when it is up already, or over. */
  #answered(entry: string | undefined, tag: string, response: SipResponse): Dialog | undefined {
    const callee = entry === undefined ? undefined : this.#callees.get(entry);
    if (entry === undefined || !callee) return undefined;
    const known = this.#dialogs.get(keyOf(entry, tag));
    if (known && !known.isEarly) return undefined;
    if (callee.party?.kind === "gateway") callee.routes = routesBeyond(entry, response);
    const dialog = known ?? this.#open(entry, tag, callee);
    if (dialog) refreshTarget(dialog.callee, response);
    return dialog;
  }

  #open(entry: string, calleeTag: string, callee: DialogEnd): Dialog | undefined {
    if (this.#dialogs.size >= MAX_DIALOGS) return undefined;
    const key = { callId: this.#callId, callerTag: this.#callerTag, calleeTag, entry };
    const dialog = this.#table.open(key, { caller: this.#caller, callee });
    this.#dialogs.set(keyOf(entry, calleeTag), dialog);
    return dialog;
  }

  /** The early dialogs of the other branches end with the first final response. */
  #endEarly(): void {
    for (const dialog of this.#dialogs.values()) {
      if (!dialog.isEarly) continue;
      dialog.isCall = false;
      dialog.isEarly = false;
      this.#table.release(dialog);
    }
  }
}

/** Neither an entry nor a tag has a line feed in it. */
function keyOf(entry: string, tag: string): string {
  return `${entry}\n${tag}`;
}

function callerOf(request: SipRequest, party: DialogParty | undefined): DialogEnd {
  const caller = endOf(party, request.from.uriText, "");
  if (party?.kind === "gateway") caller.routes = routeSetOf(request.values(Header.RecordRoute));
  refreshTarget(caller, request);
  return caller;
}

function endOf(party: DialogParty | undefined, uriText: string, target: string): DialogEnd {
  const uri = party?.kind === "gateway" ? detachText(uriText) : "";
  return { party, uri, target, formerTarget: "", routes: "", moved: undefined };
}

/** The route set from here to who answered: the entries above ours, the nearest first (§12.1.2). */
function routesBeyond(entry: string, response: SipResponse): string {
  const values = response.values(Header.RecordRoute);
  const ours = values.findIndex((value) => value.includes(entry));
  return ours < 0 ? "" : routeSetOf(values.slice(0, ours).reverse());
}
