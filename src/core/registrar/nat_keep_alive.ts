/** Keeps the mappings of NATs open to phones over UDP that do not do so themselves (RFC 5626 §4.4, from the other side). */
import type { LocationService } from "../../location/location_service.ts";
import { SipUri } from "../../message/sip_uri.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import type { Flow } from "../../transport/transport.ts";
import type { BoundFlow } from "../flows/bound_flow.ts";
import { RemoteFlow } from "../flows/remote_flow.ts";
import { namesFlow } from "../flows/flow_uri.ts";

/** Milliseconds between two parts of a round. */
const STEP_MS = 1000;
/** What every SIP element ignores (RFC 3261 §7.5). */
const KEEP_ALIVE = "\r\n\r\n";

export interface NatKeepAliveParts {
  readonly location: LocationService<BoundFlow>;
  readonly wheel: TimerWheel;
}

/** Goes round all bindings, a part of them each second. */
export class NatKeepAlive {
  readonly #location: LocationService<BoundFlow>;
  readonly #timer: Timer;
  #seconds = 0;
  /** Steps of this round so far. */
  #steps = 0;
  #round: IterableIterator<string> | undefined;

  constructor({ location, wheel }: NatKeepAliveParts) {
    this.#location = location;
    this.#timer = wheel.timer(() => this.#step());
  }

  /** Seconds that a round takes from now on; 0 sends nothing. */
  set seconds(seconds: number) {
    this.#seconds = seconds;
    this.#steps = 0;
    if (seconds === 0) this.close();
    else if (!this.#timer.isRunning) this.#timer.start(STEP_MS);
  }

  close(): void {
    this.#timer.stop();
    this.#round = undefined;
  }

  #step(): void {
    if (this.#steps === 0) this.#round = this.#location.addressesOfRecord();
    this.#steps = (this.#steps + 1) % this.#seconds;
    let budget = Math.ceil(this.#location.size / this.#seconds);
    while (this.#round && budget-- > 0) {
      const { done, value } = this.#round.next();
      if (done) {
        this.#round = undefined;
        break;
      }
      for (const { contact, flow } of this.#location.lookup(value)) {
        if (needsKeepAlive(contact, flow)) flow.send(KEEP_ALIVE);
      }
    }
    this.#timer.start(STEP_MS);
  }
}

/** Whether a device is behind a NAT: its Contact is not where it sends from, or it says that it was corrected (`ob`). */
function needsKeepAlive(contact: string, flow: BoundFlow): flow is Flow {
  if (flow.protocol !== "udp" || flow instanceof RemoteFlow) return false;
  const uri = SipUri.parse(contact);
  return uri === undefined || uri.parameter("ob") !== undefined || !namesFlow(uri, flow);
}
