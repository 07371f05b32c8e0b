/** Keep-alives to phones over UDP, which keep the mappings of their NATs open (RFC 5626 §4.4, from the server's side). */
import type { LocationService } from "../../location/location_service.ts";
import { SipUri } from "../../message/sip_uri.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import type { Flow } from "../../transport/transport.ts";
import type { BoundFlow } from "../flows/bound_flow.ts";
import { RemoteFlow } from "../flows/remote_flow.ts";
import { namesFlow } from "../flows/flow_uri.ts";

/** Time between two parts of a round. */
const STEP_MS = 1000;
/** Every SIP element ignores empty lines (§7.5). */
const KEEP_ALIVE = "\r\n\r\n";

export interface NatKeepAliveParts {
  readonly location: LocationService<BoundFlow>;
  readonly wheel: TimerWheel;
}

/** Visits all bindings in rounds, a part of them each second. */
export class NatKeepAlive {
  readonly #location: LocationService<BoundFlow>;
  readonly #timer: Timer;
  #seconds = 0;
  /** Steps of the present round. */
  #steps = 0;
  #round: IterableIterator<string> | undefined;

  constructor({ location, wheel }: NatKeepAliveParts) {
    this.#location = location;
    this.#timer = wheel.timer(() => this.#step());
  }

  /** Sets the duration of a round; 0 sends nothing. */
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

/** Reports whether a device is behind a NAT: its Contact differs from its source, or was corrected (`ob`). */
function needsKeepAlive(contact: string, flow: BoundFlow): flow is Flow {
  if (flow.protocol !== "udp" || flow instanceof RemoteFlow) return false;
  const uri = SipUri.parse(contact);
  return uri === undefined || uri.parameter("ob") !== undefined || !namesFlow(uri, flow);
}
