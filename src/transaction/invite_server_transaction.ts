/**
 * The INVITE server transaction (§17.2.1 as changed by RFC 6026 §7.1).
 *
 *     Proceeding ──2xx──▶ Accepted ──L──▶ Terminated
 *         └──3xx–6xx──▶ Completed ──ACK──▶ Confirmed ──I──▶ Terminated
 *                           └──H──▶ Terminated, without an ACK
 */
import type { Timer } from "../runtime/timer_wheel.ts";
import { ServerMachine } from "./server_machine.ts";

export class InviteServerTransaction extends ServerMachine {
  #retransmission: Timer | undefined;
  #interval = 0;

  respond(status: number, text: string): void {
    if (this.state === "accepted" && status >= 200 && status < 300) {
      // Retransmissions and the 2xx of other branches are for the user agents (RFC 6026 §7.1).
      return this.send(text);
    }
    if (this.state !== "proceeding") return;
    this.send(text);
    if (status < 200) return this.keepResponse(text);
    this.forgetRequest();
    const { t1 } = this.host.timers;
    this.stateTimer.start(64 * t1); // Timer L or H
    if (status < 300) {
      this.enter("accepted");
      return this.keepResponse("");
    }
    this.enter("completed");
    this.keepResponse(text);
    if (this.isReliable) return;
    this.#interval = t1;
    this.#retransmission = this.host.timerOf(this);
    this.#retransmission.start(t1); // Timer G
  }

  /** Repeats the last response when the INVITE is received again. */
  onRetransmission(): void {
    // In Accepted the user agent repeats the 2xx.
    if (this.state !== "proceeding" && this.state !== "completed") return;
    if (this.lastResponse !== "") this.send(this.lastResponse);
  }

  /** Takes an ACK for a non-2xx; returns false for an ACK that is the user's (Accepted). */
  onAck(): boolean {
    if (this.state === "accepted" || this.state === "proceeding") return this.state === "proceeding";
    if (this.state !== "completed") return true;
    this.enter("confirmed");
    this.#retransmission?.stop();
    this.keepResponse("");
    if (this.isReliable) this.terminate();
    else this.stateTimer.start(this.host.timers.t4); // Timer I
    return true;
  }

  onTimer(timer: Timer): void {
    if (timer === this.#retransmission) return this.#retransmit();
    this.#retransmission?.stop();
    this.terminate();
  }

  #retransmit(): void {
    if (this.state !== "completed") return;
    this.send(this.lastResponse);
    this.#interval = Math.min(2 * this.#interval, this.host.timers.t2);
    this.#retransmission?.start(this.#interval);
  }
}
