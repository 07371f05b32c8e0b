/** The proxy side of the signalling server: who calls, where to, within which dialog; and the dispatcher that asks them. */
import type { LiveConfiguration } from "../../config/live_configuration.ts";
import { DomainAccessControl } from "../../core/access/access_control.ts";
import { RefusalHistory } from "../../core/access/refusal_history.ts";
import { RefusalLog } from "../../core/access/refusal_log.ts";
import { CallLimits } from "../../core/access/call_limits.ts";
import { LimitRefusals } from "../../core/access/limit_refusal.ts";
import { LimitValues } from "../../core/access/limit_values.ts";
import { RequestLimits } from "../../core/access/request_limits.ts";
import { CallerIdentification } from "../../core/authentication/caller.ts";
import { CallEnding } from "../../core/calls/call_ending.ts";
import { CallTable } from "../../core/calls/call_table.ts";
import { nodeAddress } from "../../core/cluster/cluster.ts";
import { NodeRoutes } from "../../core/cluster/node_route.ts";
import { Dialogs } from "../../core/dialogs/dialogs.ts";
import { Dispatcher } from "../../core/dispatcher/dispatcher.ts";
import { DialogRoutes } from "../../core/proxy/dialog_route.ts";
import { ProxyCore } from "../../core/proxy/proxy_core.ts";
import type { RouteContext } from "../../core/proxy/route_preprocessing.ts";
import { keepNames } from "../../core/routing/own_name_rows.ts";
import { Router } from "../../core/routing/router.ts";
import { SharedRows } from "../../location/redis/shared_rows.ts";
import type { RegistrationDatabase } from "../../location/registration_database.ts";
import type { StoredRow } from "../../location/stored_row.ts";
import type { Foundation } from "./foundation.ts";
import type { Network } from "./network.ts";
import type { Registrations } from "./registrations.ts";
import type { Trunk } from "./trunk.ts";

/** The other sides of the server. */
export interface ForwardingParts {
  readonly foundation: Foundation;
  readonly network: Network;
  readonly trunk: Trunk;
  readonly registrations: Registrations;
}

export class Forwarding {
  readonly calls: CallTable;
  readonly proxy: ProxyCore;
  readonly router: Router;
  readonly refusalHistory = new RefusalHistory();
  readonly #parts: ForwardingParts;
  readonly #refusals: RefusalLog;
  readonly #limitValues: LimitValues;
  readonly #limitRefusals: LimitRefusals;
  readonly #callers: CallerIdentification;
  readonly #routes: RouteContext;
  readonly #dialogs: Dialogs;
  /** Rows of dialogs and names, which outlive the process. */
  readonly #rows: Pick<RegistrationDatabase, "load" | "write"> | undefined;

