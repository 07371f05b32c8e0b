/**
 * The non-INVITE server transaction (§17.2.2, RFC 4320).
 *
 *     Trying ──100──▶ Proceeding ──final──▶ Completed ──J──▶ Terminated
 */
import { buildResponse } from "../message/response_builder.ts";
import type { SipRequest } from "../message/sip_message.ts";
import { ServerMachine, type ServerMachineParts } from "./server_machine.ts";
import type { TransactionHost } from "./transaction_host.ts";

/** Timer E fires after 1, 2 and 4 times T1 before it reaches T2. */
const UNTIL_100 = 7;

export class NonInviteServerTransaction extends ServerMachine {
  constructor(host: TransactionHost, request: SipRequest, parts: ServerMachineParts) {
    super(host, request, parts);
    this.stateTimer.start(UNTIL_100 * host.timers.t1);
  }

  respond(status: number, text: string): void {
    if (this.isAnswered) return;
    // A 408 for a non-INVITE would come too late (RFC 4320 §4.2).
    if (status === 408) return this.terminate();
    // The transaction itself sends the only provisional response, a 100 (RFC 4320 §4.1).
    if (status < 200) return;
    this.send(text);
    this.forgetRequest();
    this.enter("completed");
    this.keepResponse(text);
    if (this.isReliable) this.terminate();
    else this.stateTimer.start(64 * this.host.timers.t1); // Timer J
  }

  /** Repeats the response when the request is received again. */
  onRetransmission(): void {
    if (this.lastResponse !== "") this.send(this.lastResponse);
  }

  /** Sends a 100 when the client's Timer E has reached T2 (RFC 4320 §4.1). */
  onTimer(): void {
    if (this.state !== "trying" || !this.request) return this.terminate();
    this.enter("proceeding");
    this.lastResponse = buildResponse(this.request, { status: 100 });
    this.send(this.lastResponse);
    // Without an answer the transaction ends with the client's Timer F.
    this.stateTimer.start((64 - UNTIL_100) * this.host.timers.t1);
  }
}
