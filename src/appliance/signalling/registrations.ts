/** The registrar side of the signalling server: bindings in memory, on disk and at other nodes, and who may change them. */
import type { LiveConfiguration } from "../../config/live_configuration.ts";
import { AccountMacs } from "../../core/authentication/account_macs.ts";
import { DigestAuthenticator } from "../../core/authentication/digest_authenticator.ts";
import { PeerAddresses } from "../../core/authentication/peer_addresses.ts";
import { Cluster, nodeAddress } from "../../core/cluster/cluster.ts";
import { type BoundFlow, OwnFlowRecords } from "../../core/flows/bound_flow.ts";
import { ContactFlows } from "../../core/flows/contact_flows.ts";
import { FlowTexts } from "../../core/flows/flow_text.ts";
import { RemoteFlow } from "../../core/flows/remote_flow.ts";
import { NatKeepAlive } from "../../core/registrar/nat_keep_alive.ts";
import { Registrar } from "../../core/registrar/registrar.ts";
import { emitRegistrationEvents } from "../../core/registrar/registration_events.ts";
import { Revocation } from "../../core/registrar/revocation.ts";
import { OwnNames } from "../../core/routing/own_names.ts";
import { OwnUris } from "../../core/routing/own_uris.ts";
import type { Binding } from "../../location/binding.ts";
import type { FlowRecords } from "../../location/binding_record.ts";
import { LocationService } from "../../location/location_service.ts";
import { addressOfRecord } from "../../message/sip_uri.ts";
import type { StoredRow } from "../../location/stored_row.ts";
import { RegistrationJournal } from "../../location/registration_journal.ts";
import type { Foundation } from "./foundation.ts";
import type { Network } from "./network.ts";
import type { Trunk } from "./trunk.ts";

/** Devices one user may register unless the configuration says otherwise. */
const DEFAULT_MAX_CONTACTS = 16;

export class Registrations {
  readonly location: LocationService<BoundFlow>;
  readonly authenticator: DigestAuthenticator;
  readonly accountMacs: AccountMacs;
  readonly peerAddresses: PeerAddresses;
  readonly contactFlows: ContactFlows;
  readonly flowTexts: FlowTexts;
  readonly ownNames: OwnNames;
  readonly ownUris: OwnUris;
  readonly registrar: Registrar;
  readonly #foundation: Foundation;
  readonly #network: Network;
  readonly #natKeepAlive: NatKeepAlive;
  readonly #revocation: Revocation;
  readonly #ownFlows: OwnFlowRecords;
  readonly #journal: RegistrationJournal<BoundFlow> | undefined;
  #cluster: Cluster | undefined;

