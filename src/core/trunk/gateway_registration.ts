/** Our registration with one gateway at one host (§10.2), kept up until it is ended. */
import type { Gateway } from "../../data/gateway.ts";
import type { HostPort } from "../../data/network_property.ts";
import type { Clock } from "../../runtime/clock.ts";
import { detachText } from "../../runtime/detached_text.ts";
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
import { grantedSeconds, type RegistrarPlace } from "./register_answer.ts";
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

/** What registrations have in common. */
export interface RegistrationParts {
  readonly transactions: TransactionLayer;
  readonly transport: TransportLayer;
  readonly clock: Clock;
  readonly realms: GatewayRealms;
  readonly failures: Counter;
  /** `metadata.userAgent`. */
  readonly userAgent: string;
  /** Whether our Contact is the address that registrars see us at: none is configured for the outside. */
  readonly learnsAddress: boolean;
  /** At least 0, less than 1. */
  readonly random: () => number;
  /** The gateway has accepted us by this flow. */
  onRegistered(gateway: Gateway, flow: Flow): void;
  /** It is in force now, or ended, or fails for another reason than before: neither refreshes nor further attempts are told. */
  onNews?(status: GatewayRegistrationStatus): void;
}

/** A gateway that we register with. */
export type RegisteringGateway = Gateway & { readonly credentials: NonNullable<Gateway["credentials"]> };

const DEFAULT_EXPIRES = 3600;
/** Milliseconds between keep-alives for routers in between (RFC 5626 §4.4.2). */
const KEEP_ALIVE = 25_000;

const UNBOUND = { address: "", expires: 0 };

const log = logger("trunk");

/** A binding that a registrar keeps for us. */
interface Bound {
  readonly contact: string;
  readonly place: RegistrarPlace;
  readonly destination: Destination;
  readonly flow: Flow;
  /** On the scale of `Clock.now`. */
  readonly until: number;
}

export class GatewayRegistration {
  readonly #parts: RegistrationParts;
  readonly #gateway: RegisteringGateway;
  readonly #host: HostPort;
  readonly #place: RegistrarPlace;
  readonly #user: string;
  readonly #contact: RegistrationContact;
  readonly #callId = `${randomToken()}${randomToken()}`;
  readonly #fromTag = randomToken();
  readonly #timer: Timer;
  readonly #keepAlive: Timer;
  readonly #patience: Timer;
  #status: GatewayRegistrationStatus;
  /** What was told last. */
  #news = "";
  #cseq = 0;
  #expires: number;
  #failures = 0;
  #attempt: RegisterAttempt | undefined;
  /** Of the latest REGISTER. */
  #contactUri = "";
  #bound: Bound | undefined;
  #ending: { readonly done: Promise<void>; finish(): void } | undefined;

  constructor(parts: RegistrationParts, gateway: RegisteringGateway, host: HostPort) {
    this.#parts = parts;
    this.#gateway = gateway;
    this.#host = host;
    const { transport, credentials, expires } = gateway;
    const registrar = toUriHost(host.host) + (host.port === undefined ? "" : `:${host.port}`);
    this.#place = {
      requestUri: `sip:${registrar}${transportParameter(transport)}`,
      hop: hopToGateway(gateway, host),
    };
    this.#user = escapeUser(credentials.username);
    this.#contact = new RegistrationContact({ ...parts, user: this.#user });
    this.#expires = expires === 0 ? DEFAULT_EXPIRES : expires;
    this.#timer = parts.transactions.timer(() => this.#register());
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

  /** The binding that this is about: two registrations of one key would undo each other's. */
  get key(): string {
    return `${this.#user}@${this.#place.requestUri}`;
  }

  /** Registers for the first time. */
  begin(): void {
    this.#register();
  }

