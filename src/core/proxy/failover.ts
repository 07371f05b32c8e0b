/** The endpoints that a branch may go to, one client transaction for each (RFC 3263 §4.3). */
import type { SipResponse } from "../../message/sip_message.ts";
import type { ClientTransaction, ClientTransactionUser } from "../../transaction/transaction_user.ts";
import type { Destination } from "../../transport/dns/destination.ts";
import { type EndpointAttempt, EndpointAttempts, type EndpointAttemptsParts } from "../endpoint_attempts.ts";
import type { Branch } from "./branch.ts";
import { COMPLETED_ELSEWHERE, NOT_ANSWERED } from "./cancel_reason.ts";

/** Silence of another node, in multiples of T1: 2 s, two retransmissions. It sends 100 at once while it lives. */
export const NODE_PATIENCE = 4;

export interface FailoverParts extends Omit<EndpointAttemptsParts, "send" | "onSilence"> {
  /** Sends the request to an endpoint in a new client transaction; undefined when no transport reaches it. */
  send(
    attempt: EndpointAttempt,
    attempts: EndpointAttempts,
    user: ClientTransactionUser,
  ): ClientTransaction | undefined;
}

export class Failover {
  /** Forgotten once the branch has ended: it holds on to the request. */
  #attempts: EndpointAttempts | undefined;
  readonly #branch: Branch;
  #current: Try | undefined;

  constructor(parts: FailoverParts, branch: Branch, destinations: readonly Destination[]) {
    this.#branch = branch;
    const attempts = new EndpointAttempts({
      ...parts,
      send: (attempt) => {
        const current = new Try(this, attempt);
        this.#current = current;
        const client = parts.send(attempt, attempts, current);
        if (!client) return false;
        current.client = client;
        branch.begin(client);
        return true;
      },
      onSilence: () => this.#giveUp(),
    }, destinations);
    this.#attempts = attempts;
  }

  /** Tries the next endpoint; false when there is none. */
  next(): boolean {
    return this.#attempts?.next() ?? false;
  }

  /** Asks the current endpoint once more, by another request. */
  again(send: (user: ClientTransactionUser) => ClientTransaction): void {
    const current = this.#current;
    if (!current) return;
    current.client = send(current);
    this.#branch.begin(current.client);
  }

  onResponse(by: Try, response: SipResponse): void {
    if (by !== this.#current) {
      // An endpoint that was slow, and answers after all, has won: every 2xx goes to the caller (§16.7 step 5).
      if (response.status < 200 || response.status >= 300) return;
      this.#current?.client?.cancel(COMPLETED_ELSEWHERE);
      this.#current = by;
      if (by.client) this.#branch.begin(by.client);
    }
    this.#attempts?.succeed(by.attempt);
    if (response.status === 503 && this.#isWanted) {
      this.#attempts?.dropFallbacks();
      if (this.next()) return;
    }
    this.#report((branch) => branch.onResponse(response));
  }

  /** `report` tells the branch, when nobody else is to be asked. */
  onFailure(by: Try, report: (branch: Branch) => void): void {
    if (by !== this.#current) return;
    this.#attempts?.stop();
    // What was heard of once has the request; nobody else must get it, too.
    if (this.#branch.wasAnswered) return this.#report(report);
    this.#attempts?.fail(by.attempt);
    if (!this.#isWanted || !this.next()) this.#report(report);
  }

  #report(report: (branch: Branch) => void): void {
    report(this.#branch);
    if (!this.#branch.isPending) this.#attempts = undefined;
  }

  get #isWanted(): boolean {
    return this.#branch.isPending && !this.#branch.isCancelled;
  }

  /** Nothing was heard for so long that somebody else is asked; before Timer B the caller would have hung up. */
  #giveUp(): void {
    const slow = this.#current;
    if (!slow || !this.#isWanted) return;
    // As soon as it says anything it hears a CANCEL.
    slow.client?.cancel(NOT_ANSWERED);
    this.#attempts?.fail(slow.attempt);
    if (!this.next()) this.#report((branch) => branch.onTimeout());
  }
}

/** The user of one client transaction. */
class Try implements ClientTransactionUser {
  readonly attempt: EndpointAttempt;
  readonly #failover: Failover;
  client: ClientTransaction | undefined;

  constructor(failover: Failover, attempt: EndpointAttempt) {
    this.#failover = failover;
    this.attempt = attempt;
  }

  onResponse(response: SipResponse): void {
    this.#failover.onResponse(this, response);
  }

  onTimeout(): void {
    this.#failover.onFailure(this, (branch) => branch.onTimeout());
  }

  onFailure(reason: string): void {
    this.#failover.onFailure(this, (branch) => branch.onFailure(reason));
  }
}
