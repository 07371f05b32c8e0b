/**
 * The non-INVITE server transaction (§17.2.2, RFC 4320).
 *
 *     Trying ──100──▶ Proceeding ──final──▶ Completed ──J──▶ Terminated
 */
import { buildResponse } from "../message/response_builder.ts";
import type { SipRequest } from "../message/sip_message.ts";
import type { Timer } from "../runtime/timer_wheel.ts";
import { type Flow, isReliable } from "../transport/transport.ts";
import type { ResponseRoute, TransactionHost } from "./transaction_host.ts";
import type { ServerTransaction } from "./transaction_user.ts";

/** Timer E fires after 1, 2 and 4 times T1 before it reaches T2. */
const UNTIL_100 = 7;

type State = "trying" | "proceeding" | "completed" | "terminated";

export class NonInviteServerTransaction implements ServerTransaction {
  request: SipRequest | undefined;
  readonly flow: Flow;
  onCancel: ((reasons: string) => void) | undefined = undefined;
  readonly #host: TransactionHost;
  readonly #key: string;
  readonly #route: ResponseRoute;
  readonly #timer: Timer;
  #state: State = "trying";
  #lastResponse = "";
  /** Bytes counted by `TransactionHost.keep`. */
  #kept: number;

  constructor(
    host: TransactionHost,
    request: SipRequest,
    parts: { key: string; flow: Flow; route: ResponseRoute },
  ) {
    this.#host = host;
    this.request = request;
    this.flow = parts.flow;
    this.#key = parts.key;
    this.#route = parts.route;
    this.#kept = host.keep(0, parts.key.length + request.text.length);
    this.#timer = host.timer(() => this.#onTimer());
    this.#timer.start(UNTIL_100 * host.timers.t1);
  }

  get state(): State {
    return this.#state;
  }

  get isAnswered(): boolean {
    return this.#state === "completed" || this.#state === "terminated";
  }

  respond(status: number, text: string): void {
    if (this.isAnswered) return;
    // A 408 for a non-INVITE would come too late (RFC 4320 §4.2).
    if (status === 408) return this.#terminate();
    // The transaction itself sends the only provisional response, a 100 (RFC 4320 §4.1).
    if (status < 200) return;
    this.#host.respond(text, this.#route);
    this.request = undefined;
    this.onCancel = undefined;
    this.#state = "completed";
    this.#lastResponse = text;
    this.#kept = this.#host.keep(this.#kept, this.#key.length + text.length);
    if (isReliable(this.#route.flow.protocol)) this.#terminate();
    else this.#timer.start(64 * this.#host.timers.t1); // Timer J
  }

  /** Repeats the response when the request is received again. */
  onRetransmission(): void {
    if (this.#lastResponse !== "") this.#host.respond(this.#lastResponse, this.#route);
  }

  /** Sends a 100 when the client's Timer E has reached T2 (RFC 4320 §4.1). */
  #onTimer(): void {
    if (this.#state !== "trying" || !this.request) return this.#terminate();
    this.#state = "proceeding";
    this.#lastResponse = buildResponse(this.request, { status: 100 });
    this.#host.respond(this.#lastResponse, this.#route);
    // Without an answer the transaction ends with the client's Timer F.
    this.#timer.start((64 - UNTIL_100) * this.#host.timers.t1);
  }

  #terminate(): void {
    this.#state = "terminated";
    this.#kept = this.#host.keep(this.#kept, 0);
    this.#timer.stop();
    this.#host.endServer(this.#key);
  }
}
