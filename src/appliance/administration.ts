/** The REST service of a running server. */
import { type Environment, setVariables } from "../config/environment.ts";
import { Attempts } from "../rest/access/attempts.ts";
import { Authentication } from "../rest/access/authentication.ts";
import { corsHeaders, isForeign } from "../rest/access/cors.ts";
import { tokenKey } from "../rest/access/salt.ts";
import { Tokens } from "../rest/access/tokens.ts";
import type { ListeningAddress } from "../rest/front/front_messages.ts";
import { HttpFront } from "../rest/front/http_front.ts";
import type { EventHistory } from "../rest/observe/event_history.ts";
import type { Operation } from "../rest/operation.ts";
import { withDocumentation } from "../rest/operations/documentation.ts";
import { locationOperations } from "../rest/operations/location.ts";
import { observationOperations } from "../rest/operations/observation.ts";
import { registryOperations } from "../rest/operations/registry.ts";
import { resourceOperations, resourceSchemas } from "../rest/operations/resources.ts";
import { bansOperations } from "../rest/operations/bans.ts";
import { whyOperations } from "../rest/operations/why.ts";
import { sessionOperations } from "../rest/operations/session.ts";
import { type SystemControl, systemOperations } from "../rest/operations/system.ts";
import { RestService } from "../rest/rest_service.ts";
import { systemClock } from "../runtime/clock.ts";
import { logger, logHistory } from "../runtime/log.ts";
import { permittedBindAddress } from "./bind_policy.ts";
import type { LiveSettings } from "./live_settings.ts";
import { frontLimits, keptInState, saltSources, tlsOf } from "./rest_settings.ts";
import type { ServedResources } from "./served_resources.ts";
import type { Server } from "./server.ts";

const log = logger("rest");

export interface AdministrationOptions {
  /** The version of the program. */
  readonly version: string;
  readonly settings: LiveSettings;
  /** The folder of `config.yaml`. */
  readonly directory: string;
  readonly stateDirectory: string;
  readonly env: Environment;
  readonly server: Server;
  readonly resources: ServedResources;
  readonly history: EventHistory;
  readonly end: SystemControl["end"];
  readonly reload: SystemControl["reload"];
}

export class Administration {
  readonly #options: AdministrationOptions;
  readonly #upSince = systemClock.wallTime();
  #front: HttpFront | undefined;
  #service: RestService | undefined;
  /** The address that the service listens on, or tries to. */
  #address = "";
  #isReady = false;

  constructor(options: AdministrationOptions) {
    this.#options = options;
  }

  /** Opens the service. Returns false and logs the reason when that fails; the server serves without it. */
  async start(): Promise<boolean> {
    const { bindAddr, port } = this.#configured;
    try {
      await this.#open();
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error("Cannot open the REST service on {address}:{port}: {reason}", {
        address: bindAddr,
        port,
        reason,
      });
      return false;
    }
  }

  /** Sets the answer of `/readyz`. */
  set isReady(isReady: boolean) {
    this.#isReady = isReady;
  }

  async stop(): Promise<void> {
    await this.#front?.stop();
    this.#service?.[Symbol.dispose]();
  }

