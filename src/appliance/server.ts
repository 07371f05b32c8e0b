/** The composition root: one SIP server, from configuration to sockets. */
import { advertisedAddress } from "../config/advertised_address.ts";
import type { Configuration, Listener } from "../config/configuration.ts";
import { pendingBytes } from "../config/pending_bytes.ts";
import type { LiveConfiguration } from "../config/live_configuration.ts";
import { connectionLimits } from "../config/connection_limits.ts";
import { tlsSettingsOf } from "../config/tls_settings.ts";
import { AccountMacs } from "../core/authentication/account_macs.ts";
import { type BoundFlow, OwnFlowRecords } from "../core/flows/bound_flow.ts";
import { CallerIdentification } from "../core/authentication/caller.ts";
import type { Call } from "../core/calls/call.ts";
import { CallTable } from "../core/calls/call_table.ts";
import type { EndedCall } from "../core/calls/ended_calls.ts";
import { Cluster, type ClusterOptions, nodeAddress } from "../core/cluster/cluster.ts";
import { NodeRoutes } from "../core/cluster/node_route.ts";
import { ContactFlows } from "../core/flows/contact_flows.ts";
import { DigestAuthenticator } from "../core/authentication/digest_authenticator.ts";
import { Dialogs } from "../core/dialogs/dialogs.ts";
import { Dispatcher } from "../core/dispatcher.ts";
import { FlowTexts } from "../core/flows/flow_text.ts";
import { DomainAccessControl, ServerAccessControl } from "../core/access/access_control.ts";
import { keepNames } from "../core/routing/own_name_rows.ts";
import { OwnNames } from "../core/routing/own_names.ts";
import { PeerAddresses } from "../core/authentication/peer_addresses.ts";
import { DialogRoutes } from "../core/proxy/dialog_route.ts";
import { ProxyCore } from "../core/proxy/proxy_core.ts";
import { RefusalLog } from "../core/access/refusal_log.ts";
import { Registrar } from "../core/registrar/registrar.ts";
import { emitRegistrationEvents } from "../core/registrar/registration_events.ts";
import { NatKeepAlive } from "../core/registrar/nat_keep_alive.ts";
import { Revocation } from "../core/registrar/revocation.ts";
import { RequestLimits } from "../core/access/request_limits.ts";
import { Router } from "../core/routing/router.ts";
import { ServerEvents } from "../core/server_events.ts";
import { GatewayAddresses } from "../core/trunk/gateway_addresses.ts";
import { GatewayRealms } from "../core/trunk/gateway_realms.ts";
import { GatewayRefusals } from "../core/trunk/gateway_refusals.ts";
import { GatewayRegistrations } from "../core/trunk/gateway_registrations.ts";
import type { GatewayRegistrationStatus } from "../core/trunk/gateway_registration_status.ts";
import { Legs } from "../core/trunk/legs.ts";
import type { Directory } from "../data/directory.ts";
import type { FlowRecords } from "../location/binding_record.ts";
import { LocationService } from "../location/location_service.ts";
import { SharedRows } from "../location/redis/shared_rows.ts";
import type { RegistrationDatabase } from "../location/registration_database.ts";
import { RegistrationJournal } from "../location/registration_journal.ts";
import { escapeUser, type SipUri } from "../message/sip_uri.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { Metrics } from "../runtime/metrics.ts";
import { randomSeed, randomToken } from "../runtime/random.ts";
import { TimerWheel } from "../runtime/timer_wheel.ts";
import { Turn } from "../runtime/turn.ts";
import { TransactionLayer } from "../transaction/transaction_layer.ts";
import type { TransactionTimers } from "../transaction/transaction_timers.ts";
import { isIpv6, toUriHost } from "../runtime/ip/ip_address.ts";
import { LocalAddresses, type NetworkInterface } from "../transport/local_addresses.ts";
import { Resolver, type ResolverOptions } from "../transport/dns/resolver.ts";
import { SipTrace } from "../transport/sip_trace.ts";
import type { Transport } from "../transport/transport.ts";
import { TlsContexts } from "../transport/tls/tls_contexts.ts";
import { createTransport } from "../transport/transport_factory.ts";
import { TransportLayer } from "../transport/transport_layer.ts";

/** Devices one user may register unless the configuration says otherwise. */
const DEFAULT_MAX_CONTACTS = 16;

