/** The transaction layer as the four machines see it. */
import type { Timer, TimerOwner } from "../runtime/timer_wheel.ts";
import type { Flow } from "../transport/transport.ts";
import type { TransactionTimers } from "./transaction_timers.ts";
import type { ServerMachine } from "./server_machine.ts";
import type { ClientTransaction, OutgoingRequest } from "./transaction_user.ts";

/** The way of responses of a server transaction. */
export interface ResponseRoute {
  readonly responseFlow: Flow;
  /** The sent-by of the client. */
  readonly sentByHost: string;
  readonly sentByPort: number;
}

export interface TransactionHost {
  readonly timers: TransactionTimers;
  /** Counts that a transaction keeps `now` bytes of text instead of `before`; returns `now`. */
  keep(before: number, now: number): number;
  timerOf(owner: TimerOwner): Timer;
  send(text: string, flow: Flow, onFailure?: (reason: string) => void): void;
  /** Sends a response by the connection of its request or, when that is closed, by a new one (§18.2.2). */
  respond(text: string, route: ResponseRoute): void;
  /** Forgets a server transaction. */
  endServer(transaction: ServerMachine): void;
  /** Forgets a client transaction. */
  endClient(request: OutgoingRequest, transaction: ClientTransaction): void;
  /** Sends a CANCEL with Reason lines in a transaction of its own. */
  cancel(request: OutgoingRequest, reasons: string): void;
}