  /** What came in by a connection comes no more once it is closed: the registrar has to get another. */
  onFlowClosed(flow: Flow): void {
    if (this.#bound?.flow !== flow || this.#status.state !== "registered" || this.#attempt) return;
    this.#schedule(reconnectDelay(this.#parts.random()));
  }

  /**
   * Un-registers if it is registered, for good. Comes true when the registrar has answered, or `patience` milliseconds
   * from now; a further call counts them anew.
   */
  end(patience: number): Promise<void> {
    if (this.#ending) {
      if (this.#patience.isRunning) this.#patience.start(patience);
      return this.#ending.done;
    }
    this.#timer.stop();
    this.#keepAlive.stop();
    this.#attempt?.abandon();
    this.#attempt = undefined;
    let finish = () => {};
    const done = new Promise<void>((resolve) => finish = resolve);
    this.#ending = { done, finish };
    this.#update({ nextAttempt: 0 });
    if (this.#isBound) {
      this.#patience.start(patience);
      this.#unregister(this.#bound!);
    } else this.#finish();
    return done;
  }

  /** Whether the registrar still has us, whatever has become of the latest attempt. */
  get #isBound(): boolean {
    return this.#bound !== undefined && this.#bound.until > this.#parts.clock.now();
  }

  #register(replacedContact?: string): void {
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
    this.#attempt.start(this.#place, this.#bound?.destination);
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
    { response, place, destination, flow, expires }: RegisterSuccess,
    { granted, isFollowUp }: { granted: number; isFollowUp: boolean },
  ): void {
    const { clock, random } = this.#parts;
    this.#expires = expires;
    this.#failures = 0;
    this.#bound = {
      contact: this.#contactUri,
      place,
      destination,
      flow,
      until: clock.now() + granted * 1000,
    };
    flow.markKnown?.();
    const isNews = this.#status.state !== "registered";
    this.#update({
      state: "registered",
      lastStatus: response.status,
      reason: "",
      address: `${flow.remoteAddress}:${flow.remotePort}`,
      expires: granted,
      registeredOn: clock.wallTime(),
    });
    this.#parts.onRegistered(this.#gateway, flow);
    log[isNews ? "info" : "debug"]("Gateway {ref} has registered us at {host} ({address}) for {expires} s", {
      ref: this.#gateway.ref,
      host: this.#host.host,
      address: this.#status.address,
      expires: granted,
    });
    this.#schedule(refreshDelay(granted, random()));
    const isBehindNat = this.#contact.regard(response, flow);
    if (isBehindNat) this.#keepAlive.start(KEEP_ALIVE);
    else if (isBehindNat === false) this.#keepAlive.stop();
    // One correction for each refresh: a router that gives every packet another port cannot be helped.
    const isReachable = this.#contact.uriFor(flow) === this.#contactUri;
    if (!isReachable && !isFollowUp) this.#register(this.#contactUri);
  }

  #onFailed({ status, reason, retryAfter }: RegisterFailure): void {
    const { random, failures } = this.#parts;
    failures.value++;
    this.#failures++;
    const delay = retryAfter === undefined
      ? retryDelay(this.#failures, random())
      : retryAfterDelay(retryAfter, random());
    const isNews = status !== this.#status.lastStatus || reason !== this.#status.reason;
    const { address, expires } = this.#isBound ? this.#status : UNBOUND;
    this.#update({ state: "failed", lastStatus: status, reason: detachText(reason), address, expires });
    this.#schedule(delay);
    log[isNews ? "warn" : "debug"](
      "Gateway {ref} has not registered us at {host}: {status} {reason}, next attempt in {delay} s",
      { ref: this.#gateway.ref, host: this.#host.host, status, reason, delay: Math.round(delay) },
    );
  }

  #unregister(bound: Bound): void {
    // Of what was under way, nobody knows whether it has come about.
    const other = this.#contactUri === bound.contact ? undefined : this.#contactUri;
    this.#attempt = new RegisterAttempt({
      ...this.#attemptParts({ maxAnswers: 1 }),
      expires: 0,
      build: (request) => this.#build(request, bound.contact, other),
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
    this.#attempt.startAt(bound.place, bound.destination);
  }

  #finish(): void {
    this.#patience.stop();
    this.#attempt?.abandon();
    this.#attempt = undefined;
    this.#bound = undefined;
    this.#update({ state: "unregistered", ...UNBOUND });
    this.#ending?.finish();
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

  /** @param delay seconds */
  #schedule(delay: number): void {
    this.#timer.start(delay * 1000);
    this.#update({ nextAttempt: Math.round(this.#parts.clock.wallTime() + delay * 1000) });
  }

  #ping(): void {
    if (!this.#isBound) return;
    this.#bound!.flow.send("\r\n\r\n");
    this.#keepAlive.start(KEEP_ALIVE);
  }

  #update(change: Partial<GatewayRegistrationStatus>): void {
    this.#status = { ...this.#status, ...change };
    const { state, lastStatus, reason } = this.#status;
    if (state === "registering") return;
    const news = state === "failed" ? `${state} ${lastStatus} ${reason}` : state;
    if (news === this.#news) return;
    this.#news = news;
    this.#parts.onNews?.(this.#status);
  }
}
