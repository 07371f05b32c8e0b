/** A backend in memory with providers, their clock and their log. */
import assert from "node:assert/strict";
import { configureSync, type LogRecord } from "@logtape/logtape";
import type { Source } from "../../../../src/data/data_provider.ts";
import { formatFault } from "../../../../src/data/fault.ts";
import type { Resource } from "../../../../src/data/resource.ts";
import {
  RestfulDataProvider,
  type RestfulDataProviderOptions,
} from "../../../../src/data/restful_data_provider.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { ResourceBackend, type ResourceBackendOptions } from "../../../support/resource_backend.ts";

/** Longer than anything takes on this machine. */
const MAX_WAIT_MS = 10_000;
const TIMEOUT = 5000;
/** Differs from every delay of requests. */
const INTERVAL = 7;

/** A clock that notes the pauses of a provider. */
export class PauseClock extends FakeClock {
  /** Milliseconds, without the timeouts of requests. */
  readonly pauses: number[] = [];

  override setAlarm(callback: () => void, delay: number): unknown {
    if (delay % TIMEOUT !== 0) this.pauses.push(delay);
    return super.setAlarm(callback, delay);
  }
}

export class RestfulStorage implements AsyncDisposable {
  readonly backend: ResourceBackend;
  readonly clock = new PauseClock();
  readonly #providers: RestfulDataProvider[] = [];
  readonly #records: LogRecord[] = [];

  constructor(options: ResourceBackendOptions = {}) {
    this.backend = new ResourceBackend(options);
    configureSync({
      reset: true,
      sinks: { memory: (record) => this.#records.push(record) },
      loggers: [
        { category: ["routr"], sinks: ["memory"], lowestLevel: "info" },
        { category: ["logtape", "meta"], sinks: [], lowestLevel: "warning" },
      ],
    });
  }

  /** Opens a provider that refreshes every seven seconds of its clock. */
  open(options: Partial<RestfulDataProviderOptions> = {}): RestfulDataProvider {
    const { baseUrl, username, secret } = this.backend;
    const provider = new RestfulDataProvider({
      baseUrl,
      username,
      secret,
      refreshInterval: INTERVAL,
      timeout: TIMEOUT,
      clock: this.clock,
      ...options,
    });
    this.#providers.push(provider);
    return provider;
  }

  /** The logged lines, with the backend's address as `URL`. */
  get lines(): string[] {
    return this.#records.map(({ message }) => message.join("").replaceAll(this.backend.baseUrl, "URL"));
  }

  faultsOf(sources: readonly Source[]): string[] {
    return sources.flatMap(({ faults }) => faults).map((fault) =>
      formatFault(fault).replaceAll(this.backend.baseUrl, "URL")
    );
  }

  /** Ends the provider's present pause once it has made this number of pauses. */
  async passPause(count: number): Promise<void> {
    await until(() => this.clock.pauses.length === count);
    this.clock.advance(this.clock.pauses[count - 1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const provider of this.#providers) provider.close();
    await this.backend.stop();
  }
}

/** Waits for something that comes over a socket. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + MAX_WAIT_MS;
  while (!condition()) {
    assert.ok(performance.now() < end, "Not in time");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export function resourcesIn(sources: readonly Source[]): Resource[] {
  return sources.flatMap(({ resources }) => resources).filter((resource) => resource !== undefined);
}

export function namesOf(sources: readonly Source[]): string[] {
  return resourcesIn(sources).map(({ ref }) => ref).sort();
}
