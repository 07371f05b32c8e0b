/** The REST service of a running server, put together. */
import { hostname } from "node:os";
import type { Configuration } from "../config/configuration.ts";
import { type Environment, setVariables } from "../config/environment.ts";
import {
  changeConfiguration,
  changedProperties,
  type CurrentConfiguration,
  livePart,
  pathOf,
} from "../config/live_configuration.ts";
import { withoutSecrets, withTypes } from "../config/shown_configuration.ts";
import { restTlsSettings } from "../config/tls_settings.ts";
import { formatPath, jsonPointer } from "../data/fault.ts";
import type { LiveDirectory } from "../data/live_directory.ts";
import type { ResourceStore } from "../data/resource_store.ts";
import { Attempts } from "../rest/access/attempts.ts";
import { Authentication } from "../rest/access/authentication.ts";
import { corsHeaders, isForeign } from "../rest/access/cors.ts";
import { type SaltPlace, tokenKey } from "../rest/access/salt.ts";
import { ensureCertificate } from "../rest/access/self_signed.ts";
import { Tokens } from "../rest/access/tokens.ts";
import { DEFAULT_FRONT_LIMITS, type ListeningPlace } from "../rest/front/front_messages.ts";
import { HttpFront } from "../rest/front/http_front.ts";
import { HttpError } from "../rest/http/http_error.ts";
import type { EventHistory } from "../rest/observe/event_history.ts";
import type { Operation } from "../rest/operation.ts";
import { locationOperations } from "../rest/operations/location.ts";
import { observationOperations } from "../rest/operations/observation.ts";
import { registryOperations } from "../rest/operations/registry.ts";
import { resourceOperations, resourceSchemas } from "../rest/operations/resources.ts";
import { sessionOperations } from "../rest/operations/session.ts";
import { type Appliance, systemOperations } from "../rest/operations/system.ts";
import { withDocumentation } from "../rest/operations/documentation.ts";
import { RestService } from "../rest/rest_service.ts";
import { systemClock } from "../runtime/clock.ts";
import { changeLogLevel, logger, logHistory } from "../runtime/log.ts";
import type { Server } from "./server.ts";
import { exposedAddress } from "./bind_policy.ts";
import { levelOf } from "./log_level.ts";
import type { TlsSettings } from "../transport/tls/tls_contexts.ts";

const log = logger("rest");

export interface AdministrationOptions {
  readonly version: string;
  readonly configuration: CurrentConfiguration;
  /** Of the configuration, for the relative paths in it. */
  readonly directory: string;
  readonly stateDirectory: string;
  readonly env: Environment;
  readonly server: Server;
  readonly live: LiveDirectory;
  readonly store: ResourceStore;
  readonly history: EventHistory;
  /** Asks for the end of the server. */
  end: Appliance["end"];
  /** Tells what came of reading resources again. */
  reload(): Promise<void>;
}

export class Administration {
  readonly #options: AdministrationOptions;
  readonly #upSince = Date.now();
  #configuration: CurrentConfiguration;
  #front: HttpFront | undefined;
  #service: RestService | undefined;
  #address = "";
  #isReady = false;

  constructor(options: AdministrationOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
  }

  /** Opens the service; where that fails, it says why, and the server serves without it. */
  async start(): Promise<boolean> {
    const { bindAddr, port } = this.#restService;
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

  /** Whether `/readyz` says so. */
  set isReady(isReady: boolean) {
    this.#isReady = isReady;
  }

  async stop(): Promise<void> {
    await this.#front?.stop();
    this.#service?.[Symbol.dispose]();
  }

  get #restService(): Configuration["restService"] {
    return this.#configuration.config.restService;
  }

