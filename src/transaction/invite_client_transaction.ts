/**
 * The INVITE client transaction (§17.1.1 as changed by RFC 6026 §7.2).
 *
 *     Calling ──1xx──▶ Proceeding ──2xx──▶ Accepted ──M──▶ Terminated
 *        │ A: again       └──3xx–6xx──▶ Completed ──D──▶ Terminated
 *        └──B──▶ timeout ◀──64·T1 after a CANCEL
 */
import type { SipResponse } from "../message/sip_message.ts";
import { ClientMachine } from "./client_machine.ts";
import { buildAck } from "./follow_up_request.ts";
import { wholeText } from "./transaction_user.ts";

/** Timer D: at least 32 s on unreliable transports (§17.1.1.2). */
const TIMER_D = 32_000;

export class InviteClientTransaction extends ClientMachine {
  #ack = "";
  #isCancelled = false;
  /** Reason lines of a CANCEL that waits for a provisional response. */
  #reasons = "";

  onResponse(response: SipResponse): void {
    const { status } = response;
    const { isOpen } = this;
    if (status < 200) {
      if (!isOpen) return;
      if (this.state === "calling") this.#proceed();
      return this.user.onResponse(response);
    }
    if (status < 300) {
      if (!isOpen && this.state !== "accepted") return;
      if (isOpen) this.#accept();
      return this.user.onResponse(response);
    }
    if (this.state === "completed") return this.host.send(this.#ack, this.flow);
    if (!isOpen) return;
    this.#complete(response);
    this.user.onResponse(response);
  }

  cancel(reasons = ""): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#reasons = reasons;
    if (this.state === "proceeding") return this.#sendCancel();
    // A CANCEL may have to wait for a provisional response (§9.1).
    if (this.state === "calling") this.keepWholeRequest();
  }

  protected intervalAfter(interval: number): number {
    return 2 * interval;
  }

  #proceed(): void {
    this.enter("proceeding");
    this.stopRetransmission();
    this.stateTimer.stop();
    if (this.#isCancelled) this.#sendCancel();
  }

  #sendCancel(): void {
    this.host.cancel(this.request, this.#reasons);
    // An RFC 2543 server may never answer a cancelled INVITE (§9.1).
    this.stateTimer.start(64 * this.host.timers.t1);
  }

  #accept(): void {
    this.enter("accepted");
    this.stopRetransmission();
    this.stateTimer.start(64 * this.host.timers.t1); // Timer M
    this.forgetRequest();
  }

  #complete(response: SipResponse): void {
    this.enter("completed");
    this.stopRetransmission();
    this.#ack = buildAck(wholeText(this.request), response);
    this.forgetRequest();
    this.keep(this.#ack.length);
    this.host.send(this.#ack, this.flow);
    if (this.isReliable) this.terminate();
    else this.stateTimer.start(TIMER_D);
  }
}
