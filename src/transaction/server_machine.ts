/** The part that both server transactions share (§17.2): the last response, its way back, and the end. */
import type { SipRequest } from "../message/sip_message.ts";
import type { Timer, TimerOwner } from "../runtime/timer_wheel.ts";
import { type Flow, isReliable } from "../transport/transport.ts";
import type { ResponseRoute, TransactionHost } from "./transaction_host.ts";
import type { ServerTransaction } from "./transaction_user.ts";

export type ServerState = "trying" | "proceeding" | "accepted" | "completed" | "confirmed" | "terminated";

export interface ServerMachineParts extends ResponseRoute {
  /** What tells transactions of one client apart, beside the method: the branch, if it is unique (§17.2.3). */
  readonly id: string;
  readonly flow: Flow;
}

export abstract class ServerMachine implements ServerTransaction, ResponseRoute, TimerOwner {
  request: SipRequest | undefined;
  readonly flow: Flow;
  readonly id: string;
  readonly method: string;
  readonly responseFlow: Flow;
  readonly sentByHost: string;
  readonly sentByPort: number;
  /** @internal Of `ServerTransactions`: the hash of this transaction, and the next one that has it. */
  hash = 0;
  /** @internal */
  next: ServerMachine | undefined = undefined;
  onCancel: ((reasons: string) => void) | undefined = undefined;
  protected readonly host: TransactionHost;
  protected readonly isReliable: boolean;
  protected readonly stateTimer: Timer;
  protected lastResponse = "";
  #state: ServerState;
  /** Bytes counted by `TransactionHost.keep`. */
  #kept: number;

  constructor(host: TransactionHost, request: SipRequest, parts: ServerMachineParts) {
    this.host = host;
    this.request = request;
    this.flow = parts.flow;
    this.id = parts.id;
    this.method = request.method;
    this.responseFlow = parts.responseFlow;
    this.sentByHost = parts.sentByHost;
    this.sentByPort = parts.sentByPort;
    this.isReliable = isReliable(parts.responseFlow.protocol);
    this.#state = request.method === "INVITE" ? "proceeding" : "trying";
    this.#kept = host.keep(0, parts.id.length + request.text.length);
    this.stateTimer = host.timerOf(this);
  }

  abstract respond(status: number, text: string): void;
  abstract onTimer(timer: Timer): void;

  get state(): ServerState {
    return this.#state;
  }

  get isAnswered(): boolean {
    return this.#state !== "trying" && this.#state !== "proceeding";
  }

  protected enter(state: ServerState): void {
    this.#state = state;
  }

  protected send(text: string): void {
    this.host.respond(text, this);
  }

  /** Lets go of the request, which a final response has answered. */
  protected forgetRequest(): void {
    this.request = undefined;
    this.onCancel = undefined;
  }

  /** Keeps a response for retransmissions, "" for none. */
  protected keepResponse(text: string): void {
    this.lastResponse = text;
    const others = this.id.length + (this.request?.text.length ?? 0);
    this.#kept = this.host.keep(this.#kept, others + text.length);
  }

  protected terminate(): void {
    this.#state = "terminated";
    this.#kept = this.host.keep(this.#kept, 0);
    this.stateTimer.stop();
    this.host.endServer(this);
  }
}
