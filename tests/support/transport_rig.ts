/** A transport layer of its own clock, which knows no names and has no sockets yet. */
import { Metrics } from "../../src/runtime/metrics.ts";
import { Resolver } from "../../src/transport/dns/resolver.ts";
import type { Lookup } from "../../src/transport/dns/system_lookup.ts";
import { LocalAddresses } from "../../src/transport/local_addresses.ts";
import { SipTrace } from "../../src/transport/sip_trace.ts";
import {
  TransportLayer,
  type TransportLayerParts,
  type TransportUser,
} from "../../src/transport/transport_layer.ts";
import { FakeClock } from "./fake_clock.ts";

export interface TransportRigOptions extends Partial<Omit<TransportLayerParts, "clock" | "resolver">> {
  readonly clock?: FakeClock;
  /** Answers questions for names; without it, no name has an address. */
  readonly lookup?: Lookup;
}

export interface TransportRig {
  readonly clock: FakeClock;
  readonly metrics: Metrics;
  readonly layer: TransportLayer;
}

/** A user that does nothing with what comes. */
export const IDLE_USER: TransportUser = {
  onRequest() {},
  onResponse() {},
  onRejected() {},
  onFlowClosed() {},
};

export function transportRig(options: TransportRigOptions = {}): TransportRig {
  const { clock = new FakeClock(), metrics = new Metrics(), lookup = () => Promise.resolve([]) } = options;
  const layer = new TransportLayer({
    localAddresses: new LocalAddresses([]),
    resolver: new Resolver(clock, { nameServers: [], lookup }),
    trace: new SipTrace(),
    maxDatagramSize: 65_535,
    ...options,
    clock,
    metrics,
  });
  return { clock, metrics, layer };
}