  get #configured() {
    return this.#options.settings.config.restService;
  }

  get #directory() {
    return this.#options.resources.live.directory;
  }

  async #open(): Promise<void> {
    const service = this.#service = this.#makeService(await this.#makeTokens());
    const front = await this.#makeFront(service);
    this.#logAddress(await front.start());
    this.#front = front;
    this.#followBindPolicy();
  }

  async #makeTokens(): Promise<Tokens> {
    const { tokenLifetimeSeconds, acceptsTokensWithoutExpiry } = this.#configured;
    return new Tokens({
      key: await keptInState(tokenKey(saltSources(this.#configured, this.#options)), "salt"),
      lifetimeSeconds: tokenLifetimeSeconds,
      acceptsBare: acceptsTokensWithoutExpiry,
      user: (username) => this.#directory.user(username),
      now: () => systemClock.wallTime(),
    });
  }

  #makeService(tokens: Tokens): RestService {
    const { corsOrigins } = this.#configured;
    const authentication = this.#makeAuthentication(tokens);
    return new RestService({
      operations: this.#operations(tokens),
      clock: systemClock,
      authenticate: (request, client) => authentication.authenticate(request, client),
      corsHeaders: (request) => corsHeaders(request, corsOrigins),
    });
  }

  #makeAuthentication(tokens: Tokens): Authentication {
    const { server } = this.#options;
    const { corsOrigins } = this.#configured;
    return new Authentication({
      tokens,
      attempts: new Attempts(systemClock),
      metrics: server.metrics,
      user: (username) => this.#directory.user(username),
      isForeign: (request) => isForeign(request, corsOrigins),
      onFailure: ({ address }, { username, reason }) =>
        server.events.refused("authentication.failed", {
          address,
          by: "REST",
          ...username !== "" && { username },
          status: 401,
          reason,
        }),
    });
  }

  async #makeFront(service: RestService): Promise<HttpFront> {
    const settings = this.#configured;
    this.#address = permittedBindAddress(settings.bindAddr, this.#directory);
    const tls = await tlsOf(settings, this.#options);
    return new HttpFront({
      bindAddr: this.#address,
      port: settings.port,
      ...tls && { tls },
      limits: frontLimits(settings),
      metrics: this.#options.server.metrics,
    }, (request, client) => service.handle(request, client));
  }

  #operations(tokens: Tokens): Operation[] {
    const { server, resources, version } = this.#options;
    const operations = [
      ...sessionOperations((user) => tokens.issue(user)),
      ...resourceOperations({ directory: this.#directory, store: resources.store() }),
      ...locationOperations({
        clock: systemClock,
        location: server.location,
        bind: (aor, contact) => server.bind(aor, contact),
        evict: (aor) => server.evict(aor),
        evictAll: () => server.evictAll(),
      }),
      ...registryOperations(() => server.registry),
      ...bansOperations(server.access.bans),
      ...whyOperations((what) => server.diagnose(what)),
      ...systemOperations(this.#systemControl()),
      ...this.#observationOperations(),
    ];
    return withDocumentation(operations, { version, schemas: resourceSchemas() });
  }

  #observationOperations(): Operation[] {
    const { server, resources: { live }, history, version } = this.#options;
    return observationOperations({
      version,
      metrics: server.metrics,
      history,
      calls: () => server.calls,
      endedCalls: () => server.endedCalls,
      endCall: (id) => server.endCall(id),
      checks: () => ({
        listeners: server.transports.length > 0,
        directory: this.#isReady,
        ...live.isReachable !== undefined && { dataSource: live.isReachable },
      }),
    });
  }

  #systemControl(): SystemControl {
    const { version, env, settings, end, reload } = this.#options;
    return {
      version,
      upSince: this.#upSince,
      environment: setVariables(env),
      configuration: (isFull) => settings.shown(isFull),
      configure: (changes) => settings.change(changes),
      logs: () => logHistory.text(),
      end,
      reload,
    };
  }

  /** Moves the listener when a changed secret changes the permitted address; one move at a time. */
  #followBindPolicy(): void {
    let moving: Promise<void> = Promise.resolve();
    this.#directory.onChange(() => moving = moving.then(() => this.#applyBindPolicy()));
  }

  async #applyBindPolicy(): Promise<void> {
    const address = permittedBindAddress(this.#configured.bindAddr, this.#directory);
    if (address === this.#address || this.#front === undefined) return;
    const before = this.#address;
    this.#address = address;
    try {
      this.#logAddress(await this.#front.move(address));
    } catch (error) {
      this.#address = before;
      log.error("Cannot open the REST service on {address}: {error}", { address, error });
    }
  }

  #logAddress({ address, port }: ListeningAddress): void {
    const { unsecured, bindAddr } = this.#configured;
    const scheme = unsecured ? "http" : "https";
    log.info("REST service on {scheme}://{address}:{port}/api", { scheme, address, port });
    if (this.#address !== bindAddr) {
      log.warn(
        "The REST service can be reached from this host only, because a user still has the secret that is shipped: change it in users.yaml",
      );
    }
  }
}
