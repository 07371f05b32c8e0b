/** A call under way, which observes how its INVITE is forwarded. */
import { hash } from "node:crypto";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import { detachText } from "../../runtime/text.ts";
import { Linked } from "../../runtime/linked_set.ts";
import { randomToken } from "../../runtime/random.ts";
import type { FailureCause, ForwardingObserver } from "../proxy/forwarding_observer.ts";
import { MAX_SHOWN_TEXT, shownUri } from "../shown_uri.ts";
import type { Call, CallBeginning, CallState } from "./call.ts";

/** The table of calls as a call sees it. */
export interface CallProgressHost {
  /** A 2xx goes to the caller; a forked call may have several. */
  onAnswered(call: CallProgress, response: SipResponse): void;
  /** Another final response has gone to the caller. */
  onFailed(call: CallProgress, status: number, cause: FailureCause): void;
}

export class CallProgress extends Linked implements Call, ForwardingObserver {
  readonly id = randomToken();
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly account: Call["account"];
  readonly address: string;
  readonly transport: string;
  readonly direction: Call["direction"];
  readonly gatewayRef: string | undefined;
  readonly didRef: string | undefined;
  readonly startedAt: number;
  /** Prefix of the ids of all dialogs that the INVITE begins. */
  readonly #dialogPrefix: string;
  state: CallState = "trying";
  answeredAt: number | undefined;
  /** Time of the latest request, on the scale of `Clock.now`. */
  lastRequestAt: number;
  /** Ids of the answered dialogs that are not over. */
  dialogs: readonly string[] = [];
  readonly #host: CallProgressHost;
  #isRecorded = false;
  #isCanceled = false;

  constructor(
    host: CallProgressHost,
    { request, beginning, now, wallTime }: {
      request: SipRequest;
      beginning: CallBeginning;
      now: number;
      wallTime: number;
    },
  ) {
    super();
    this.#host = host;
    this.callId = shownText(request.callId);
    this.from = shownText(shownUri(request.from));
    this.to = shownText(shownUri(request.to));
    this.account = beginning.account;
    this.address = beginning.address;
    this.transport = beginning.transport;
    this.direction = beginning.direction;
    this.gatewayRef = beginning.gatewayRef;
    this.didRef = beginning.didRef;
    this.startedAt = wallTime;
    this.lastRequestAt = now;
    this.#dialogPrefix = detachText(dialogId(request.callId, request.from.tag, ""));
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

/** Bounds a text: calls are remembered for hours, and a tag may be as long as a message. */
function bounded(text: string): string {
  return text.length <= MAX_SHOWN_TEXT ? text : hash("sha256", text);
}

/** Returns the beginning of a text, detached from its message. */
export function shownText(text: string): string {
  return detachText(text.slice(0, MAX_SHOWN_TEXT));
}
