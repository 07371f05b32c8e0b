/**
 * The INVITE client transaction (§17.1.1 as changed by RFC 6026 §7.2).
 *
 *     Calling ──1xx──▶ Proceeding ──2xx──▶ Accepted ──M──▶ Terminated
 *        │ A: again       └──3xx–6xx──▶ Completed ──D──▶ Terminated
 *        └──B──▶ timeout ◀──64·T1 after a CANCEL
 */
import type { SipResponse } from "../message/sip_message.ts";
import type { Timer } from "../runtime/timer_wheel.ts";
import { type Flow, isReliable } from "../transport/transport.ts";
import { buildAck } from "./follow_up_request.ts";
import type { TransactionHost } from "./transaction_host.ts";
import {
  type ClientTransaction,
  type ClientTransactionUser,
  type OutgoingRequest,
  wholeText,
} from "./transaction_user.ts";

/** Timer D: at least 32 s on unreliable transports (§17.1.1.2). */
const TIMER_D = 32_000;

type State = "calling" | "proceeding" | "accepted" | "completed" | "terminated";

export class InviteClientTransaction implements ClientTransaction {
  readonly method = "INVITE";
  readonly flow: Flow;
  readonly branch: string;
  readonly #host: TransactionHost;
  readonly #user: ClientTransactionUser;
  readonly #isReliable: boolean;
  readonly #stateTimer: Timer;
  readonly #request: OutgoingRequest;
  #retransmission: Timer | undefined;
  #interval = 0;
  /** Bytes counted by `TransactionHost.keep`. */
  #kept = 0;
  #state: State = "calling";
  #ack = "";
  #isCancelled = false;
  /** Reason lines of a CANCEL that waits for a provisional response. */
  #reasons = "";

  constructor(host: TransactionHost, request: OutgoingRequest, user: ClientTransactionUser) {
    this.#host = host;
    this.#request = request;
    this.#user = user;
    this.flow = request.flow;
    this.branch = request.branch;
    this.#isReliable = isReliable(request.flow.protocol);
    this.#stateTimer = host.timer(() => this.#onStateTimer());
  }

  get state(): State {
    return this.#state;
  }

  /** Sends the request and starts Timers A and B. */
  start(): void {
    const { t1 } = this.#host.timers;
    this.#kept = this.#host.keep(0, this.#request.text.length);
    this.#stateTimer.start(64 * t1); // Timer B
    if (!this.#isReliable) {
      this.#interval = t1;
      this.#retransmission = this.#host.timer(() => this.#retransmit());
      this.#retransmission.start(t1); // Timer A
    }
    this.#send();
  }

  onResponse(response: SipResponse): void {
    const { status } = response;
    const isOpen = this.#state === "calling" || this.#state === "proceeding";
    if (status < 200) {
      if (!isOpen) return;
      if (this.#state === "calling") this.#proceed();
      return this.#user.onResponse(response);
    }
    if (status < 300) {
      if (!isOpen && this.#state !== "accepted") return;
      if (isOpen) this.#accept();
      return this.#user.onResponse(response);
    }
    if (this.#state === "completed") return this.#host.send(this.#ack, this.flow);
    if (!isOpen) return;
    this.#complete(response);
    this.#user.onResponse(response);
  }

  cancel(reasons = ""): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#reasons = reasons;
    if (this.#state === "proceeding") return this.#sendCancel();
    if (this.#state !== "calling") return;
    // A CANCEL may have to wait for a provisional response (§9.1), beyond the transactions that share the tail.
    const { text, tail = "" } = this.#request;
    this.#kept = this.#host.keep(this.#kept, text.length + tail.length);
  }

  /** Fails: the connection for responses is closed. */
  onFlowClosed(): void {
    this.#fail("Connection is closed");
  }

  /** Fails: the destination is unreachable (§18.4). */
  onUnreachable(): void {
    this.#fail("Destination is unreachable");
  }

  abandon(): void {
    if (this.#state !== "terminated") this.#terminate();
  }

  #proceed(): void {
    this.#state = "proceeding";
    this.#stopRetransmission();
    this.#stateTimer.stop();
    if (this.#isCancelled) this.#sendCancel();
  }

  #sendCancel(): void {
    this.#host.cancel(this.#request, this.#reasons);
    // An RFC 2543 server may never answer a cancelled INVITE (§9.1).
    this.#stateTimer.start(64 * this.#host.timers.t1);
  }

  #accept(): void {
    this.#state = "accepted";
    this.#stopRetransmission();
    this.#stateTimer.start(64 * this.#host.timers.t1); // Timer M
    this.#forgetRequest("");
  }

  /** Replaces the request by its ACK, "" for none. */
  #forgetRequest(ack: string): void {
    this.#ack = ack;
    this.#request.text = "";
    this.#request.tail = undefined;
    this.#kept = this.#host.keep(this.#kept, ack.length);
  }

  #complete(response: SipResponse): void {
    this.#state = "completed";
    this.#stopRetransmission();
    this.#forgetRequest(buildAck(wholeText(this.#request), response));
    this.#host.send(this.#ack, this.flow);
    if (this.#isReliable) this.#terminate();
    else this.#stateTimer.start(TIMER_D);
  }

  #send(): void {
    this.#host.send(wholeText(this.#request), this.flow, (reason) => this.#fail(reason));
  }

  #fail(reason: string): void {
    if (this.#state !== "calling" && this.#state !== "proceeding") return;
    this.#terminate();
    this.#user.onFailure(reason);
  }

  #retransmit(): void {
    if (this.#state !== "calling") return;
    this.#send();
    this.#interval *= 2;
    this.#retransmission?.start(this.#interval);
  }

  #stopRetransmission(): void {
    this.#retransmission?.stop();
    this.#retransmission = undefined;
  }

  #onStateTimer(): void {
    const isTimeout = this.#state === "calling" || this.#state === "proceeding";
    this.#terminate();
    if (isTimeout) this.#user.onTimeout();
  }

  #terminate(): void {
    this.#state = "terminated";
    this.#kept = this.#host.keep(this.#kept, 0);
    this.#stateTimer.stop();
    this.#stopRetransmission();
    this.#host.endClient(this.#request, this);
  }
}
