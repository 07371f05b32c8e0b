/** The lower floors of the signalling server: sockets, transport layer, transaction layer. */
import { advertisedAddress } from "../../config/advertised_address.ts";
import type { Listener } from "../../config/configuration.ts";
import { connectionLimits, pendingBytes } from "../../config/limits.ts";
import type { LiveConfiguration } from "../../config/live_configuration.ts";
import { tlsSettingsOf } from "../../config/tls_settings.ts";
import { ServerAccessControl } from "../../core/access/access_control.ts";
import { LocalNetworks } from "../../core/access/local_networks.ts";
import { StrangerAccess } from "../../core/access/stranger_access.ts";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import { routers } from "../../runtime/ip/routers.ts";
import type { Timer } from "../../runtime/timer_wheel.ts";
import { TransactionLayer } from "../../transaction/transaction_layer.ts";
import { Resolver } from "../../transport/dns/resolver.ts";
import { LocalAddresses } from "../../transport/local_addresses.ts";
import { SipTrace } from "../../transport/sip_trace.ts";
import { TlsContexts } from "../../transport/tls/tls_contexts.ts";
import { createTransport } from "../../transport/transport_factory.ts";
import { TransportLayer } from "../../transport/transport_layer.ts";
import type { Foundation } from "./foundation.ts";

/** A listener that could not be opened, and why. */
export interface FailedListener {
  readonly listener: Listener;
  readonly reason: string;
}

export class Network {
  readonly transport: TransportLayer;
  readonly transactions: TransactionLayer;
  readonly localNetworks: LocalNetworks;
  readonly access: StrangerAccess;
  readonly maxPendingBytes: number;
  /** The addresses of gateways, once they are known. */
  gatewayAddresses: () => Iterable<string> = () => [];
  readonly #foundation: Foundation;
  readonly #accessControl: ServerAccessControl;

  constructor(foundation: Foundation) {
    const { configuration, clock, events, metrics, options, seed, wheel } = foundation;
    const { accessControlList, limits, localnets, nameServers } = configuration;
    const interfaces = options.networkInterfaces ?? Deno.networkInterfaces();
    this.#foundation = foundation;
    this.access = new StrangerAccess({
      settings: configuration.access,
      clock,
      metrics,
      events,
      seed,
      gatewayAddresses: () => this.gatewayAddresses(),
      isRouter: (address) => routers().includes(address),
    });
    this.#accessControl = new ServerAccessControl(accessControlList, clock);
    const own = interfaces.map(({ address }) => address.replace(/%.*/, ""));
    this.localNetworks = new LocalNetworks([...localnets, ...own]);
    this.maxPendingBytes = pendingBytes(configuration);
    this.transport = new TransportLayer({
      localAddresses: new LocalAddresses(interfaces, advertisedAddress(configuration)),
      clock,
      resolver: new Resolver(clock, { nameServers, ...options.resolver }),
      metrics,
      trace: new SipTrace(),
      maxDatagramSize: limits.maxDatagramSize,
      messageLimits: limits,
      accessControl: this.#accessControl,
      guard: this.access.sources,
    });
    this.transactions = new TransactionLayer({
      transport: this.transport,
      wheel,
      metrics,
      timers: options.timers,
      maxTransactions: limits.maxTransactions,
      maxPendingBytes: this.maxPendingBytes,
    });
  }

  /** Reports whether the access control list of the server denies an address. */
  isDenied(address: string): boolean {
    return !this.#accessControl.admits(address);
  }

  timer(callback: () => void): Timer {
    return this.transactions.timer(callback);
  }

  configure({ accessControlList, access }: LiveConfiguration): void {
    this.#accessControl.change(accessControlList);
    this.access.change(access);
  }

  /** Opens every listener of the configuration; returns those that cannot be opened, with the reason. */
  async open(): Promise<FailedListener[]> {
    const { configuration, clock, options: { configurationDirectory = ".", makeTransport } } =
      this.#foundation;
    const settings = {
      limits: {
        ...connectionLimits(configuration),
        clock,
        isRefused: (address: string) =>
          this.#accessControl.hasRefused(address) || this.access.sources.isBanned(address),
      },
      tls: new TlsContexts(tlsSettingsOf(configuration.securityContext, configurationDirectory)),
    };
    const failed: FailedListener[] = [];
    for (const listener of configuration.transport) {
      try {
        const address = toUriHost(listener.bindAddr);
        const transport = makeTransport?.(listener) ?? createTransport({ ...listener, address }, settings);
        await this.transport.open(transport, this.transactions);
      } catch (error) {
        failed.push({ listener, reason: error instanceof Error ? error.message : String(error) });
      }
    }
    return failed;
  }
}
