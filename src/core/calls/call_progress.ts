/** A call under way, which observes how its INVITE is forwarded. */
import { hash } from "node:crypto";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import { detachText } from "../../runtime/text.ts";
import { Linked } from "../../runtime/linked_set.ts";
import { randomToken } from "../../runtime/random.ts";
import type { FailureCause, ForwardingObserver } from "../proxy/forwarding_observer.ts";
import { MAX_SHOWN_TEXT, shownUri } from "../shown_uri.ts";
import type { CallRecord, Dialog, DialogCall } from "../dialogs/dialog.ts";
import type { Timer, TimerOwner } from "../../runtime/timer_wheel.ts";
import type { Call, CallBeginning, CallEnd, CallState } from "./call.ts";

const NO_IDS: readonly string[] = [];
const NO_LEGS: readonly Dialog[] = [];

/** The table of calls as a call sees it. */
export interface CallProgressHost {
  /** A 2xx goes to the caller; a forked call may have several. */
  onAnswered(call: CallProgress, response: SipResponse): void;
  /** Another final response has gone to the caller. */
  onFailed(call: CallProgress, status: number, cause: FailureCause): void;
  /** The call lasts as long as it may. */
  onTooLong(call: CallProgress): void;
}

/** The ids of the dialogs of a call, but for the callee's tag, and its parties as they are shown. */
export interface CallIdentity {
  readonly id: string;
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly dialogPrefix: string;
}

/** Returns the identity of the call that an INVITE begins. */
export function identityOf(request: SipRequest): CallIdentity {
  return {
    id: randomToken(),
    callId: shownText(request.callId),
    from: shownText(shownUri(request.from)),
    to: shownText(shownUri(request.to)),
    dialogPrefix: detachText(dialogId(request.callId, request.from.tag, "")),
  };
}

export class CallProgress extends Linked implements Call, ForwardingObserver, DialogCall, TimerOwner {
  readonly id: string;
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly account: Call["account"];
  readonly address: string;
  readonly transport: string;
  readonly direction: Call["direction"];
  readonly gatewayRef: string | undefined;
  readonly didRef: string | undefined;
  readonly maxSeconds: number | undefined;
  readonly startedAt: number;
  /** Prefix of the ids of all dialogs that the INVITE begins. */
  readonly #dialogPrefix: string;
  state: CallState = "trying";
  answeredAt: number | undefined;
  /** Time of the latest request, on the scale of `Clock.now`. */
  lastRequestAt: number;
  /** Ids of the answered dialogs that are not over. */
  dialogs: readonly string[] = NO_IDS;
  /** Its established dialogs, those that are over included. */
  legs: readonly Dialog[] = NO_LEGS;
  /** Set by who ends it before its answer: the end to be told. */
  ending: CallEnd | undefined;
  /** Runs from the answer on where it may not last for ever. */
  timer: Timer | undefined;
  readonly #host: CallProgressHost;
  #isRecorded = false;
  #isCanceled = false;

  constructor(
    host: CallProgressHost,
    { identity, beginning, now, startedAt }: {
      identity: CallIdentity;
      beginning: CallBeginning;
      now: number;
      startedAt: number;
    },
  ) {
    super();
    this.#host = host;
    this.id = identity.id;
    this.callId = identity.callId;
    this.from = identity.from;
    this.to = identity.to;
    this.account = beginning.account;
    this.address = beginning.address;
    this.transport = beginning.transport;
    this.direction = beginning.direction;
    this.gatewayRef = beginning.gatewayRef;
    this.didRef = beginning.didRef;
    this.maxSeconds = beginning.maxSeconds;
    this.startedAt = startedAt;
    this.lastRequestAt = now;
    this.#dialogPrefix = identity.dialogPrefix;
  }

  /** Returns the id of the dialog with the callee that answered with a tag. */
  dialogWith(calleeTag: string): string {
    return detachText(`${this.#dialogPrefix}${bounded(calleeTag)}`);
  }

  /** Reports whether this server stays in the path. */
  get isRecorded(): boolean {
    return this.#isRecorded;
  }

  get isCanceled(): boolean {
    return this.#isCanceled;
  }

  /** What is kept of it over a restart, once it was answered. */
  get record(): CallRecord {
    const { id, callId, from, to, account, address, transport } = this;
    const { direction, gatewayRef, didRef, startedAt, answeredAt = startedAt, maxSeconds } = this;
    const endsAt = maxSeconds === undefined ? undefined : answeredAt + 1000 * maxSeconds;
    const shown = { id, callId, from, to, account, address, transport, direction, gatewayRef, didRef };
    return { ...shown, startedAt, answeredAt, endsAt };
  }

  /** Takes notice of an established dialog, where this server stays in its path. */
  onDialog(dialog: Dialog): void {
    if (this.dialogs.length === 0) return;
    dialog.call = this;
    this.legs = this.legs.length === 0 ? [dialog] : [...this.legs, dialog];
  }

  onTimer(): void {
    this.#host.onTooLong(this);
  }

  onRecordRoute(): void {
    this.#isRecorded = true;
  }

  onProvisional(): void {
    if (this.state === "trying") this.state = "ringing";
  }

  onSuccess(response: SipResponse): void {
    this.#host.onAnswered(this, response);
  }

  onFailure(status: number, _isOurs: boolean, cause: FailureCause): void {
    this.#host.onFailed(this, status, cause);
  }

  onCancel(): void {
    this.#isCanceled = true;
  }
}

/** Returns the id of a dialog (§12). Neither a Call-ID nor a tag contains a line feed. */
export function dialogId(callId: string, callerTag: string, calleeTag: string): string {
  return `${bounded(callId)}\n${bounded(callerTag)}\n${bounded(calleeTag)}`;
}

/** Returns the id of an established dialog, as `dialogId` makes it. */
export function dialogIdOf({ id }: Dialog): string {
  const [callId, callerTag, calleeTag] = id.split("\n");
  return dialogId(callId, callerTag, calleeTag);
}

/** Bounds a text: calls are remembered for hours, and a tag may be as long as a message. */
function bounded(text: string): string {
  return text.length <= MAX_SHOWN_TEXT ? text : hash("sha256", text);
}

/** Returns the beginning of a text, detached from its message. */
export function shownText(text: string): string {
  return detachText(text.slice(0, MAX_SHOWN_TEXT));
}
