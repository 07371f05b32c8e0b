/** The configuration in force, and its changes while the server runs. */
import type { Configuration } from "../config/configuration.ts";
import type { Environment } from "../config/environment.ts";
import {
  changeConfiguration,
  changedProperties,
  type CurrentConfiguration,
  livePart,
  pathOf,
} from "../config/live_configuration.ts";
import { redacted, withTypes } from "../config/shown_configuration.ts";
import { formatPath } from "../data/fault.ts";
import { HttpError } from "../rest/http/http_error.ts";
import { unprocessable } from "../rest/http/validation.ts";
import type { SystemControl } from "../rest/operations/system.ts";
import { changeLogLevel, logger } from "../runtime/log.ts";
import { levelOf } from "./log_level.ts";
import type { Server } from "./server.ts";

const log = logger("rest");

export interface LiveSettingsOptions {
  readonly env: Environment;
  readonly server: Server;
}

export class LiveSettings {
  readonly #options: LiveSettingsOptions;
  #current: CurrentConfiguration;

  constructor(configuration: CurrentConfiguration, options: LiveSettingsOptions) {
    this.#current = configuration;
    this.#options = options;
  }

  get config(): Configuration {
    return this.#current.config;
  }

  /** Returns the configuration without secrets: with all defaults, or as it was written. */
  shown(isFull: boolean): unknown {
    const { config, document } = this.#current;
    if (!isFull) return withTypes(redacted(document));
    const { userAgent, ...spec } = config;
    return redacted({ apiVersion: "v1beta1", kind: "Config", metadata: { userAgent }, spec });
  }

  /**
   * Applies changes until the next start. Throws `HttpError` 422 for faults, 405 for what only a restart takes over.
   */
  change(changes: unknown): ReturnType<SystemControl["configure"]> {
    const change = changeConfiguration(this.#current, changes);
    if (change.kind === "faulty") throw unprocessable(change.problems, formatPath);
    if (change.kind === "fixed") {
      const names = change.properties.join(", ");
      throw new HttpError(405, `Only a restart takes over ${names}: edit config.yaml`, {
        headers: { allow: "GET, HEAD, PUT, OPTIONS" },
      });
    }
    this.#apply(change, change.changed);
    log.info("The configuration was changed: it lasts until the next start");
    return { inForce: this.shown(false), changed: change.changed };
  }

  /** Applies the live part of a configuration that was read again; warns of the rest. */
  adopt(read: CurrentConfiguration): void {
    const { live, fixed } = changedProperties(this.config, read.config);
    if (fixed.length > 0) {
      log.warn("Only a restart takes over {properties}", { properties: fixed.map(pathOf).join(", ") });
    }
    if (live.length === 0) return;
    const config = { ...this.config, ...livePart(read.config, this.config) };
    this.#apply({ config, document: read.document }, live.map(pathOf));
    log.info("In force from now on: {properties}", { properties: live.map(pathOf).join(", ") });
  }

  #apply({ config, document }: CurrentConfiguration, changed: readonly string[]): void {
    const { server, env } = this.#options;
    this.#current = { config, document };
    server.configure(config);
    changeLogLevel(levelOf(config, env));
    server.events.emit("configuration.changed", { properties: changed });
  }
}