/** What a server is made of. Tests put in their own clock, timers, look-ups and transports. */
export interface ServerOptions {
  readonly configuration: Configuration;
  readonly directory: Directory;
  /** The folder of `config.yaml`, for the relative paths in it. */
  readonly configurationDirectory?: string;
  readonly clock?: Clock;
  readonly timers?: TransactionTimers;
  readonly resolver?: ResolverOptions;
  /** Seals Record-Route entries; dialogs go on after a restart only with the same key. */
  readonly dialogKey?: string;
  /** Seeds stateless tags and hashes of addresses; random unless threads of one server share it. */
  readonly seed?: number;
  /** Keeps registrations beyond the end of the process. Closed by `stop`. */
  readonly database?: RegistrationDatabase;
  /** Shares registrations with other nodes; they are not kept in `database` then. */
  readonly cluster?: ClusterOptions;
  readonly makeTransport?: (listener: Listener) => Transport;
  /** Those of this machine, if left out. */
  readonly networkInterfaces?: readonly NetworkInterface[];
}

/** A place that an administrator says a device is at. */
export interface StaticContact {
  readonly user: string;
  readonly address: string;
  readonly port: number;
  /** Seconds. */
  readonly expires: number;
}

/** A listener that could not be opened, and why. */
export interface FailedListener {
  readonly listener: Listener;
  readonly reason: string;
}

/** A registrar and proxy on a set of transports. */
export class Server {
  readonly metrics = new Metrics();
  readonly location: LocationService<BoundFlow>;
  /** What happens from now on. */
  readonly events: ServerEvents;
  readonly #calls: CallTable;
  readonly #refusals: RefusalLog;
  readonly #options: ServerOptions;
  readonly #wheel: TimerWheel;
  readonly #transport: TransportLayer;
  readonly #transactions: TransactionLayer;
  readonly #accessControl: ServerAccessControl;
  readonly #gateways: GatewayAddresses;
  readonly #registrations: GatewayRegistrations;
  /** Differs for each process. */
  readonly #epoch = randomToken();
  readonly #flowTexts: FlowTexts;
  readonly #registrar: Registrar;
  readonly #revocation: Revocation;
  readonly #natKeepAlive: NatKeepAlive;
  readonly #proxy: ProxyCore;
  readonly #ownFlows: OwnFlowRecords;
  readonly #journal: RegistrationJournal<BoundFlow> | undefined;
  readonly #ownNames: OwnNames;
  readonly #dialogs: Dialogs;
  /** What outlives the process beside shared registrations. */
  readonly #rows: Pick<RegistrationDatabase, "load" | "write"> | undefined;
  #cluster: Cluster | undefined;

