/**
 * The INVITE server transaction (§17.2.1 as changed by RFC 6026 §7.1).
 *
 *     Proceeding ──2xx──▶ Accepted ──L──▶ Terminated
 *         └──3xx–6xx──▶ Completed ──ACK──▶ Confirmed ──I──▶ Terminated
 *                           └──H──▶ Terminated, without an ACK
 */
import type { SipRequest } from "../message/sip_message.ts";
import type { Timer } from "../runtime/timer_wheel.ts";
import { type Flow, isReliable } from "../transport/transport.ts";
import type { ResponseRoute, TransactionHost } from "./transaction_host.ts";
import type { ServerTransaction } from "./transaction_user.ts";

type State = "proceeding" | "accepted" | "completed" | "confirmed" | "terminated";

export class InviteServerTransaction implements ServerTransaction {
  request: SipRequest | undefined;
  readonly flow: Flow;
  onCancel: ((reasons: string) => void) | undefined = undefined;
  readonly #host: TransactionHost;
  readonly #key: string;
  readonly #route: ResponseRoute;
  readonly #stateTimer: Timer;
  #retransmission: Timer | undefined;
  #interval = 0;
  #state: State = "proceeding";
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
    this.#stateTimer = host.timer(() => this.#terminate());
  }

  get state(): State {
    return this.#state;
  }

  get isAnswered(): boolean {
    return this.#state !== "proceeding";
  }

  respond(status: number, text: string): void {
    if (this.#state === "accepted" && status >= 200 && status < 300) {
      // Retransmissions and the 2xx of other branches are for the user agents (RFC 6026 §7.1).
      return this.#host.respond(text, this.#route);
    }
    if (this.#state !== "proceeding") return;
    this.#host.respond(text, this.#route);
    if (status < 200) return this.#keepResponse(text);
    this.request = undefined;
    this.onCancel = undefined;
    const { t1 } = this.#host.timers;
    if (status < 300) {
      this.#state = "accepted";
      this.#keepResponse("");
      this.#stateTimer.start(64 * t1); // Timer L
      return;
    }
    this.#state = "completed";
    this.#keepResponse(text);
    this.#stateTimer.start(64 * t1); // Timer H
    if (isReliable(this.#route.flow.protocol)) return;
    this.#interval = t1;
    this.#retransmission = this.#host.timer(() => this.#retransmit());
    this.#retransmission.start(t1); // Timer G
  }

  /** Repeats the last response when the INVITE is received again. */
  onRetransmission(): void {
    // In Accepted the user agent repeats the 2xx.
    if (this.#state !== "proceeding" && this.#state !== "completed") return;
    if (this.#lastResponse !== "") this.#host.respond(this.#lastResponse, this.#route);
  }

  /** Takes an ACK for a non-2xx; returns false for an ACK that is the user's (Accepted). */
  onAck(): boolean {
    if (this.#state === "accepted" || this.#state === "proceeding") return this.#state === "proceeding";
    if (this.#state !== "completed") return true;
    this.#state = "confirmed";
    this.#retransmission?.stop();
    this.#keepResponse("");
    if (isReliable(this.#route.flow.protocol)) this.#terminate();
    else this.#stateTimer.start(this.#host.timers.t4); // Timer I
    return true;
  }

  /** Keeps a response for retransmissions, "" for none. */
  #keepResponse(text: string): void {
    this.#lastResponse = text;
    const others = this.#key.length + (this.request?.text.length ?? 0);
    this.#kept = this.#host.keep(this.#kept, others + text.length);
  }

  #retransmit(): void {
    if (this.#state !== "completed") return;
    this.#host.respond(this.#lastResponse, this.#route);
    this.#interval = Math.min(2 * this.#interval, this.#host.timers.t2);
    this.#retransmission?.start(this.#interval);
  }

  #terminate(): void {
    this.#state = "terminated";
    this.#kept = this.#host.keep(this.#kept, 0);
    this.#stateTimer.stop();
    this.#retransmission?.stop();
    this.#host.endServer(this.#key);
  }
}
