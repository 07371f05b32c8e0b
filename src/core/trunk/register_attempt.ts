/** One attempt to register: endpoint after endpoint, challenges, redirects, until the last word of a registrar. */
import type { SipResponse } from "../../message/sip_message.ts";
import { MAGIC_COOKIE } from "../../message/via.ts";
import { logger } from "../../runtime/log.ts";
import { randomToken } from "../../runtime/random.ts";
import type { TransactionLayer } from "../../transaction/transaction_layer.ts";
import type { ClientTransaction, ClientTransactionUser } from "../../transaction/transaction_user.ts";
import type { Destination } from "../../transport/dns/destination.ts";
import type { Flow, TransportProtocol } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import { type EndpointAttempt, EndpointAttempts, FAILOVER_PATIENCE } from "../endpoint_attempts.ts";
import type { GatewayChallenges } from "./gateway_challenges.ts";
import {
  minimumSeconds,
  redirectTargets,
  type RegistrarTarget,
  retryAfterSeconds,
} from "./register_answer.ts";

export interface RegisterAttemptParts {
  readonly transactions: TransactionLayer;
  readonly transport: TransportLayer;
  readonly challenges: GatewayChallenges;
  /** The transport of the gateway. */
  readonly protocol: TransportProtocol;
  /** Seconds to request; 0 un-registers. */
  readonly expires: number;
  /** Builds the REGISTER for a flow, with the next CSeq. */
  build(request: OutgoingRegister): string;
  /** Called once at the end; not after `abandon`. */
  onEnd(result: RegisterResult): void;
}

/** The parts that differ from one REGISTER of an attempt to the next. */
export interface OutgoingRegister {
  readonly flow: Flow;
  readonly requestUri: string;
  readonly branch: string;
  readonly expires: number;
  /** Header lines, each ended by CRLF. */
  readonly credentials: readonly string[];
}

export type RegisterResult = RegisterSuccess | RegisterFailure;

export interface RegisterSuccess {
  readonly kind: "accepted";
  readonly response: SipResponse;
  readonly target: RegistrarTarget;
  readonly destination: Destination;
  readonly flow: Flow;
  /** Seconds that were requested last. */
  readonly expires: number;
}

export interface RegisterFailure {
  readonly kind: "failed";
  /** Status of the last response; 408 or 503 without one (§8.1.3.1). */
  readonly status: number;
  readonly reason: string;
  /** Seconds of Retry-After; undefined without it. */
  readonly retryAfter: number | undefined;
}

const MAX_REDIRECTS = 3;
/** Times that a registrar may require a longer lifetime. */
const MAX_PROLONGATIONS = 2;
/** UTF-16 units. */
const MAX_REASON_LENGTH = 100;

const log = logger("trunk");

export class RegisterAttempt implements ClientTransactionUser {
  readonly #parts: RegisterAttemptParts;
  #expires: number;
  #target: RegistrarTarget | undefined;
  #endpoints: EndpointAttempts | undefined;
  #current: EndpointAttempt | undefined;
  #client: ClientTransaction | undefined;
  #redirects = 0;
  #prolongations = 0;
  #hasEnded = false;

  constructor(parts: RegisterAttemptParts) {
    this.#parts = parts;
    this.#expires = parts.expires;
  }

