/** The part that both server transactions share (§17.2): the last response, its way back, and the end. */
import type { SipRequest } from "../message/sip_message.ts";
import type { Timer } from "../runtime/timer_wheel.ts";
import { type Flow, isReliable } from "../transport/transport.ts";
import type { ResponseRoute, TransactionHost } from "./transaction_host.ts";
import type { ServerTransaction } from "./transaction_user.ts";

export type ServerState = "trying" | "proceeding" | "accepted" | "completed" | "confirmed" | "terminated";

export interface ServerMachineParts {
  readonly key: string;
  readonly flow: Flow;
  readonly route: ResponseRoute;
}

export abstract class ServerMachine implements ServerTransaction {
  request: SipRequest | undefined;
  readonly flow: Flow;
  onCancel: ((reasons: string) => void) | undefined = undefined;
  protected readonly host: TransactionHost;
  protected readonly isReliable: boolean;
  protected readonly stateTimer: Timer;
  protected lastResponse = "";
  readonly #key: string;
  readonly #route: ResponseRoute;
  #state: ServerState;
  /** Bytes counted by `TransactionHost.keep`. */
  #kept: number;

  constructor(host: TransactionHost, request: SipRequest, parts: ServerMachineParts) {
    this.host = host;
    this.request = request;
    this.flow = parts.flow;
    this.#key = parts.key;
    this.#route = parts.route;
    this.isReliable = isReliable(parts.route.flow.protocol);
    this.#state = request.method === "INVITE" ? "proceeding" : "trying";
    this.#kept = host.keep(0, parts.key.length + request.text.length);
    this.stateTimer = host.timer(() => this.onStateTimer());
  }

  abstract respond(status: number, text: string): void;
  protected abstract onStateTimer(): void;

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
    this.host.respond(text, this.#route);
  }

  /** Lets go of the request, which a final response has answered. */
  protected forgetRequest(): void {
    this.request = undefined;
    this.onCancel = undefined;
  }

  /** Keeps a response for retransmissions, "" for none. */
  protected keepResponse(text: string): void {
    this.lastResponse = text;
    const others = this.#key.length + (this.request?.text.length ?? 0);
    this.#kept = this.host.keep(this.#kept, others + text.length);
  }

  protected terminate(): void {
    this.#state = "terminated";
    this.#kept = this.host.keep(this.#kept, 0);
    this.stateTimer.stop();
    this.host.endServer(this.#key);
  }
}