  constructor(foundation: Foundation, network: Network, trunk: Trunk) {
    const { directory, clock, wheel, events, metrics, key, epoch } = foundation;
    const { transport } = network;
    this.#foundation = foundation;
    this.#network = network;
    const location = this.location = new LocationService(clock, wheel);
    emitRegistrationEvents(location, events, clock);
    metrics.gauge("routr_addresses_of_record", "Addresses-of-record with bindings", () => location.size);
    this.authenticator = this.#makeAuthenticator();
    this.accountMacs = new AccountMacs(key);
    this.peerAddresses = new PeerAddresses(clock);
    this.contactFlows = new ContactFlows({
      transport,
      isGateway: (address) => trunk.addresses.isAt(address),
    });
    this.flowTexts = new FlowTexts(transport, epoch);
    this.#ownFlows = new OwnFlowRecords({ transport, texts: this.flowTexts });
    const names = this.ownNames = new OwnNames({
      locator: transport.locator,
      isLocal: (host, port) => transport.isLocal(host, port),
      isTaken: (host) => trunk.addresses.named(host).length > 0 || directory.domain(host) !== undefined,
    });
    this.ownUris = new OwnUris({ transport, directory, names });
    this.registrar = this.#makeRegistrar();
    this.#natKeepAlive = new NatKeepAlive({ location, wheel });
    this.#revocation = new Revocation({ clock, directory, location });
    directory.onChange((change) => this.#revocation.follow(change));
    this.#journal = this.#makeJournal();
    this.#natKeepAlive.seconds = foundation.configuration.registrar.natKeepAliveSeconds ?? 0;
  }

  configure({ registrar, maxContacts = DEFAULT_MAX_CONTACTS }: LiveConfiguration): void {
    this.registrar.setLimits({ limits: registrar, maxContacts });
    this.#natKeepAlive.seconds = registrar.natKeepAliveSeconds ?? 0;
  }

  /** Takes over the registrations that were kept, now that there are sockets to reach devices by. */
  async adopt(rows: readonly StoredRow[] | undefined): Promise<void> {
    if (rows) await this.#journal?.restore(rows);
    const { options: { cluster }, epoch, clock, wheel } = this.#foundation;
    if (!cluster) return;
    const { transport } = this.#network;
    const { connection, key, nodeLifetimeMs, address } = cluster;
    this.#cluster = new Cluster({
      location: this.location,
      connection,
      key,
      transport,
      own: this.#ownFlows,
      self: { address: nodeAddress(address, transport.transports), epoch },
      nodeLifetimeMs,
      clock,
      wheel,
      onAdopted: (aor, bindings) => this.#onAdopted(aor, bindings),
    });
    await this.#cluster.start();
  }

  /** Ends what runs by itself. */
  close(): void {
    this.#revocation.close();
    this.#natKeepAlive.close();
  }

  /** Writes what is left to be written. */
  async stop(): Promise<void> {
    await this.#journal?.stop();
    await this.#cluster?.stop();
    this.#foundation.options.cluster?.connection.close();
    this.location.close();
  }

  /** Devices that were registered before a restart, or at another node, are no strangers. */
  #onAdopted(aor: string, bindings: readonly Binding<BoundFlow>[]): void {
    this.registrar.onAdopted(aor, bindings);
    for (const { flow } of bindings) if (!(flow instanceof RemoteFlow)) this.#network.access.served(flow);
  }

  #makeAuthenticator(): DigestAuthenticator {
    const { configuration, clock, metrics, directory, seed } = this.#foundation;
    return new DigestAuthenticator({
      clock,
      seed,
      metrics,
      algorithms: configuration.digestAlgorithms,
      isOurs: (host) => directory.domain(host) !== undefined || this.#network.transport.hasHost(host),
      admits: (account, address) => this.#network.localNetworks.admits(account, address),
      isOpen: (connection) => this.#network.transport.connection(connection) !== undefined,
      guesses: this.#network.access.guesses,
      isKnownSource: (flow) => this.#network.access.isKnownSource(flow),
      bans: this.#network.access.bans,
      isRegisteredBy: (flow, { username, realm }) =>
        this.location.lookup(addressOfRecord(username, realm)).some((binding) => binding.flow === flow),
    });
  }

  #makeRegistrar(): Registrar {
    const { configuration, clock, directory, metrics, options } = this.#foundation;
    const { location, authenticator, contactFlows } = this;
    return new Registrar({
      clock,
      directory,
      location,
      authenticator,
      metrics,
      limits: configuration.registrar,
      maxContacts: configuration.maxContacts ?? DEFAULT_MAX_CONTACTS,
      usesSourceAddress: configuration.registrarIntf === "Internal",
      userAgent: configuration.userAgent,
      isServer: (uri) => this.ownUris.isServer(uri),
      accountMacs: options.database && this.accountMacs,
      contactFlows,
      onPeerAddress: (address, lifetime) => this.peerAddresses.add(address, lifetime),
    });
  }

  #makeJournal(): RegistrationJournal<BoundFlow> | undefined {
    const { clock, wheel, options: { database, cluster } } = this.#foundation;
    if (!database || cluster) return undefined;
    return new RegistrationJournal({
      location: this.location,
      database,
      flows: this.#ownFlows as FlowRecords<BoundFlow>,
      clock,
      wheel,
      accepts: (aor, binding) => this.registrar.accepts(aor, binding),
      onAdopted: (aor, bindings) => this.#onAdopted(aor, bindings),
    });
  }
}
