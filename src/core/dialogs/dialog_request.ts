/** Requests within a dialog, and how their responses change it (§12.2, RFC 5057, RFC 6665). */
import { Header } from "../../message/header_name.ts";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import type { ForwardingObserver } from "../proxy/forwarding_observer.ts";
import { type Dialog, type DialogSide, refreshTarget } from "./dialog.ts";
import type { DialogTable } from "./dialog_table.ts";
import { subscriptionLifetimeMs, TIMER_N_MS } from "./subscription.ts";

/** Methods that refresh the remote target (§12.2, RFC 3311, RFC 6665 §4.4.1). */
const REFRESHES_TARGET: ReadonlySet<string> = new Set([
  "INVITE",
  "UPDATE",
  "SUBSCRIBE",
  "NOTIFY",
  "REFER",
]);

/** Lifetime of the subscription that a REFER begins, unless its NOTIFYs say otherwise (RFC 3515 §2.4.4). */
const REFER_MS = 180_000;

export class DialogRequest implements ForwardingObserver {
  readonly #table: DialogTable;
  readonly #dialog: Dialog;
  readonly #request: SipRequest;
  readonly #to: DialogSide;

  constructor(table: DialogTable, dialog: Dialog, { request, to }: { request: SipRequest; to: DialogSide }) {
    this.#table = table;
    this.#dialog = dialog;
    this.#request = request;
    this.#to = to;
  }

  onProvisional(response: SipResponse): void {
    if (this.#request.method === "INVITE") this.#refresh(this.#to, response);
  }

  onSuccess(response: SipResponse): void {
    const { method } = this.#request;
    if (method === "BYE") return this.#hangUp();
    if (REFRESHES_TARGET.has(method)) {
      this.#refresh(this.#to === "callee" ? "caller" : "callee", this.#request);
      this.#refresh(this.#to, response);
    }
    if (method === "SUBSCRIBE") this.#subscribe(subscriptionLifetimeMs(response));
    else if (method === "REFER") this.#subscribe(REFER_MS);
    else if (method === "NOTIFY") this.#onNotified();
  }

  /** Ends the dialog when the other end does not know it, or does not answer a BYE (§12.2.1.2, §15.1.1). */
  onFailure(status: number, isOurs: boolean): void {
    const { method } = this.#request;
    const isGone = status === 481 && !isOurs;
    if (method === "BYE" ? isGone || isOurs || status === 408 : isGone && method === "INVITE") this.#hangUp();
    if (method === "NOTIFY" && isGone) this.#unsubscribe();
  }

  #hangUp(): void {
    this.#dialog.isCall = false;
    this.#table.release(this.#dialog);
  }

  #subscribe(lifetimeMs: number): void {
    this.#dialog.subscribedUntil = this.#table.now + lifetimeMs;
    this.#table.changed(this.#dialog);
  }

  #unsubscribe(): void {
    this.#dialog.subscribedUntil = 0;
    this.#table.release(this.#dialog);
  }

  /** Reads `Subscription-State: active;expires=60` or `terminated` (RFC 6665 §4.1.3). */
  #onNotified(): void {
    const [state, ...parameters] = (this.#request.headerNamed("Subscription-State") ?? "").split(";");
    if (state.trim().toLowerCase() === "terminated") return this.#unsubscribe();
    const expires = parameters.map((parameter) => /^\s*expires\s*=\s*(\d{1,9})\s*$/i.exec(parameter)?.[1])
      .find((seconds) => seconds !== undefined);
    if (expires !== undefined) this.#subscribe(Number(expires) * 1000 + TIMER_N_MS);
  }

  #refresh(side: DialogSide, message: SipRequest | SipResponse): void {
    if (message.has(Header.Contact) && refreshTarget(this.#dialog[side], message)) {
      this.#table.changed(this.#dialog);
    }
  }
}
