/** What the four machines need of the transaction layer. */
import type { Timer } from "../runtime/timer_wheel.ts";
import type { Flow } from "../transport/transport.ts";
import type { TransactionTimers } from "./transaction_timers.ts";
import type { OutgoingRequest } from "./transaction_user.ts";

export interface TransactionHost {
  readonly timers: TransactionTimers;
  timer(callback: () => void): Timer;
  send(text: string, flow: Flow, onFailure?: (reason: string) => void): void;
  /** Forgets a server transaction. */
  endServer(key: string): void;
  /** Forgets a client transaction. */
  endClient(request: OutgoingRequest): void;
  /** Sends a CANCEL for this request, in a transaction of its own. */
  cancel(request: OutgoingRequest): void;
}
