/** The part that both client transactions share (§17.1): sending and repeating a request, its failure, and the end. */
import type { Timer, TimerOwner } from "../runtime/timer_wheel.ts";
import { type Flow, isReliable } from "../transport/transport.ts";
import type { TransactionHost } from "./transaction_host.ts";
import {
  type ClientTransaction,
  type ClientTransactionUser,
  type OutgoingRequest,
  wholeText,
} from "./transaction_user.ts";

export type ClientState = "calling" | "trying" | "proceeding" | "accepted" | "completed" | "terminated";

export abstract class ClientMachine implements ClientTransaction, TimerOwner {
  readonly flow: Flow;
  readonly branch: string;
  readonly method: string;
  protected readonly host: TransactionHost;
  protected readonly request: OutgoingRequest;
  protected readonly isReliable: boolean;
  protected readonly stateTimer: Timer;
  protected user: ClientTransactionUser;
  #retransmission: Timer | undefined;
  #interval = 0;
  /** Bytes counted by `TransactionHost.keep`. */
  #kept = 0;
  #state: ClientState;

  constructor(host: TransactionHost, request: OutgoingRequest, user: ClientTransactionUser) {
    this.host = host;
    this.request = request;
    this.user = user;
    this.flow = request.flow;
    this.branch = request.branch;
    this.method = request.method;
    this.isReliable = isReliable(request.flow.protocol);
    this.#state = request.method === "INVITE" ? "calling" : "trying";
    this.stateTimer = host.timerOf(this);
  }

  abstract cancel(reasons?: string): void;
  /** Returns the time until the next retransmission, from the last one. */
  protected abstract intervalAfter(interval: number): number;

  get state(): ClientState {
    return this.#state;
  }

  /** Sends the request and starts Timers A and B, or E and F. */
  start(): void {
    const { t1 } = this.host.timers;
    this.keep(this.request.text.length);
    this.stateTimer.start(64 * t1); // Timer B or F
    if (!this.isReliable) {
      this.#interval = t1;
      this.#retransmission = this.host.timerOf(this);
      this.#retransmission.start(t1); // Timer A or E
    }
    this.#send();
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
    if (this.#state !== "terminated") this.terminate();
  }

  /** True before a final response. */
  protected get isOpen(): boolean {
    return this.#state === "calling" || this.#state === "trying" || this.#state === "proceeding";
  }

  protected enter(state: ClientState): void {
    this.#state = state;
  }

  protected keep(bytes: number): void {
    this.#kept = this.host.keep(this.#kept, bytes);
  }

  /** Counts the tail too, when the transaction may outlive the others that share it. */
  protected keepWholeRequest(): void {
    const { text, tail = "" } = this.request;
    this.keep(text.length + tail.length);
  }

  protected forgetRequest(): void {
    this.request.text = "";
    this.request.tail = undefined;
    this.keep(0);
  }

  protected stopRetransmission(): void {
    this.#retransmission?.stop();
    this.#retransmission = undefined;
  }

  protected terminate(): void {
    this.#state = "terminated";
    this.keep(0);
    this.stateTimer.stop();
    this.stopRetransmission();
    this.host.endClient(this.request, this);
  }

  #send(): void {
    this.host.send(wholeText(this.request), this.flow, (reason) => this.#fail(reason));
  }

  #fail(reason: string): void {
    if (!this.isOpen) return;
    this.terminate();
    this.user.onFailure(reason);
  }

  #retransmit(): void {
    if (!this.isOpen) return;
    this.#send();
    this.#interval = this.intervalAfter(this.#interval);
    this.#retransmission?.start(this.#interval);
  }

  onTimer(timer: Timer): void {
    if (timer === this.#retransmission) return this.#retransmit();
    const isTimeout = this.isOpen;
    this.terminate();
    if (isTimeout) this.user.onTimeout();
  }
}
