/** The endpoints that a request may go to, tried one after the other (RFC 3263 §4.3). */
import type { Timer } from "../runtime/timer_wheel.ts";
import type { Destination } from "../transport/dns/destination.ts";
import type { ServerLocator } from "../transport/dns/server_locator.ts";

/** Multiple of T1 that an endpoint may stay silent while there is another one to try: 6 s, four retransmissions. */
export const FAILOVER_PATIENCE = 12;

/** One endpoint to try. */
export interface EndpointAttempt {
  readonly destination: Destination;
  /** True for a large request by UDP, after TCP has failed (§18.1.1). */
  readonly isFallback: boolean;
}

export interface EndpointAttemptsParts {
  readonly locator: Pick<ServerLocator, "noteFailure" | "noteSuccess">;
  /** Time without any response after which the next endpoint is tried. */
  readonly patienceMs: number;
  /** True when even the last endpoint has to answer in that time. */
  readonly isLastWatched?: boolean;
  timer(callback: () => void): Timer;
  /** Sends the request to an endpoint; false when no transport reaches it. */
  send(attempt: EndpointAttempt): boolean;
  /** The endpoint tried last has been silent for too long. */
  onSilence(): void;
}

export class EndpointAttempts {
  readonly #parts: EndpointAttemptsParts;
  #left: EndpointAttempt[];
  #timer: Timer | undefined;

  constructor(parts: EndpointAttemptsParts, destinations: readonly Destination[]) {
    this.#parts = parts;
    this.#left = destinations.map((destination) => ({ destination, isFallback: false }));
  }

  /** Tries the next endpoint that a transport reaches; false when there is none. */
  next(): boolean {
    for (let attempt = this.#left.shift(); attempt; attempt = this.#left.shift()) {
      if (!this.#parts.send(attempt)) continue;
      this.watch();
      return true;
    }
    return false;
  }

  /** Puts UDP before the other endpoints, for a large request that is tried by TCP first. */
  addFallback(destination: Destination): void {
    this.#left.unshift({ destination, isFallback: true });
  }

  /** Waits for a response to what was sent, while there is another endpoint to try. */
  watch(): void {
    const { timer, patienceMs, isLastWatched, onSilence } = this.#parts;
    if (this.#left.length === 0 && !isLastWatched) return;
    this.#timer ??= timer(onSilence);
    this.#timer.start(patienceMs);
  }

  /** An endpoint has answered. It is not asked by another transport. */
  succeed({ destination }: EndpointAttempt): void {
    this.stop();
    this.#parts.locator.noteSuccess(destination);
  }

  /** An endpoint cannot be reached, or is silent. */
  fail({ destination }: EndpointAttempt): void {
    this.stop();
    this.#parts.locator.noteFailure(destination);
  }

  /** Leaves out the fallbacks of an endpoint that has refused: it would refuse by another transport as well. */
  dropFallbacks(): void {
    this.#left = this.#left.filter(({ isFallback }) => !isFallback);
  }

  stop(): void {
    this.#timer?.stop();
  }
}
