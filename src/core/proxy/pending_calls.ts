/** Forwarded INVITEs that are not over yet: a server that stops ends them. */
import { LinkedSet } from "../../runtime/linked_set.ts";
import type { Timer } from "../../runtime/timer_wheel.ts";
import type { Answer } from "../answer.ts";
import { SERVER_STOPS } from "./cancel_reason.ts";
import type { ForwardingObserver } from "./forwarding_observer.ts";
import type { ResponseContext } from "./response_context.ts";

const STOPPING: Answer = { status: 503, reason: "Server stops" };

export class PendingCalls {
  readonly #timer: (callback: () => void) => Timer;
  readonly #contexts = new LinkedSet<ResponseContext>();
  #isEnding = false;
  #onEmpty: (() => void) | undefined;

  constructor(timer: (callback: () => void) => Timer) {
    this.#timer = timer;
  }

  /** Whether `end` was called: no further calls are taken. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  add(context: ResponseContext): void {
    this.#contexts.add(context);
  }

  delete(context: ResponseContext): void {
    if (this.#contexts.delete(context) && this.#contexts.size === 0) this.#onEmpty?.();
  }

  /** Ends the forwarding of an INVITE that somebody observes, as far as its caller has no answer yet. */
  abort(observer: ForwardingObserver, answer: Answer, cancelReasons: string): void {
    for (const context of this.#contexts) {
      if (context.isObservedBy(observer)) context.abort(answer, cancelReasons);
    }
  }

  /**
   * Answers every caller 503 and cancels what rings. Resolves when all callees have answered to that, or after
   * `patienceMs`.
   */
  async end(patienceMs: number): Promise<void> {
    this.#isEnding = true;
    for (const context of this.#contexts) context.abort(STOPPING, SERVER_STOPS);
    if (this.#contexts.size === 0 || patienceMs === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    const timeout = this.#timer(resolve);
    timeout.start(patienceMs);
    await promise;
    timeout.stop();
  }
}
