/** Warnings about gateways whose challenges cannot be answered, without repetitions. */
import type { Gateway } from "../../data/gateway.ts";
import type { Clock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";

/** Time in which a warning is not repeated. */
const SILENCE_MS = 600_000;

const log = logger("trunk");

export class GatewayRefusals {
  readonly #clock: Clock;
  /** The last warning about each gateway. */
  readonly #warned = new WeakMap<Gateway, { readonly text: string; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Warns that a challenged request is not sent again. */
  note(gateway: Gateway, { method, reason }: { method: string; reason: string }): void {
    const text = `${method} ${reason}`;
    const last = this.#warned.get(gateway);
    const now = this.#clock.now();
    if (last?.text === text && now < last.until) return;
    this.#warned.set(gateway, { text, until: now + SILENCE_MS });
    const { ref, host } = gateway;
    log.warn("Gateway {ref} ({host}) refuses {method}: {reason}", { ref, host, method, reason });
  }
}
