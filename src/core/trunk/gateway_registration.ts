/** A registration with one gateway at one host (§10.2), refreshed until it is ended. */
import type { Gateway } from "../../data/gateway.ts";
import type { HostPort } from "../../data/network_property.ts";
import type { Clock } from "../../runtime/clock.ts";
import { detachText } from "../../runtime/text.ts";
import { logger } from "../../runtime/log.ts";
import type { Counter } from "../../runtime/metrics.ts";
import { randomToken } from "../../runtime/random.ts";
import type { Timer } from "../../runtime/timer_wheel.ts";
import type { TransactionLayer } from "../../transaction/transaction_layer.ts";
import type { Destination } from "../../transport/dns/destination.ts";
import { escapeUser } from "../../message/sip_uri.ts";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import { defaultPort, type Flow, transportParameter } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import { hopToGateway } from "./gateway_addresses.ts";
import { GatewayChallenges } from "./gateway_challenges.ts";
import type { GatewayRealms } from "./gateway_realms.ts";
import type { GatewayRegistrationStatus } from "./gateway_registration_status.ts";
import { grantedSeconds, type RegistrarTarget } from "./register_answer.ts";
import {
  type OutgoingRegister,
  RegisterAttempt,
  type RegisterFailure,
  type RegisterResult,
  type RegisterSuccess,
} from "./register_attempt.ts";
import { buildRegister } from "./register_request.ts";
import { RegistrationContact } from "./registration_contact.ts";
import { reconnectDelay, refreshDelay, retryAfterDelay, retryDelay } from "./registration_delays.ts";

export interface RegistrationParts {
  readonly transactions: TransactionLayer;
  readonly transport: TransportLayer;
  readonly clock: Clock;
  readonly realms: GatewayRealms;
  readonly failures: Counter;
  /** `metadata.userAgent`. */
  readonly userAgent: string;
  /** True when the Contact has the address that registrars see: no external address is configured. */
  readonly learnsAddress: boolean;
  /** At least 0, less than 1. */
  readonly random: () => number;
  /** Called when a gateway has registered us by a flow. */
  onRegistered(gateway: Gateway, flow: Flow): void;
  /** Called when a registration comes into force, ends, or fails for a new reason; not for refreshes and further attempts. */
  onChange?(status: GatewayRegistrationStatus): void;
}

/** A gateway to register with. */
export type RegisteringGateway = Gateway & { readonly credentials: NonNullable<Gateway["credentials"]> };

const DEFAULT_EXPIRES_SECONDS = 3600;
/** Time between keep-alives for NATs (RFC 5626 §4.4.2). */
const KEEP_ALIVE_MS = 25_000;

const UNBOUND = { address: "", expires: 0 };

const log = logger("trunk");

/** Our binding at a registrar. */
interface OwnBinding {
  readonly contact: string;
  readonly target: RegistrarTarget;
  readonly destination: Destination;
  readonly flow: Flow;
  /** Its end, on the scale of `Clock.now`. */
  readonly until: number;
}

export class GatewayRegistration {
  readonly #parts: RegistrationParts;
  readonly #gateway: RegisteringGateway;
  readonly #host: HostPort;
  readonly #target: RegistrarTarget;
  readonly #user: string;
  readonly #contact: RegistrationContact;
  readonly #callId = `${randomToken()}${randomToken()}`;
  readonly #fromTag = randomToken();
  readonly #timer: Timer;
  readonly #keepAlive: Timer;
  readonly #patience: Timer;
  #status: GatewayRegistrationStatus;
  /** The state told last to `onChange`. */
  #toldState = "";
  #cseq = 0;
  #expires: number;
  #failures = 0;
  #attempt: RegisterAttempt | undefined;
  /** The Contact of the latest REGISTER. */
  #contactUri = "";
  #binding: OwnBinding | undefined;
  #ending: PromiseWithResolvers<void> | undefined;