  async #open(): Promise<void> {
    const { server, live, env, stateDirectory } = this.#options;
    const { salt, saltFile, tokenLifetimeSeconds, acceptsTokensWithoutExpiry, corsOrigins, ...settings } =
      this.#restService;
    const user = (username: string) => live.directory.user(username);
    const tokens = new Tokens({
      key: await kept(
        tokenKey(saltPlace({ salt, saltFile }, { env, stateDirectory })),
        "salt",
      ),
      lifetimeSeconds: tokenLifetimeSeconds,
      acceptsBare: acceptsTokensWithoutExpiry,
      user,
      now: () => Date.now(),
    });
    const authentication = new Authentication({
      tokens,
      attempts: new Attempts(systemClock),
      metrics: server.metrics,
      user,
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
    const service = this.#service = new RestService({
      operations: this.#operations(tokens),
      clock: systemClock,
      authenticate: (request, client) => authentication.authenticate(request, client),
      corsHeaders: (request) => corsHeaders(request, corsOrigins),
    });
    this.#address = exposedAddress(settings.bindAddr, live.directory);
    const front = new HttpFront({
      bindAddr: this.#address,
      port: settings.port,
      ...!settings.unsecured && { tls: await this.#tls() },
      limits: { ...DEFAULT_FRONT_LIMITS, ...limitsOf(settings) },
      metrics: server.metrics,
    }, (request, client) => service.handle(request, client));
    this.#tell(await front.start());
    this.#front = front;
    let following: Promise<void> = Promise.resolve();
    live.directory.onChange(() => following = following.then(() => this.#followExposure()));
  }

  #operations(tokens: Tokens): Operation[] {
    const { server, live, store, history, version } = this.#options;
    const operations = [
      ...sessionOperations((user) => tokens.issue(user)),
      ...resourceOperations({ directory: live.directory, store }),
      ...locationOperations({
        clock: systemClock,
        location: server.location,
        bind: (aor, contact) => server.bind(aor, contact),
        evict: (aor) => server.evict(aor),
        evictAll: () => server.evictAll(),
      }),
      ...registryOperations(() => server.registry),
      ...systemOperations(this.#appliance()),
      ...observationOperations({
        version,
        metrics: server.metrics,
        history,
        calls: () => server.calls,
        endedCalls: () => server.endedCalls,
        checks: () => ({
          listeners: server.transports.length > 0,
          directory: this.#isReady,
          ...live.isReachable !== undefined && { dataSource: live.isReachable },
        }),
      }),
    ];
    return withDocumentation(operations, { version, schemas: resourceSchemas() });
  }

  #appliance(): Appliance {
    const { version, env, end, reload } = this.#options;
    return {
      version,
      upSince: this.#upSince,
      environment: setVariables(env),
      configuration: (isFull) => this.#shownConfiguration(isFull),
      configure: (changes) => this.#configure(changes),
      logs: () => logHistory.text(),
      end,
      reload,
    };
  }

  #shownConfiguration(isFull: boolean): unknown {
    const { config, document } = this.#configuration;
    if (!isFull) return withTypes(withoutSecrets(document));
    const { userAgent, ...spec } = config;
    return withoutSecrets({ apiVersion: "v1beta1", kind: "Config", metadata: { userAgent }, spec });
  }

