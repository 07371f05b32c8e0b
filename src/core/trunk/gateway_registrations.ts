/** The registrations with all gateways, as configured; begun at a limited rate. */
import type { Directory } from "../../data/directory.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { HostPort } from "../../data/network_property.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import type { Timer } from "../../runtime/timer_wheel.ts";
import type { TransactionLayer } from "../../transaction/transaction_layer.ts";
import type { Flow } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import type { GatewayRealms } from "./gateway_realms.ts";
import {
  GatewayRegistration,
  type RegisteringGateway,
  type RegistrationParts,
} from "./gateway_registration.ts";
import type { GatewayRegistrationStatus } from "./gateway_registration_status.ts";

export interface GatewayRegistrationsParts {
  readonly directory: Pick<Directory, "gateways" | "onChange">;
  readonly transactions: TransactionLayer;
  readonly transport: TransportLayer;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly realms: GatewayRealms;
  /** `metadata.userAgent`. */
  readonly userAgent: string;
  /** True when the Contact has the address that registrars see: no external address is configured. */
  readonly learnsAddress: boolean;
  /** At least 0, less than 1. */
  readonly random?: () => number;
  /** Called after each 200 of a gateway, which came by `flow`. */
  onRegistered(gateway: Gateway, flow: Flow): void;
  /** See `RegistrationParts`. */
  onChange?(status: GatewayRegistrationStatus): void;
}

/** Time between the beginnings of two registrations: 20 a second. */
const PACE_MS = 50;
/** Time that a registrar has to answer an un-registration after a change of the configuration. */
const UNREGISTER_PATIENCE_MS = 10_000;
/** Time that a registrar has to answer when the server stops. */
const STOP_PATIENCE_MS = 2_000;

export class GatewayRegistrations {
  readonly #parts: GatewayRegistrationsParts;
  readonly #registrationParts: RegistrationParts;
  /** By gateway object. A changed gateway is a new object. */
  readonly #registrations = new Map<RegisteringGateway, readonly GatewayRegistration[]>();
  readonly #ending = new Set<GatewayRegistration>();
  /** Ends of registrations by key: a new registration of the same key begins after it. */
  readonly #ends = new Map<string, Promise<unknown>>();
  readonly #waiting: GatewayRegistration[] = [];
  readonly #pace: Timer;
  #isStopped = false;

  constructor(parts: GatewayRegistrationsParts) {
    this.#parts = parts;
    const { metrics, random = Math.random } = parts;
    this.#registrationParts = {
      ...parts,
      random,
      failures: metrics.counter(
        "routr_gateway_registration_failures_total",
        "Attempts to register with a gateway that failed",
      ),
      onRegistered: (gateway, flow) => parts.onRegistered(gateway, flow),
      onChange: (status) => parts.onChange?.(status),
    };
    this.#pace = parts.transactions.timer(() => this.#beginNext());
    metrics.gauge(
      "routr_registered_gateways",
      "Registrations with gateways that are in force",
      () => this.list().filter(({ state }) => state === "registered").length,
    );
  }

  /** Begins to register. Call it once transports are open. */
  start(): void {
    this.#parts.directory.onChange(() => this.#follow());
    this.#follow();
  }

  /** Un-registers everywhere. Resolves when all registrars have answered, or after two seconds. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#pace.stop();
    const registrations = [...[...this.#registrations.values()].flat(), ...this.#ending];
    await Promise.all(registrations.map((registration) => registration.end(STOP_PATIENCE_MS)));
  }

  /** Returns the status of every registration: one for each host of a gateway. */
  list(): readonly GatewayRegistrationStatus[] {
    return [...this.#registrations.values()].flat().map(({ status }) => status);
  }

  /** Takes notice of a closed flow. */
  onFlowClosed(flow: Flow): void {
    if (!flow.isConnection) return;
    for (const registrations of this.#registrations.values()) {
      for (const registration of registrations) registration.onFlowClosed(flow);
    }
  }

  /** Begins and ends registrations as the directory says. */
  #follow(): void {
    if (this.#isStopped) return;
    const gateways = new Set([...this.#parts.directory.gateways()].filter(registers));
    for (const [gateway, registrations] of this.#registrations) {
      if (gateways.has(gateway)) continue;
      this.#registrations.delete(gateway);
      for (const registration of registrations) this.#end(registration);
    }
    for (const gateway of gateways) {
      if (this.#registrations.has(gateway)) continue;
      const registrations = hostsOf(gateway)
        .map((host) => new GatewayRegistration(this.#registrationParts, gateway, host));
      this.#registrations.set(gateway, registrations);
      for (const registration of registrations) this.#begin(registration);
    }
  }

  #end(registration: GatewayRegistration): void {
    const { key } = registration;
    this.#ending.add(registration);
    const end = Promise.all([this.#ends.get(key), registration.end(UNREGISTER_PATIENCE_MS)]);
    this.#ends.set(key, end);
    end.then(() => {
      this.#ending.delete(registration);
      if (this.#ends.get(key) === end) this.#ends.delete(key);
    });
  }

  /** Begins a registration after the end of a former one with its key. */
  #begin(registration: GatewayRegistration): void {
    const before = this.#ends.get(registration.key);
    if (before) before.then(() => this.#enqueue(registration));
    else this.#enqueue(registration);
  }

  #enqueue(registration: GatewayRegistration): void {
    if (this.#isStopped) return;
    this.#waiting.push(registration);
    if (!this.#pace.isRunning) this.#beginNext();
  }

  #beginNext(): void {
    const registration = this.#waiting.shift();
    if (!registration) return;
    this.#pace.start(PACE_MS);
    registration.register();
  }
}

function registers(gateway: Gateway): gateway is RegisteringGateway {
  return gateway.sendRegister && gateway.credentials !== undefined;
}

/** Returns the host of a gateway and those of its `registries`, each once. */
function hostsOf({ host, port, registries }: Gateway): readonly HostPort[] {
  const hosts: readonly HostPort[] = [{ host, port }, ...registries];
  return hosts.filter((one, i) =>
    i === hosts.findIndex((other) => other.host === one.host && other.port === one.port)
  );
}