  constructor(parts: RegistrationParts, gateway: RegisteringGateway, host: HostPort) {
    this.#parts = parts;
    this.#gateway = gateway;
    this.#host = host;
    const { transport, credentials, expires } = gateway;
    const registrar = toUriHost(host.host) + (host.port === undefined ? "" : `:${host.port}`);
    this.#target = {
      requestUri: `sip:${registrar}${transportParameter(transport)}`,
      hop: hopToGateway(gateway, host),
    };
    this.#user = escapeUser(credentials.username);
    this.#contact = new RegistrationContact({ ...parts, user: this.#user });
    this.#expires = expires === 0 ? DEFAULT_EXPIRES_SECONDS : expires;
    this.#timer = parts.transactions.timer(() => this.register());
    this.#keepAlive = parts.transactions.timer(() => this.#ping());
    this.#patience = parts.transactions.timer(() => this.#finish());
    this.#status = {
      gwRef: gateway.ref,
      host: host.host,
      port: host.port ?? defaultPort(transport),
      username: credentials.username,
      state: "registering",
      lastStatus: 0,
      reason: "",
      address: "",
      expires: 0,
      registeredOn: 0,
      nextAttempt: 0,
    };
  }

  get status(): GatewayRegistrationStatus {
    return this.#status;
  }

  /** The identity of the binding: two registrations with one key would undo each other. */
  get key(): string {
    return `${this.#user}@${this.#target.requestUri}`;
  }

  /** Registers anew after the connection of the binding was closed: the registrar needs another one. */
  onFlowClosed(flow: Flow): void {
    if (this.#binding?.flow !== flow || this.#status.state !== "registered" || this.#attempt) return;
    this.#schedule(reconnectDelay(this.#parts.random()));
  }

  /**
   * Un-registers for good. Resolves when the registrar has answered, or after `patienceMs`; a further call starts that
   * time anew.
   */
  end(patienceMs: number): Promise<void> {
    if (this.#ending) {
      if (this.#patience.isRunning) this.#patience.start(patienceMs);
      return this.#ending.promise;
    }
    this.#timer.stop();
    this.#keepAlive.stop();
    this.#attempt?.abandon();
    this.#attempt = undefined;
    this.#ending = Promise.withResolvers();
    this.#update({ nextAttempt: 0 });
    if (this.#isBound) {
      this.#patience.start(patienceMs);
      this.#unregister(this.#binding!);
    } else this.#finish();
    return this.#ending.promise;
  }

  /** Reports whether the registrar still has our binding, whatever the latest attempt brought. */
  get #isBound(): boolean {
    return this.#binding !== undefined && this.#binding.until > this.#parts.clock.now();
  }

  /** Registers, first or anew, and removes a Contact that was bound. */
  register(replacedContact?: string): void {
    if (this.#attempt || this.#ending) return;
    this.#timer.stop();
    this.#update({
      nextAttempt: 0,
      state: this.#status.state === "registered" ? "registered" : "registering",
    });
    const isFollowUp = replacedContact !== undefined;
    this.#attempt = new RegisterAttempt({
      ...this.#attemptParts(),
      expires: this.#expires,
      build: (request) => {
        this.#contactUri = this.#contact.uriFor(request.flow);
        return this.#build(request, this.#contactUri, replacedContact);
      },
      onEnd: (result) => this.#onEnd(result, isFollowUp),
    });
    this.#attempt.start(this.#target, this.#binding?.destination);
  }

  #onEnd(result: RegisterResult, isFollowUp: boolean): void {
    this.#attempt = undefined;
    if (result.kind === "failed") return this.#onFailed(result);
    const { expires, response } = result;
    const granted = grantedSeconds(response, this.#contactUri, expires);
    if (granted > 0) return this.#onAccepted(result, { granted, isFollowUp });
    this.#onFailed({
      kind: "failed",
      status: response.status,
      reason: "Answers that we are not registered",
      retryAfter: undefined,
    });
  }

  #onAccepted(
    { response, target, destination, flow, expires }: RegisterSuccess,
    { granted, isFollowUp }: { granted: number; isFollowUp: boolean },
  ): void {
    const { clock, random } = this.#parts;
    this.#expires = expires;
    this.#failures = 0;
    this.#binding = {
      contact: this.#contactUri,
      target,
      destination,
      flow,
      until: clock.now() + granted * 1000,
    };
    flow.markEstablished?.();
    const isNew = this.#status.state !== "registered";
    this.#update({
      state: "registered",
      lastStatus: response.status,
      reason: "",
      address: `${flow.remoteAddress}:${flow.remotePort}`,
      expires: granted,
      registeredOn: clock.wallTime(),
    });
    this.#parts.onRegistered(this.#gateway, flow);
    log[isNew ? "info" : "debug"](
      "Gateway {ref} has registered us at {host} ({address}) for {expires} s",
      { ref: this.#gateway.ref, host: this.#host.host, address: this.#status.address, expires: granted },
    );
    this.#schedule(refreshDelay(granted, random()));
    const isBehindNat = this.#contact.learn(response, flow);
    if (isBehindNat) this.#keepAlive.start(KEEP_ALIVE_MS);
    else if (isBehindNat === false) this.#keepAlive.stop();
    // One correction for each refresh: a NAT may give every packet another port.
    const isReachable = this.#contact.uriFor(flow) === this.#contactUri;
    if (!isReachable && !isFollowUp) this.register(this.#contactUri);
  }

  #onFailed({ status, reason, retryAfter }: RegisterFailure): void {
    const { random, failures } = this.#parts;
    failures.value++;
    this.#failures++;
    const delaySeconds = retryAfter === undefined
      ? retryDelay(this.#failures, random())
      : retryAfterDelay(retryAfter, random());
    const isNew = status !== this.#status.lastStatus || reason !== this.#status.reason;
    const { address, expires } = this.#isBound ? this.#status : UNBOUND;
    this.#update({ state: "failed", lastStatus: status, reason: detachText(reason), address, expires });
    this.#schedule(delaySeconds);
    log[isNew ? "warn" : "debug"](
      "Gateway {ref} has not registered us at {host}: {status} {reason}, next attempt in {delay} s",
      { ref: this.#gateway.ref, host: this.#host.host, status, reason, delay: Math.round(delaySeconds) },
    );
  }

  #unregister(binding: OwnBinding): void {
    // A REGISTER under way may have bound another Contact.
    const other = this.#contactUri === binding.contact ? undefined : this.#contactUri;
    this.#attempt = new RegisterAttempt({
      ...this.#attemptParts({ maxAnswers: 1 }),
      expires: 0,
      build: (request) => this.#build(request, binding.contact, other),
      onEnd: (result) => {
        if (result.kind === "accepted") {
          log.info("Gateway {ref} has un-registered us at {host}", {
            ref: this.#gateway.ref,
            host: this.#host.host,
          });
        }
        this.#finish();
      },
    });
    this.#attempt.startAt(binding.target, binding.destination);
  }

  #finish(): void {
    this.#patience.stop();
    this.#attempt?.abandon();
    this.#attempt = undefined;
    this.#binding = undefined;
    this.#update({ state: "unregistered", ...UNBOUND });
    this.#ending?.resolve();
  }

  #attemptParts({ maxAnswers }: { maxAnswers?: number } = {}) {
    const { transactions, transport, realms } = this.#parts;
    return {
      transactions,
      transport,
      challenges: new GatewayChallenges(this.#gateway, realms, maxAnswers),
      protocol: this.#gateway.transport,
    };
  }

  #build(request: OutgoingRegister, contact: string, replacedContact: string | undefined): string {
    return buildRegister({
      ...request,
      addressOfRecord: `sip:${this.#user}@${toUriHost(this.#host.host)}`,
      fromTag: this.#fromTag,
      callId: this.#callId,
      cseq: ++this.#cseq,
      sentBy: this.#parts.transport.sentBy(request.flow),
      contact,
      replacedContact,
      userAgent: this.#parts.userAgent,
    });
  }

  #schedule(delaySeconds: number): void {
    this.#timer.start(delaySeconds * 1000);
    this.#update({ nextAttempt: Math.round(this.#parts.clock.wallTime() + delaySeconds * 1000) });
  }

  #ping(): void {
    if (!this.#isBound) return;
    this.#binding!.flow.send("\r\n\r\n");
    this.#keepAlive.start(KEEP_ALIVE_MS);
  }

  #update(change: Partial<GatewayRegistrationStatus>): void {
    this.#status = { ...this.#status, ...change };
    const { state, lastStatus, reason } = this.#status;
    if (state === "registering") return;
    const told = state === "failed" ? `${state} ${lastStatus} ${reason}` : state;
    if (told === this.#toldState) return;
    this.#toldState = told;
    this.#parts.onChange?.(this.#status);
  }
}
