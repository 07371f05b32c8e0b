/** The places that a request may go to, tried one after the other (RFC 3263 §4.3). */
import type { SipResponse } from "../../message/sip_message.ts";
import type { ClientTransaction, ClientTransactionUser } from "../../transaction/transaction_user.ts";
import type { Destination } from "../../transport/dns/destination.ts";
import type { ServerLocator } from "../../transport/dns/server_locator.ts";
import type { Branch } from "./branch.ts";
import { COMPLETED_ELSEWHERE, NOT_ANSWERED } from "./cancel_reason.ts";

/** How many times T1 a place may stay silent while there is another one to try: 6 s, four retransmissions. */
export const FAILOVER_PATIENCE = 12;

/** The same for another node, which is near and sends 100 at once: 2 s, two retransmissions. It may have just died. */
export const NODE_PATIENCE = 4;

/** One try. */
export interface Attempt {
  readonly destination: Destination;
  /** Whether it is for the case that a large request was refused by TCP and has to go by UDP after all (§18.1.1). */
  readonly isFallback: boolean;
}

/** What a failover asks of the proxy core. */
export interface FailoverParts {
  readonly locator: Pick<ServerLocator, "noteFailure" | "noteSuccess">;
  /** Milliseconds without any response after which the next place is tried, when there is one. */
  readonly patience: number;
  /** Whether the last place, too, has to answer in that time: it sends 100 at once. */
  readonly isLastWatched: boolean;
  timer(callback: () => void): { start(delay: number): void; stop(): void };
  /**
   * Sends the request there in a new client transaction. What has to be tried next if that fails may be put before
   * `attempts`. Undefined when no transport can reach the place.
   */
  send(attempt: Attempt, attempts: Attempt[], user: ClientTransactionUser): ClientTransaction | undefined;
}

/** Finds the place that answers a branch: one client transaction after the other. */
export class Failover {
  /** Forgotten once the branch has ended: it holds on to the request. */
  #parts: FailoverParts | undefined;
  readonly #branch: Branch;
  readonly #attempts: Attempt[];
  #timer: { start(delay: number): void; stop(): void } | undefined;
  #current: Try | undefined;

  constructor(parts: FailoverParts, branch: Branch, destinations: readonly Destination[]) {
    this.#parts = parts;
    this.#branch = branch;
    this.#attempts = destinations.map((destination) => ({ destination, isFallback: false }));
  }

  /** Tries the next place; false when there is none. */
  next(): boolean {
    const parts = this.#parts;
    if (!parts) return false;
    for (let attempt = this.#attempts.shift(); attempt; attempt = this.#attempts.shift()) {
      const current = new Try(this, attempt);
      this.#current = current;
      const client = parts.send(attempt, this.#attempts, current);
      if (!client) continue;
      current.client = client;
      if (this.#attempts.length > 0 || parts.isLastWatched) this.#watch(parts);
      this.#branch.begin(client);
      return true;
    }
    return false;
  }

  /** Asks the place that is being tried once more, by another request. */
  again(send: (user: ClientTransactionUser) => ClientTransaction): void {
    const current = this.#current;
    if (!current) return;
    current.client = send(current);
    this.#branch.begin(current.client);
  }

  onResponse(by: Try, response: SipResponse): void {
    if (by !== this.#current) {
      // A place that was slow, and is answered after all, has won: every 2xx goes to the caller (§16.7 step 5).
      if (response.status < 200 || response.status >= 300) return;
      this.#current?.client?.cancel(COMPLETED_ELSEWHERE);
      this.#current = by;
    }
    this.#timer?.stop();
    this.#parts?.locator.noteSuccess(by.destination);
    // It refused, so there is no sense in asking it by another transport.
    if (response.status === 503 && this.#isWanted) {
      while (this.#attempts[0]?.isFallback) this.#attempts.shift();
      if (this.next()) return;
    }
    this.#report((branch) => branch.onResponse(response));
  }

  /** `report` tells the branch, when nobody else is to be asked. */
  onFailure(by: Try, report: (branch: Branch) => void): void {
    if (by !== this.#current) return;
    this.#timer?.stop();
    // What was heard of once has the request; nobody else must get it, too.
    if (this.#branch.wasAnswered) return this.#report(report);
    this.#parts?.locator.noteFailure(by.destination);
    if (!this.#isWanted || !this.next()) this.#report(report);
  }

  #report(report: (branch: Branch) => void): void {
    report(this.#branch);
    if (!this.#branch.isPending) this.#parts = undefined;
  }

  get #isWanted(): boolean {
    return this.#branch.isPending && !this.#branch.isCancelled;
  }

  #watch({ timer, patience }: FailoverParts): void {
    this.#timer ??= timer(() => this.#giveUp());
    this.#timer.start(patience);
  }

  /** Nothing was heard for so long that somebody else is asked; before Timer B the caller would have hung up. */
  #giveUp(): void {
    const slow = this.#current;
    if (!slow || !this.#isWanted) return;
    // As soon as it says anything it hears a CANCEL.
    slow.client?.cancel(NOT_ANSWERED);
    this.#parts?.locator.noteFailure(slow.destination);
    if (!this.next()) this.#report((branch) => branch.onTimeout());
  }
}

/** The user of one client transaction. */
class Try implements ClientTransactionUser {
  readonly destination: Destination;
  readonly #failover: Failover;
  client: ClientTransaction | undefined;

  constructor(failover: Failover, { destination }: Attempt) {
    this.#failover = failover;
    this.destination = destination;
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