  #configure(changes: unknown): ReturnType<Appliance["configure"]> {
    const change = changeConfiguration(this.#configuration, changes);
    if (change.kind === "faulty") {
      const details = change.problems.map(({ path, found, expected }) => {
        return { pointer: jsonPointer(path), message: `is ${found}, expected ${expected}` };
      });
      const text = change.problems.map(({ path, found, expected }) =>
        `${formatPath(path) || "the body"} is ${found}, expected ${expected}`
      );
      throw new HttpError(422, `Unprocessable entity: ${text.join(", ")}`, { details });
    }
    if (change.kind === "fixed") {
      const names = change.properties.join(", ");
      throw new HttpError(405, `Only a restart takes over ${names}: edit config.yaml`, {
        headers: { allow: "GET, HEAD, PUT, OPTIONS" },
      });
    }
    this.#apply(change, change.changed);
    log.info("The configuration was changed: it lasts until the next start");
    return { inForce: this.#shownConfiguration(false), changed: change.changed };
  }

  /** Takes over what can be in force at once of a configuration that was read again; says what cannot. */
  adopt(read: CurrentConfiguration): void {
    const { live, fixed } = changedProperties(this.#configuration.config, read.config);
    if (fixed.length > 0) {
      log.warn("Only a restart takes over {properties}", { properties: fixed.map(pathOf).join(", ") });
    }
    if (live.length === 0) return;
    const config = { ...this.#configuration.config, ...livePart(read.config) };
    this.#apply({ config, document: read.document }, live.map(pathOf));
    log.info("In force from now on: {properties}", { properties: live.map(pathOf).join(", ") });
  }

  #apply(configuration: CurrentConfiguration, changed: readonly string[]): void {
    const { config, document } = configuration;
    this.#configuration = { config, document };
    this.#options.server.configure(config);
    changeLogLevel(levelOf(config, this.#options.env));
    this.#options.server.events.emit("configuration.changed", { properties: changed });
  }

  /** With the certificate that is configured; its own one where none is. */
  async #tls(): Promise<TlsSettings> {
    const { stateDirectory, directory } = this.#options;
    const isOwn = this.#restService.keyStore === undefined;
    const own = isOwn ? await kept(ensureCertificate(stateDirectory, ownNames()), "keyStore") : "";
    if (isOwn) {
      log.info("The REST service shows a certificate that it has made itself: {path}", { path: own });
    }
    return restTlsSettings(this.#restService, { directory, own });
  }

  /** A changed secret opens the service, or closes it. */
  async #followExposure(): Promise<void> {
    const { bindAddr } = this.#restService;
    const address = exposedAddress(bindAddr, this.#options.live.directory);
    if (address === this.#address || this.#front === undefined) return;
    const before = this.#address;
    this.#address = address;
    try {
      this.#tell(await this.#front.move(address));
    } catch (error) {
      this.#address = before;
      log.error("Cannot open the REST service on {address}: {error}", { address, error });
    }
  }

  #tell({ address, port }: ListeningPlace): void {
    const scheme = this.#restService.unsecured ? "http" : "https";
    log.info("REST service on {scheme}://{address}:{port}/api", { scheme, address, port });
    if (this.#address !== this.#restService.bindAddr) {
      log.warn(
        "The REST service can be reached from this host only, because a user still has the secret that is shipped: change it in users.yaml",
      );
    }
  }
}

/** Where the salt is looked for. */
export function saltPlace(
  { salt, saltFile }: Pick<Configuration["restService"], "salt" | "saltFile">,
  { env, stateDirectory }: { env: Environment; stateDirectory: string },
): SaltPlace {
  return {
    salt,
    arkeSalt: env.ARKE_SALT,
    saltFile,
    stateDirectory,
    formerDirectories: [".", ...env.HOME ? [env.HOME] : []],
  };
}

/** What is kept in the state folder, unless a property gives it. */
async function kept<T>(making: Promise<T>, property: string): Promise<T> {
  try {
    return await making;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason} (spec.restService.${property} does without)`);
  }
}

function limitsOf(
  { maxBodyBytes, maxUploadBytes, maxRequestsPerAddress, timeoutMillis }: Pick<
    Configuration["restService"],
    "maxBodyBytes" | "maxUploadBytes" | "maxRequestsPerAddress" | "timeoutMillis"
  >,
) {
  return { maxBodyBytes, maxUploadBytes, maxRequestsPerAddress, timeoutMillis };
}

/** What this host is called by those who connect to it. */
function ownNames(): string[] {
  const addresses = Deno.networkInterfaces().map(({ address }) => address.replace(/%.*/, ""));
  return [...new Set(["localhost", hostname(), "127.0.0.1", "::1", ...addresses])];
}