  /** @param preferred the endpoint with our binding, tried first if it is among those found */
  start(target: RegistrarTarget, preferred?: Destination): void {
    this.#target = target;
    this.#client = undefined;
    const located = this.#parts.transport.locator.locate(target.hop);
    if (!(located instanceof Promise)) return this.#begin(located, preferred);
    located.then((destinations) => this.#begin(destinations, preferred)).catch((error) => {
      log.error("Cannot register: {error}", { error });
      this.#fail({ status: 500, reason: "Internal error" });
    });
  }

  /** Asks the server that has a binding, to end it. */
  startAt(target: RegistrarTarget, destination: Destination): void {
    this.#target = target;
    this.#begin([destination], undefined);
  }

  /** Ends the attempt without a word, unless it has ended. */
  abandon(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#endpoints?.stop();
    this.#client?.abandon();
  }

  onResponse(response: SipResponse): void {
    const { status } = response;
    if (status < 200) return this.#endpoints!.stop();
    if (this.#hasEnded) return;
    this.#endpoints!.succeed(this.#current!);
    if (status < 300) return this.#succeed(response);
    if (status < 400) return this.#redirect(response);
    if (status === 401 || status === 407) return this.#authenticate(response);
    if (status === 423) return this.#prolong(response);
    const failure = failureOf(response);
    // 408 and 5xx are failures of one endpoint, which another may not have (RFC 3263 §4.3).
    if (status === 408 || status >= 500 && status < 600) return this.#next(failure);
    this.#fail(failure);
  }

  onTimeout(): void {
    this.#giveUp("No answer");
  }

  onFailure(reason: string): void {
    this.#endpoints!.fail(this.#current!);
    this.#next({ status: 503, reason });
  }

  #giveUp(reason: string): void {
    this.#client?.abandon();
    this.#endpoints!.fail(this.#current!);
    this.#next({ status: 408, reason });
  }

  #begin(destinations: readonly Destination[], preferred: Destination | undefined): void {
    if (this.#hasEnded) return;
    const isPreferred = ({ address, port, protocol }: Destination) =>
      address === preferred?.address && port === preferred.port && protocol === preferred.protocol;
    const { transactions, transport } = this.#parts;
    this.#endpoints = new EndpointAttempts({
      locator: transport.locator,
      patienceMs: FAILOVER_PATIENCE * transactions.timers.t1,
      timer: (callback) => transactions.timer(callback),
      send: (attempt) => this.#sendTo(attempt),
      onSilence: () => this.#giveUp("No answer for some seconds"),
    }, destinations.toSorted((a, b) => Number(isPreferred(b)) - Number(isPreferred(a))));
    this.#next({ status: 503, reason: transport.locator.whyNowhere(this.#target!.hop) });
  }

  /** Tries the next endpoint; where there is none, the attempt ends with this failure. */
  #next(failure: Failure): void {
    if (this.#hasEnded || this.#endpoints!.next()) return;
    this.#fail(failure);
  }

  #sendTo(attempt: EndpointAttempt): boolean {
    const flow = this.#parts.transport.flowTo(attempt.destination);
    if (!flow) return false;
    this.#current = attempt;
    this.#parts.challenges.restart();
    this.#send(flow);
    return true;
  }

  #send(flow: Flow): void {
    const { transactions, build } = this.#parts;
    const branch = MAGIC_COOKIE + randomToken();
    const text = build({
      flow,
      requestUri: this.#target!.requestUri,
      branch,
      expires: this.#expires,
      credentials: this.#parts.challenges.lines,
    });
    this.#client = transactions.request({ text, method: "REGISTER", branch, flow }, this);
  }

  /** Sends another REGISTER to the same server, by a new connection if it has closed the old one. */
  #sendAgain(): void {
    const flow = this.#parts.transport.flowTo(this.#current!.destination);
    if (!flow) return this.onFailure("Connection is closed");
    this.#send(flow);
    this.#endpoints!.watch();
  }

  #authenticate(response: SipResponse): void {
    const request = { method: "REGISTER", uri: this.#target!.requestUri, body: "" };
    const authorization = this.#parts.challenges.answer(response, request, this.#client!.flow);
    if (authorization.kind === "granted") return this.#sendAgain();
    this.#fail({ ...failureOf(response), reason: authorization.reason });
  }

  /** Asks for the shortest lifetime that the registrar takes (§10.2.8). */
  #prolong(response: SipResponse): void {
    const minimum = minimumSeconds(response);
    const isUsable = this.#expires > 0 && minimum !== undefined && minimum > this.#expires;
    if (!isUsable || ++this.#prolongations > MAX_PROLONGATIONS) return this.#fail(failureOf(response));
    this.#expires = minimum;
    this.#parts.challenges.forget();
    this.#sendAgain();
  }

  /** §8.1.3.4. */
  #redirect(response: SipResponse): void {
    const [target] = redirectTargets(response, this.#parts.protocol);
    if (!target) {
      return this.#fail({ ...failureOf(response), reason: "Redirects to an unusable target" });
    }
    if (++this.#redirects > MAX_REDIRECTS) {
      return this.#fail({ ...failureOf(response), reason: "Redirects too often" });
    }
    this.start(target);
  }

  #succeed(response: SipResponse): void {
    this.#parts.challenges.learnRealms();
    this.#end({
      kind: "accepted",
      response,
      target: this.#target!,
      destination: this.#current!.destination,
      flow: this.#client!.flow,
      expires: this.#expires,
    });
  }

  #fail(failure: Failure): void {
    if (!this.#hasEnded) this.#end({ retryAfter: undefined, ...failure, kind: "failed" });
  }

  #end(result: RegisterResult): void {
    this.#hasEnded = true;
    this.#endpoints?.stop();
    this.#parts.onEnd(result);
  }
}

interface Failure {
  readonly status: number;
  readonly reason: string;
  readonly retryAfter?: number | undefined;
}

function failureOf(response: SipResponse): Failure {
  const { status, reason } = response;
  return { status, reason: reason.slice(0, MAX_REASON_LENGTH), retryAfter: retryAfterSeconds(response) };
}
