/**
 * The non-INVITE server transaction (§17.2.2, RFC 4320).
 *
 *     Trying ──1xx──▶ Proceeding ──final──▶ Completed ──J──▶ Terminated
 */
import type { SipRequest } from "../message/sip_message.ts";
import type { Timer } from "../runtime/timer_wheel.ts";
import { type Flow, isReliable } from "../transport/transport.ts";
import type { ResponseRoute, TransactionHost } from "./transaction_host.ts";
import type { ServerTransaction } from "./transaction_user.ts";

type State = "trying" | "proceeding" | "completed" | "terminated";

export class NonInviteServerTransaction implements ServerTransaction {
  request: SipRequest | undefined;
  readonly flow: Flow;
  onCancel: (() => void) | undefined = undefined;
  readonly #host: TransactionHost;
  readonly #key: string;
  readonly #route: ResponseRoute;
  readonly #timer: Timer;
  #state: State = "trying";
  #lastResponse = "";

  constructor(
    host: TransactionHost,
    request: SipRequest,
    place: { key: string; flow: Flow; route: ResponseRoute },
  ) {
    this.#host = host;
    this.request = request;
    this.flow = place.flow;
    this.#key = place.key;
    this.#route = place.route;
    this.#timer = host.timer(() => this.#terminate());
    // A transaction that is never answered ends with the client's Timer F (RFC 4320 §4.1).
    this.#timer.start(64 * host.timers.t1);
  }

  get state(): State {
    return this.#state;
  }

  get isAnswered(): boolean {
    return this.#state === "completed" || this.#state === "terminated";
  }

  respond(status: number, text: string): void {
    if (this.isAnswered) return;
    // No 408 for a request that is not INVITE: it would come too late (RFC 4320 §4.2).
    if (status === 408) return this.#terminate();
    if (status < 200) {
      // Only 100 may be sent, and only when the request comes again (RFC 4320 §4.1).
      if (status !== 100) return;
      this.#state = "proceeding";
      this.#lastResponse = text;
      return;
    }
    this.#host.respond(text, this.#route);
    this.request = undefined;
    this.#state = "completed";
    this.#lastResponse = text;
    if (isReliable(this.#route.flow.protocol)) this.#terminate();
    else this.#timer.start(64 * this.#host.timers.t1); // Timer J
  }

  /** The request came again. */
  onRetransmission(): void {
    if (this.#lastResponse !== "") this.#host.respond(this.#lastResponse, this.#route);
  }

  #terminate(): void {
    this.#state = "terminated";
    this.#timer.stop();
    this.#host.endServer(this.#key);
  }
}