  constructor(options: ServerOptions) {
    const { configuration, directory, clock = systemClock } = options;
    const { metrics } = this;
    this.#options = options;
    this.#wheel = new TimerWheel(clock);
    this.location = new LocationService(clock, this.#wheel);
    const events = this.events = new ServerEvents(clock, metrics);
    emitRegistrationEvents(this.location, events, clock);
    this.#refusals = new RefusalLog({ clock, events });
    this.#calls = new CallTable({ clock, wheel: this.#wheel, metrics, events });
    metrics.gauge("routr_addresses_of_record", "Addresses-of-record with bindings", () => this.location.size);
    const { externAddr } = configuration;
    this.#accessControl = new ServerAccessControl(configuration.accessControlList, clock);
    this.#transport = new TransportLayer({
      localAddresses: new LocalAddresses(
        options.networkInterfaces ?? Deno.networkInterfaces(),
        advertisedAddress(configuration),
      ),
      clock,
      resolver: new Resolver(clock, { nameServers: configuration.nameServers, ...options.resolver }),
      metrics,
      trace: new SipTrace(),
      maxDatagramSize: configuration.limits.maxDatagramSize,
      messageLimits: configuration.limits,
      accessControl: this.#accessControl,
    });
    const maxPendingBytes = pendingBytes(configuration);
    this.#transactions = new TransactionLayer({
      transport: this.#transport,
      wheel: this.#wheel,
      metrics,
      timers: options.timers,
      maxTransactions: configuration.limits.maxTransactions,
      maxPendingBytes,
    });
    const transport = this.#transport;
    const { cluster, seed = randomSeed() } = options;
    const authenticator = new DigestAuthenticator({
      clock,
      seed,
      metrics,
      algorithms: configuration.digestAlgorithms,
      isOurs: (host) => directory.domain(host) !== undefined || transport.hasHost(host),
    });
    const transactions = this.#transactions;
    const timer = (callback: () => void) => transactions.timer(callback);
    const isServerAddress = (uri: SipUri) => transport.isLocalUri(uri) || ownNames.has(uri);
    const realms = new GatewayRealms();
    const peerAddresses = new PeerAddresses(clock);
    const gateways = new GatewayAddresses({ directory, clock, locator: transport.locator, timer });
    this.#gateways = gateways;
    this.#registrations = new GatewayRegistrations({
      directory,
      transactions,
      transport,
      clock,
      metrics,
      realms,
      userAgent: configuration.userAgent,
      learnsAddress: externAddr === undefined,
      onRegistered: (gateway, flow) => gateways.add(gateway, flow.remoteAddress),
      onChange: ({ gwRef, host, state, lastStatus, reason }) => {
        if (state !== "registering") events.emit(`gateway.${state}`, { gwRef, host, lastStatus, reason });
      },
    });
    const key = options.dialogKey ?? randomToken() + randomToken();
    const accountMacs = new AccountMacs(key);
    const contactFlows = new ContactFlows({ transport, isGateway: (address) => gateways.isAt(address) });
    const registrar = this.#registrar = new Registrar({
      clock,
      directory,
      location: this.location,
      authenticator,
      metrics,
      limits: configuration.registrar,
      maxContacts: configuration.maxContacts ?? DEFAULT_MAX_CONTACTS,
      usesSourceAddress: configuration.registrarIntf === "Internal",
      userAgent: configuration.userAgent,
      isServerAddress,
      accountMacs: options.database && accountMacs,
      contactFlows,
      onPeer: (address, lifetime) => peerAddresses.add(address, lifetime),
    });
    this.#natKeepAlive = new NatKeepAlive({ location: this.location, wheel: this.#wheel });
    this.#natKeepAlive.seconds = configuration.registrar.natKeepAliveSeconds ?? 0;
    this.#revocation = new Revocation({ clock, directory, location: this.location });
    directory.onChange((change) => this.#revocation.follow(change));
    const hasGlobalNumbers = configuration.ex_convertTelToE164;
    const refusals = new GatewayRefusals(clock);
    const legs = new Legs({ directory, realms, gateways, refusals, hasGlobalNumbers });
    this.#flowTexts = new FlowTexts(transport, this.#epoch);
    this.#ownFlows = new OwnFlowRecords({ transport, texts: this.#flowTexts });
    if (options.database && !options.cluster) {
      this.#journal = new RegistrationJournal({
        location: this.location,
        database: options.database,
        flows: this.#ownFlows as FlowRecords<BoundFlow>,
        clock,
        wheel: this.#wheel,
        accepts: (aor, binding) => registrar.accepts(aor, binding),
        onAdopted: (aor, bindings) => registrar.onAdopted(aor, bindings),
      });
    }
    const nodeRoutes = options.cluster && new NodeRoutes(this.#flowTexts, options.cluster.key);
    const dialogRoutes = new DialogRoutes({ flows: this.#flowTexts, key });
    const ownNames = this.#ownNames = new OwnNames({
      locator: transport.locator,
      isLocal: (host, port) => transport.isLocal(host, port),
      isTaken: (host) => gateways.named(host).length > 0 || directory.domain(host) !== undefined,
    });
    const router = new Router({
      directory,
      location: this.location,
      allowsInterDomainCalls: configuration.interDomainCalls,
      usesTo: configuration.useToAsAOR,
      hasGlobalNumbers,
      addressInfo: configuration.addressInfo,
      isServerAddress,
    });
    const callers = new CallerIdentification({
      directory,
      authenticator,
      allowsUnauthenticated: configuration.allowUnauthenticatedCalls,
      isServerAddress,
      gateways,
      hostFacing: (flow) => transport.sentBy(flow).replace(/:\d+$/, ""),
      isPeerAddress: (address) => peerAddresses.has(address),
    });
    const limits = new RequestLimits({ ...configuration.limits, metrics, maxPendingBytes });
    this.#proxy = new ProxyCore({
      limits,
      transactions,
      transport,
      dialogRoutes,
      nodeRoutes,
      recordsRoute: configuration.recordRoute,
      ownsRealm: (realm) => callers.ownsRealm(realm) || transport.hasHost(realm),
    });
    this.#proxy.serialRingSeconds = configuration.registrar.serialRingSeconds;
    this.#rows = cluster
      ? new SharedRows(cluster.connection, clock, () => nodeAddress(cluster.address, this.transports))
      : options.database;
    this.#dialogs = new Dialogs({
      clock,
      wheel: this.#wheel,
      metrics,
      directory,
      authenticator,
      contactFlows,
      router,
      flows: this.#flowTexts,
      accountMacs,
      database: this.#rows,
      isGatewayAt: (ref, flow) => legs.isGatewayAt(ref, flow),
    });
    const dispatcher = new Dispatcher({
      seed,
      transport,
      transactions,
      directory,
      location: this.location,
      dialogRoutes,
      nodeRoutes,
      registrar,
      calls: this.#calls,
      limits,
      refusals: this.#refusals,
      domainAccess: new DomainAccessControl(clock),
      legs,
      userAgent: configuration.userAgent,
      onFlowClosed: (flow) => this.#registrations.onFlowClosed(flow),
      callers,
      router,
      dialogs: this.#dialogs,
      ownNames,
      proxy: this.#proxy,
    });
    transactions.attach(dispatcher);
  }

  /** The transports that serve now. */
  get transports(): readonly Transport[] {
    return this.#transport.transports;
  }

  /** Where this server is registered as a client, and where it is not (`GET /registry` of Routr v1). */
  get registry(): readonly GatewayRegistrationStatus[] {
    return this.#registrations.list();
  }

  /** Calls under way. */
  get calls(): readonly Call[] {
    return this.#calls.list();
  }

  /** Calls that have ended lately, the latest first. */
  get endedCalls(): readonly EndedCall[] {
    return this.#calls.listEnded();
  }

  /** Calls that are being set up: who stops the server may want to wait for them. */
  get pendingCalls(): number {
    return this.#calls.pending;
  }

  /** Ends the calls that are being set up; resolves when their callees have answered to that, or after `patienceMs`. */
  endCalls(patienceMs: number): Promise<void> {
    return this.#proxy.calls.end(patienceMs);
  }

  /** Puts what can be changed while the server runs in force. */
  configure(configuration: LiveConfiguration): void {
    const { accessControlList, registrar, maxContacts = DEFAULT_MAX_CONTACTS } = configuration;
    this.#accessControl.change(accessControlList);
    this.#registrar.change({ limits: registrar, maxContacts });
    this.#proxy.serialRingSeconds = registrar.serialRingSeconds;
    this.#natKeepAlive.seconds = registrar.natKeepAliveSeconds ?? 0;
  }

  /** Binds an address-of-record to where a device listens for UDP. Throws a TypeError when that cannot be done. */
  bind(aor: string, { user, address, port, expires }: StaticContact): void {
    const host = toUriHost(address);
    const transport = this.transports.find((one) =>
      one.protocol === "udp" && isIpv6(one.address) === isIpv6(host)
    );
    if (transport === undefined) throw new TypeError(`No listener for UDP reaches ${address}`);
    const flow = transport.flowTo(host, port);
    this.#registrar.bind(aor, { contact: `sip:${escapeUser(user)}@${host}:${port}`, expires, flow });
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

  /** Opens every listener of the configuration; those that cannot be opened are returned with the reason. */
  async start(): Promise<FailedListener[]> {
    const { configuration, configurationDirectory = ".", makeTransport } = this.#options;
    const options = {
      limits: {
        ...connectionLimits(configuration),
        isRefused: (address: string) => this.#accessControl.hasRefused(address),
      },
      tls: new TlsContexts(tlsSettingsOf(configuration.securityContext, configurationDirectory)),
    };
    const failed: FailedListener[] = [];
    for (const listener of configuration.transport) {
      try {
        const address = toUriHost(listener.bindAddr);
        const transport = makeTransport?.(listener) ??
          createTransport({ ...listener, address }, options);
        await this.#transport.open(transport, this.#transactions);
      } catch (error) {
        failed.push({ listener, reason: error instanceof Error ? error.message : String(error) });
      }
    }
    if (this.transports.length > 0) {
      await this.#takeOverRegistrations();
      this.#gateways.start();
      this.#registrations.start();
    }
    return failed;
  }

  /** Takes over the registrations that were kept, now that there are sockets to reach devices by. */
  async #takeOverRegistrations(): Promise<void> {
    const { clock = systemClock, cluster } = this.#options;
    if (this.#rows) {
      const rows = await this.#rows.load();
      this.#dialogs.adopt(rows);
      keepNames(this.#ownNames, rows, { database: this.#rows, clock });
      await this.#journal?.start(rows);
    }
    if (!cluster) return;
    const { connection, key, nodeLifetimeMs, address } = cluster;
    this.#cluster = new Cluster({
      location: this.location,
      connection,
      key,
      transport: this.#transport,
      own: this.#ownFlows,
      self: { address: nodeAddress(address, this.transports), epoch: this.#epoch },
      nodeLifetimeMs,
      clock,
      wheel: this.#wheel,
      onAdopted: (aor, bindings) => this.#registrar.onAdopted(aor, bindings),
    });
    await this.#cluster.start();
  }

  async stop(): Promise<void> {
    await this.endCalls(0);
    this.#gateways.stop();
    this.#revocation.close();
    this.#natKeepAlive.close();
    await this.#registrations.stop();
    await this.#transport.close();
    this.#dialogs.stop();
    await this.#journal?.stop();
    await this.#cluster?.stop();
    this.#options.cluster?.connection.close();
    this.location.close();
    this.#calls.close();
    this.#refusals.close();
    this.#wheel.clear();
  }
}
