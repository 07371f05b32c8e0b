/** What the four machines need of the transaction layer. */
import type { Timer } from "../runtime/timer_wheel.ts";
import type { Flow } from "../transport/transport.ts";
import type { TransactionTimers } from "./transaction_timers.ts";
import type { ClientTransaction, OutgoingRequest } from "./transaction_user.ts";

/** Where the responses of a server transaction go. */
export interface ResponseRoute {
  readonly flow: Flow;
  /** Where the client says that it listens. */
  readonly sentBy: { readonly host: string; readonly port: number };
}

export interface TransactionHost {
  readonly timers: TransactionTimers;
  /** Notes that a transaction keeps `now` bytes of text in the place of `before`; returns `now`. */
  keep(before: number, now: number): number;
  timer(callback: () => void): Timer;
  send(text: string, flow: Flow, onFailure?: (reason: string) => void): void;
  /** Sends a response: by the connection its request came by or, when that is gone, by a new one (§18.2.2). */
  respond(text: string, route: ResponseRoute): void;
  /** Forgets a server transaction. */
  endServer(key: string): void;
  /** Forgets a client transaction. */
  endClient(request: OutgoingRequest, transaction: ClientTransaction): void;
  /** Sends a CANCEL for this request, with these Reason lines, in a transaction of its own. */
  cancel(request: OutgoingRequest, reasons: string): void;
}
