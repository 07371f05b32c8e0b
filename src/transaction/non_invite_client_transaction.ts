/**
 * The non-INVITE client transaction (§17.1.2).
 *
 *     Trying ──1xx──▶ Proceeding ──final──▶ Completed ──K──▶ Terminated
 *        └─E: again──────┴─F──▶ timeout
 */
import type { SipResponse } from "../message/sip_message.ts";
import { ClientMachine } from "./client_machine.ts";
import { NO_USER } from "./transaction_user.ts";

export class NonInviteClientTransaction extends ClientMachine {
  override start(): void {
    super.start();
    this.keepWholeRequest();
  }

  onResponse(response: SipResponse): void {
    if (!this.isOpen) return;
    if (response.status < 200) {
      this.enter("proceeding");
      return this.user.onResponse(response);
    }
    this.enter("completed");
    this.forgetRequest();
    this.stopRetransmission();
    if (this.isReliable) this.terminate();
    else this.stateTimer.start(this.host.timers.t4); // Timer K
    // A user keeps much more than the transaction needs.
    const { user } = this;
    this.user = NO_USER;
    user.onResponse(response);
  }

  /** Only INVITE can be cancelled (§9.1). */
  cancel(): void {}

  protected intervalAfter(interval: number): number {
    const { t2 } = this.host.timers;
    return this.state === "proceeding" ? t2 : Math.min(2 * interval, t2);
  }
}
