/** A call under way, which hears what becomes of its INVITE. */
import { hash } from "node:crypto";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import { detachText } from "../../runtime/detached_text.ts";
import { randomToken } from "../../runtime/random.ts";
import type { FailureCause, ForwardingObserver } from "../proxy/forwarding_observer.ts";
import { MAX_SHOWN_TEXT, shownUri } from "../shown_uri.ts";
import type { Call, CallBeginning, CallState } from "./call.ts";

/** What a call tells the table of calls. */
export interface CallProgressHost {
  /** A success goes to the caller; of a forked call there may be several. */
  onAnswered(call: CallProgress, response: SipResponse): void;
  /** The caller was told that there is no success. */
  onFailed(call: CallProgress, status: number, cause: FailureCause): void;
}

export class CallProgress implements Call, ForwardingObserver {
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
  /** First part of the ids of all dialogs that the INVITE makes. */
  readonly #dialogPrefix: string;
  state: CallState = "trying";
  answeredAt: number | undefined;
  /** `Clock.now` milliseconds of the latest request. */
  heardOf: number;
  /** Ids of the dialogs with those who have answered and not hung up. */
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
    this.heardOf = now;
    this.#dialogPrefix = detachText(dialogId(request.callId, request.from.tag, ""));
  }

  /** The id of the dialog with who has answered with this tag. */
  dialogWith(calleeTag: string): string {
    return detachText(`${this.#dialogPrefix}${bounded(calleeTag)}`);
  }

  /** Whether what follows comes by here as well. */
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

/** What tells dialogs apart (§12): neither a Call-ID nor a tag has a line feed in it. */
export function dialogId(callId: string, callerTag: string, calleeTag: string): string {
  return `${bounded(callId)}\n${bounded(callerTag)}\n${bounded(calleeTag)}`;
}

/** A message may consist of little else; calls are remembered for hours. */
function bounded(text: string): string {
  return text.length <= MAX_SHOWN_TEXT ? text : hash("sha256", text);
}

/** The beginning of a text that another end has chosen, without its message. */
export function shownText(text: string): string {
  return detachText(text.slice(0, MAX_SHOWN_TEXT));
}
