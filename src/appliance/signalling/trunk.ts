/** The trunk side of the signalling server: gateways, our registrations with them, what calls by them are rewritten to. */
import { BranchRewrites } from "../../core/trunk/branch_rewrites.ts";
import { GatewayAddresses } from "../../core/trunk/gateway_addresses.ts";
import { GatewayRealms } from "../../core/trunk/gateway_realms.ts";
import { GatewayRefusals } from "../../core/trunk/gateway_refusals.ts";
import { GatewayRegistrations } from "../../core/trunk/gateway_registrations.ts";
import type { Foundation } from "./foundation.ts";
import type { Network } from "./network.ts";

export class Trunk {
  readonly addresses: GatewayAddresses;
  readonly registrations: GatewayRegistrations;
  readonly rewrites: BranchRewrites;

  constructor({ configuration, directory, clock, metrics, events }: Foundation, network: Network) {
    const { transport, transactions } = network;
    const { locator } = transport;
    const realms = new GatewayRealms();
    const timer = (callback: () => void) => network.timer(callback);
    const addresses = this.addresses = new GatewayAddresses({ directory, clock, locator, timer });
    network.gatewayAddresses = () => addresses.all();
    this.registrations = new GatewayRegistrations({
      directory,
      transactions,
      transport,
      clock,
      metrics,
      realms,
      userAgent: configuration.userAgent,
      learnsAddress: configuration.externAddr === undefined,
      onRegistered: (gateway, flow) => addresses.add(gateway, flow.remoteAddress),
      onChange: ({ gwRef, host, state, lastStatus, reason }) => {
        if (state !== "registering") events.emit(`gateway.${state}`, { gwRef, host, lastStatus, reason });
      },
    });
    this.rewrites = new BranchRewrites({
      directory,
      realms,
      gateways: addresses,
      refusals: new GatewayRefusals(clock),
      convertsToE164: configuration.ex_convertTelToE164,
    });
  }

  start(): void {
    this.addresses.start();
    this.registrations.start();
  }

  async stop(): Promise<void> {
    this.addresses.stop();
    await this.registrations.stop();
  }
}
