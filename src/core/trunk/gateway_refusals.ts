/** Warns of gateways that ask for what we do not have: each reason once in a while. */
import type { Gateway } from "../../data/gateway.ts";
import type { Clock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";

/** Milliseconds in which the same is not said again. */
const SILENCE_MS = 600_000;

const log = logger("trunk");

export class GatewayRefusals {
  readonly #clock: Clock;
  /** What was said last of a gateway, and until when it counts as said. */
  readonly #said = new WeakMap<Gateway, { readonly text: string; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A request was challenged, and is not sent again. */
  note(gateway: Gateway, { method, reason }: { method: string; reason: string }): void {
    const text = `${method} ${reason}`;
    const said = this.#said.get(gateway);
    const now = this.#clock.now();
    if (said?.text === text && now < said.until) return;
    this.#said.set(gateway, { text, until: now + SILENCE_MS });
    const { ref, host } = gateway;
    log.warn("Gateway {ref} ({host}) refuses {method}: {reason}", { ref, host, method, reason });
  }
}
