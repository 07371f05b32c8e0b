/** One SIP server: registrar and proxy on a set of transports, from configuration to sockets. */
import type { LiveConfiguration } from "../config/live_configuration.ts";
import type { Call } from "../core/calls/call.ts";
import type { EndedCall } from "../core/calls/ended_calls.ts";
import type { StrangerAccess } from "../core/access/stranger_access.ts";
import type { BoundFlow } from "../core/flows/bound_flow.ts";
import type { ServerEvents } from "../core/server_events.ts";
import type { GatewayRegistrationStatus } from "../core/trunk/gateway_registration_status.ts";
import type { LocationService } from "../location/location_service.ts";
import { escapeUser } from "../message/sip_uri.ts";
import type { StaticContact } from "../rest/operations/location.ts";
import type { Diagnosis } from "../rest/operations/why.ts";
import { isIpv6, toUriHost } from "../runtime/ip/ip_address.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { Turn } from "../runtime/turn.ts";
import type { Transport } from "../transport/transport.ts";
import { diagnose } from "./diagnosis/diagnosis.ts";
import { Forwarding } from "./signalling/forwarding.ts";
import { Foundation, type ServerOptions } from "./signalling/foundation.ts";
import { type FailedListener, Network } from "./signalling/network.ts";
import { Registrations } from "./signalling/registrations.ts";
import { Trunk } from "./signalling/trunk.ts";

export class Server {
  readonly metrics: Metrics;
  readonly location: LocationService<BoundFlow>;
  readonly events: ServerEvents;
  readonly #foundation: Foundation;
  readonly #network: Network;
  readonly #trunk: Trunk;
  readonly #registrations: Registrations;
  readonly #forwarding: Forwarding;

  constructor(options: ServerOptions) {
    const foundation = this.#foundation = new Foundation(options);
    const network = this.#network = new Network(foundation);
    const trunk = this.#trunk = new Trunk(foundation, network);
    const registrations = this.#registrations = new Registrations(foundation, network, trunk);
    this.#forwarding = new Forwarding({ foundation, network, trunk, registrations });
    this.metrics = foundation.metrics;
    this.events = foundation.events;
    this.location = registrations.location;
  }

  /** The transports that serve now. */
  get transports(): readonly Transport[] {
    return this.#network.transport.transports;
  }

  /** Our registrations with gateways, failed ones included (`GET /registry` of Routr v1). */
  get registry(): readonly GatewayRegistrationStatus[] {
    return this.#trunk.registrations.list();
  }

  /** Calls under way. */
  get calls(): readonly Call[] {
    return this.#forwarding.calls.list();
  }

  /** Calls that have ended lately, the latest first. */
  get endedCalls(): readonly EndedCall[] {
    return this.#forwarding.calls.listEnded();
  }

  /** Ends a call for an operator; false when there is none with this id. */
  endCall(id: string): boolean {
    return this.#forwarding.calls.hangUp(id);
  }

  /** The number of calls that are being set up. */
  get pendingCalls(): number {
    return this.#forwarding.calls.pending;
  }

  /** Ends the calls that are being set up; resolves when their callees have answered to that, or after `patienceMs`. */
  endCalls(patienceMs: number): Promise<void> {
    return this.#forwarding.proxy.calls.end(patienceMs);
  }

  /** Limits, bans and slowed accounts of strangers. */
  get access(): StrangerAccess {
    return this.#network.access;
  }

  /** Tells why an address or account is not served; undefined for a text that is neither. */
  diagnose(what: string): Promise<Diagnosis | undefined> {
    const { clock, directory, configuration } = this.#foundation;
    return diagnose(what, {
      clock,
      directory,
      location: this.location,
      access: this.access,
      refusals: this.#forwarding.refusalHistory,
      algorithms: configuration.digestAlgorithms,
      isDenied: (address) => this.#network.isDenied(address),
      maxContactsOf: (account) => this.#registrations.registrar.maxContactsOf(account),
    });
  }

  /** Puts what can be changed while the server runs in force. */
  configure(configuration: LiveConfiguration): void {
    for (const part of [this.#network, this.#registrations, this.#forwarding]) part.configure(configuration);
  }

  /** Binds an address-of-record to where a device listens for UDP. Throws a TypeError when that cannot be done. */
  bind(aor: string, { user, address, port, expires }: StaticContact): void {
    const host = toUriHost(address);
    const transport = this.transports.find((one) =>
      one.protocol === "udp" && isIpv6(one.address) === isIpv6(host)
    );
    if (transport === undefined) throw new TypeError(`No listener for UDP reaches ${address}`);
    const flow = transport.flowTo(host, port);
    const contact = `sip:${escapeUser(user)}@${host}:${port}`;
    this.#registrations.registrar.bind(aor, { contact, expires, flow });
  }

  /** Ends the registrations of an address-of-record; false when there are none. */
  evict(aor: string): boolean {
    if (this.location.lookup(aor).length === 0) return false;
    this.location.replace(aor, [], "evicted");
    return true;
  }

  async evictAll(): Promise<void> {
    const turn = new Turn();
    for (const aor of [...this.location.addressesOfRecord()]) {
      this.evict(aor);
      if (turn.isOver) await turn.next();
    }
  }

  /** Opens every listener of the configuration; returns those that cannot be opened, with the reason. */
  async start(): Promise<FailedListener[]> {
    const failed = await this.#network.open();
    if (this.transports.length === 0) return failed;
    await this.#registrations.adopt(await this.#forwarding.adopt());
    this.#trunk.start();
    return failed;
  }

  async stop(): Promise<void> {
    await this.endCalls(0);
    this.#registrations.close();
    await this.#trunk.stop();
    await this.#network.transport.close();
    this.#forwarding.stop();
    await this.#registrations.stop();
    this.#forwarding.close();
    this.#network.access.close();
    this.#foundation.close();
  }
}
