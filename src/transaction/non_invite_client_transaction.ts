/**
 * The non-INVITE client transaction (§17.1.2).
 *
 *     Trying ──1xx──▶ Proceeding ──final──▶ Completed ──K──▶ Terminated
 *        └─E: again──────┴─F──▶ timeout
 */
import type { SipResponse } from "../message/sip_message.ts";
import type { Timer } from "../runtime/timer_wheel.ts";
import { type Flow, isReliable } from "../transport/transport.ts";
import type { TransactionHost } from "./transaction_host.ts";
import {
  type ClientTransaction,
  type ClientTransactionUser,
  NO_USER,
  type OutgoingRequest,
  wholeText,
} from "./transaction_user.ts";

type State = "trying" | "proceeding" | "completed" | "terminated";

export class NonInviteClientTransaction implements ClientTransaction {
  readonly flow: Flow;
  readonly branch: string;
  readonly #host: TransactionHost;
  /** Let go with the final response, because a user keeps much more than the transaction needs. */
  #user: ClientTransactionUser;
  readonly #request: OutgoingRequest;
  readonly #stateTimer: Timer;
  #retransmission: Timer | undefined;
  #interval = 0;
  /** Bytes counted by `TransactionHost.keep`. */
  #kept = 0;
  #state: State = "trying";

  constructor(host: TransactionHost, request: OutgoingRequest, user: ClientTransactionUser) {
    this.#host = host;
    this.#request = request;
    this.#user = user;
    this.flow = request.flow;
    this.branch = request.branch;
    this.#stateTimer = host.timer(() => this.#onStateTimer());
  }

  get method(): string {
    return this.#request.method;
  }

  get state(): State {
    return this.#state;
  }

  /** Sends the request and starts Timers E and F. */
  start(): void {
    const { t1 } = this.#host.timers;
    const { text, tail = "" } = this.#request;
    // The transaction may outlive the others that share its tail.
    this.#kept = this.#host.keep(0, text.length + tail.length);
    this.#stateTimer.start(64 * t1); // Timer F
    if (!isReliable(this.flow.protocol)) {
      this.#interval = t1;
      this.#retransmission = this.#host.timer(() => this.#retransmit());
      this.#retransmission.start(t1); // Timer E
    }
    this.#send();
  }

  onResponse(response: SipResponse): void {
    if (this.#state !== "trying" && this.#state !== "proceeding") return;
    if (response.status < 200) {
      this.#state = "proceeding";
      return this.#user.onResponse(response);
    }
    this.#state = "completed";
    this.#request.text = "";
    this.#request.tail = undefined;
    this.#kept = this.#host.keep(this.#kept, 0);
    this.#stopRetransmission();
    if (isReliable(this.flow.protocol)) this.#terminate();
    else this.#stateTimer.start(this.#host.timers.t4); // Timer K
    const user = this.#user;
    this.#user = NO_USER;
    user.onResponse(response);
  }

  /** Only INVITE can be cancelled (§9.1). */
  cancel(): void {}

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

  #send(): void {
    this.#host.send(wholeText(this.#request), this.flow, (reason) => this.#fail(reason));
  }

  #fail(reason: string): void {
    if (this.#state !== "trying" && this.#state !== "proceeding") return;
    this.#terminate();
    this.#user.onFailure(reason);
  }

  #retransmit(): void {
    if (this.#state !== "trying" && this.#state !== "proceeding") return;
    this.#send();
    const { t2 } = this.#host.timers;
    this.#interval = this.#state === "proceeding" ? t2 : Math.min(2 * this.#interval, t2);
    this.#retransmission?.start(this.#interval);
  }

  #stopRetransmission(): void {
    this.#retransmission?.stop();
    this.#retransmission = undefined;
  }

  #onStateTimer(): void {
    const isTimeout = this.#state !== "completed";
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