  constructor(parts: ForwardingParts) {
    const { foundation, network, registrations } = parts;
    const { configuration, clock, wheel, metrics, events, key, options } = foundation;
    const { flowTexts, ownUris } = registrations;
    this.#parts = parts;
    this.#refusals = new RefusalLog({
      clock,
      events,
      bans: network.access.bans,
      history: this.refusalHistory,
    });
    this.#limitValues = new LimitValues(configuration.limits);
    const limits = this.#limitRefusals = new LimitRefusals(metrics);
    this.calls = new CallTable({ clock, wheel, metrics, events, limits });
    this.#routes = {
      dialogRoutes: new DialogRoutes({ flows: flowTexts, key }),
      nodeRoutes: options.cluster && new NodeRoutes(flowTexts, options.cluster.key),
      ownUris,
    };
    this.#callers = this.#makeCallers();
    this.router = this.#makeRouter();
    this.proxy = this.#makeProxy();
    this.#rows = this.#makeRows();
    this.#dialogs = this.#makeDialogs();
    const { dialogRoutes } = this.#routes;
    const { rewrites } = parts.trunk;
    this.calls.attach(new CallEnding({ dialogs: this.#dialogs, dialogRoutes, rewrites, proxy: this.proxy }));
    network.transactions.attach(this.#makeDispatcher());
    this.proxy.serialRingSeconds = configuration.registrar.serialRingSeconds;
  }

  configure({ registrar, limits }: LiveConfiguration): void {
    this.#limitValues.configure(limits);
    this.proxy.serialRingSeconds = registrar.serialRingSeconds;
  }

  /** Takes over dialogs and names that were kept; returns the rows that others take over from. */
  async adopt(): Promise<readonly StoredRow[] | undefined> {
    if (!this.#rows) return undefined;
    const { foundation: { clock }, registrations: { ownNames } } = this.#parts;
    const rows = await this.#rows.load();
    this.calls.restore(this.#dialogs.adopt(rows));
    keepNames(ownNames, rows, { database: this.#rows, clock });
    return rows;
  }

  /** Writes what is left to be written of dialogs. */
  stop(): void {
    this.#dialogs.stop();
  }

  close(): void {
    this.calls.close({ keepsDialogs: this.#rows !== undefined });
    this.#refusals.close();
  }

  #makeCallers(): CallerIdentification {
    const { foundation, network: { transport }, trunk, registrations } = this.#parts;
    const { authenticator, ownUris, peerAddresses } = registrations;
    const { directory, configuration } = foundation;
    return new CallerIdentification({
      directory,
      authenticator,
      allowsUnauthenticated: configuration.allowUnauthenticatedCalls,
      isServer: (uri) => ownUris.isServer(uri),
      gateways: trunk.addresses,
      hostFacing: (flow) => transport.sentBy(flow).replace(/:\d+$/, ""),
      isPeerAddress: (address) => peerAddresses.has(address),
    });
  }

  #makeRouter(): Router {
    const { foundation: { configuration, directory }, registrations: { location, ownUris } } = this.#parts;
    return new Router({
      directory,
      location,
      ownUris,
      allowsInterDomainCalls: configuration.interDomainCalls,
      usesTo: configuration.useToAsAOR,
      convertsToE164: configuration.ex_convertTelToE164,
      addressInfo: configuration.addressInfo,
    });
  }

  #makeProxy(): ProxyCore {
    const { foundation: { configuration, seed }, network } = this.#parts;
    const { transport, transactions, maxPendingBytes } = network;
    const { dialogRoutes, nodeRoutes } = this.#routes;
    return new ProxyCore({
      seed,
      limits: new RequestLimits({
        values: this.#limitValues,
        refusals: this.#limitRefusals,
        maxPendingBytes,
      }),
      transactions,
      transport,
      dialogRoutes,
      nodeRoutes,
      recordsRoute: configuration.recordRoute,
      ownsRealm: (realm) => this.#callers.ownsRealm(realm) || transport.hasHost(realm),
    });
  }

  #makeRows(): Pick<RegistrationDatabase, "load" | "write"> | undefined {
    const { foundation: { clock, options: { cluster, database } }, network: { transport } } = this.#parts;
    if (!cluster) return database;
    const { connection, address } = cluster;
    return new SharedRows(connection, clock, () => nodeAddress(address, transport.transports));
  }

  #makeDialogs(): Dialogs {
    const { foundation: { clock, wheel, metrics, directory }, trunk, registrations } = this.#parts;
    const { authenticator, contactFlows, flowTexts, accountMacs } = registrations;
    return new Dialogs({
      clock,
      wheel,
      metrics,
      directory,
      authenticator,
      contactFlows,
      router: this.router,
      flows: flowTexts,
      accountMacs,
      database: this.#rows,
      isGatewayAt: (ref, flow) => trunk.rewrites.isGatewayAt(ref, flow),
    });
  }

  #makeDispatcher(): Dispatcher {
    const { foundation, network, trunk, registrations } = this.#parts;
    const { configuration, directory, clock, seed } = foundation;
    const { location, registrar, ownNames, ownUris } = registrations;
    return new Dispatcher({
      seed,
      transactions: network.transactions,
      directory,
      location,
      routes: this.#routes,
      registrar,
      callers: this.#callers,
      domainAccess: new DomainAccessControl(clock),
      router: this.router,
      rewrites: trunk.rewrites,
      proxy: this.proxy,
      calls: this.calls,
      limits: new CallLimits({
        clock,
        values: this.#limitValues,
        refusals: this.#limitRefusals,
        counts: this.calls.tally,
      }),
      refusals: this.#refusals,
      access: network.access,
      dialogs: this.#dialogs,
      ownNames,
      ownUris,
      userAgent: configuration.userAgent,
      onFlowClosed: (flow) => trunk.registrations.onFlowClosed(flow),
    });
  }
}
