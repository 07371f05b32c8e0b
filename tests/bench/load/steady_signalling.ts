/**
 * Light signalling from a thread of its own, so that what the bench does meanwhile delays nothing: an OPTIONS and a
 * registration at each tick over UDP, for as long as it runs.
 */
import { once } from "node:events";

/** Milliseconds between two ticks, unless they are given. */
export const TICK = 5;

export interface SignallingOptions {
  /** Of the server on 127.0.0.1. */
  readonly port: number;
  /** Who register, in turn. */
  readonly subscribers: readonly Subscriber[];
  /** Milliseconds between two ticks. */
  readonly tick?: number;
}

export interface Subscriber {
  readonly user: string;
  readonly domain: string;
}

/** What was noted since the last time it was asked for. */
export interface SignallingTimes {
  readonly pings: number;
  /** Milliseconds from an OPTIONS to its answer, or until now if there is none. */
  readonly median: number;
  readonly percentile99: number;
  readonly longest: number;
  readonly registrations: number;
  /** Milliseconds that a tick of this side came late at most: so much of the waiting may be its own. */
  readonly latestTick: number;
}

export type SignallingTask =
  | ({ readonly kind: "start" } & SignallingOptions)
  | { readonly kind: "times" }
  /** Answered as soon as the subscriber registers with this secret. */
  | { readonly kind: "admit"; readonly subscriber: Subscriber; readonly secret: string };

export type SignallingAnswer = SignallingTimes | { readonly admittedAt: number };

export class SteadySignalling {
  readonly #worker = new Worker(new URL("./steady_signalling_thread.ts", import.meta.url), {
    type: "module",
  });

  constructor(options: SignallingOptions) {
    this.#worker.postMessage({ kind: "start", ...options } satisfies SignallingTask);
  }

  async times(): Promise<SignallingTimes> {
    return await this.#ask({ kind: "times" }) as SignallingTimes;
  }

  /** Tries again and again; milliseconds since the epoch at which the subscriber was registered with this secret. */
  async admission(subscriber: Subscriber, secret: string): Promise<number> {
    const { admittedAt } = await this.#ask({ kind: "admit", subscriber, secret }) as { admittedAt: number };
    return admittedAt;
  }

  stop(): void {
    this.#worker.terminate();
  }

  /** One question at a time. */
  async #ask(task: SignallingTask): Promise<SignallingAnswer> {
    const answer = once(this.#worker as unknown as EventTarget, "message");
    this.#worker.postMessage(task);
    const [{ data }] = await answer as [MessageEvent<SignallingAnswer>];
    return data;
  }
}

/** Milliseconds since the epoch, alike in all threads and finer than `Date.now()`. */
export function wallTime(): number {
  return performance.timeOrigin + performance.now();
}
