/** The transaction layer (§17): matches messages to transactions, begins and ends transactions. */
import { buildResponse, type ResponseContent } from "../message/response_builder.ts";
import { Header } from "../message/header_name.ts";
import type { HeaderRows } from "../message/header_rows.ts";
import type { RejectedMessage, SipRequest, SipResponse } from "../message/sip_message.ts";
import { detachText } from "../runtime/text.ts";
import type { Counter, Metrics } from "../runtime/metrics.ts";
import { randomToken } from "../runtime/random.ts";
import { TextMap } from "../runtime/text_map.ts";
import type { Timer, TimerOwner, TimerWheel } from "../runtime/timer_wheel.ts";
import type { Flow } from "../transport/transport.ts";
import type { TransportLayer, TransportUser } from "../transport/transport_layer.ts";
import { buildCancel } from "./follow_up_request.ts";
import { InviteClientTransaction } from "./invite_client_transaction.ts";
import { InviteServerTransaction } from "./invite_server_transaction.ts";
import { NonInviteClientTransaction } from "./non_invite_client_transaction.ts";
import { NonInviteServerTransaction } from "./non_invite_server_transaction.ts";
import type { ServerMachine } from "./server_machine.ts";
import { matchingParts, ServerTransactions } from "./server_transactions.ts";
import type { ResponseRoute, TransactionHost } from "./transaction_host.ts";
import { DEFAULT_TIMERS, type TransactionTimers } from "./transaction_timers.ts";
import {
  type ClientTransaction,
  type ClientTransactionUser,
  NO_USER,
  type OutgoingRequest,
  type ServerTransaction,
  type TransactionUser,
  wholeText,
} from "./transaction_user.ts";

export interface TransactionLayerParts {
  readonly transport: TransportLayer;
  readonly wheel: TimerWheel;
  readonly metrics: Metrics;
  readonly timers?: TransactionTimers;
  /** `spec.limits.maxTransactions`; requests beyond are answered 503. */
  readonly maxTransactions?: number;
  /** Bytes of text in all transactions (`spec.limits.maxPendingBytes`); requests beyond are answered 503. */
  readonly maxPendingBytes?: number;
}

const MAX_TRANSACTIONS = 500_000;
const MAX_PENDING_BYTES = 256 * 1024 * 1024;
const CANCELLED_IN_VAIN = [
  "REGISTER",
  "OPTIONS",
  "MESSAGE",
  "BYE",
  "SUBSCRIBE",
  "NOTIFY",
  "PUBLISH",
  "INFO",
  "REFER",
];

type AnyClientTransaction = InviteClientTransaction | NonInviteClientTransaction;

export class TransactionLayer implements TransportUser, TransactionHost {
  readonly timers: TransactionTimers;
  readonly #transport: TransportLayer;
  readonly #wheel: TimerWheel;
  readonly #maxTransactions: number;
  readonly #maxPendingBytes: number;
  #pendingBytes = 0;
  readonly #servers = new ServerTransactions<InviteServerTransaction | NonInviteServerTransaction>();
  readonly #clients = new TextMap<AnyClientTransaction>();
  /** CANCELs, which share the branches of their INVITEs. */
  readonly #cancels = new TextMap<NonInviteClientTransaction>();
  /** Client transactions by the id of the connection that carried the request. */
  readonly #byConnection = new Map<number, Set<AnyClientTransaction>>();
  readonly #strays: Counter;
  readonly #overload: Counter;
  #user: TransactionUser | undefined;

  constructor(parts: TransactionLayerParts) {
    this.timers = parts.timers ?? DEFAULT_TIMERS;
    this.#transport = parts.transport;
    this.#wheel = parts.wheel;
    this.#maxTransactions = parts.maxTransactions ?? MAX_TRANSACTIONS;
    this.#maxPendingBytes = parts.maxPendingBytes ?? MAX_PENDING_BYTES;
    const { metrics } = parts;
    this.#strays = metrics.counter("routr_stray_responses_total", "Responses that fit no transaction");
    this.#overload = metrics.counter(
      "routr_overload_total",
      "Requests refused because of too many transactions, or too much text that they keep",
    );
    metrics.gauge(
      "routr_pending_bytes",
      "Bytes of text that transactions keep now",
      () => this.#pendingBytes,
    );
    metrics.gauge("routr_server_transactions", "Server transactions now", () => this.#servers.size);
    metrics.gauge("routr_client_transactions", "Client transactions now", () => this.#clients.size);
  }

  /** Sets the user. Called once, before the first message. */
  attach(user: TransactionUser): void {
    this.#user = user;
  }

  /** Begins a server transaction; answers 503 and returns undefined when there are too many. */
  serve(request: SipRequest, flow: Flow): ServerTransaction | undefined {
    if (this.#isFull) {
      this.#overload.value++;
      this.reply(request, flow, { status: 503, headers: "Retry-After: 10\r\n", toTag: randomToken() });
      const keepsTooMuch = this.#pendingBytes >= this.#maxPendingBytes;
      this.#user?.onOverload?.(
        request,
        flow,
        keepsTooMuch ? "transactions keep too much" : "too many transactions",
      );
      return undefined;
    }
    const responseFlow = this.#transport.responseFlow(request, flow);
    const parts = { ...matchingParts(request, flow), flow, responseFlow };
    const transaction = request.method === "INVITE"
      ? new InviteServerTransaction(this, request, parts)
      : new NonInviteServerTransaction(this, request, parts);
    this.#servers.add(transaction);
    return transaction;
  }

  /** Answers without a transaction, as challenges and refusals are (§8.2.7, §26.3.2.4). */
  reply(request: HeaderRows, flow: Flow, content: ResponseContent): void {
    this.#transport.send(buildResponse(request, content), this.#transport.responseFlow(request, flow));
  }

  /** Begins a client transaction and sends its request. */
  request(request: OutgoingRequest, user: ClientTransactionUser): ClientTransaction {
    const transaction = request.method === "INVITE"
      ? new InviteClientTransaction(this, request, user)
      : new NonInviteClientTransaction(this, request, user);
    if (request.method === "CANCEL") {
      this.#cancels.set(request.branch, transaction as NonInviteClientTransaction);
    } else this.#clients.set(request.branch, transaction);
    if (request.flow.isConnection) this.#watchConnection(request.flow, transaction);
    // Whom we ask may answer, however often.
    else request.flow.markEstablished?.();
    transaction.start();
    return transaction;
  }

  /** Sends a message without a transaction, such as the ACK for a 2xx. */
  send(text: string, flow: Flow, onFailure?: (reason: string) => void): void {
    this.#transport.send(text, flow, onFailure);
  }

  onRequest(request: SipRequest, flow: Flow): void {
    const { method } = request;
    if (method === "ACK") return this.#onAck(request, flow);
    const known = this.#servers.find(request, { method, flow });
    if (known) return known.onRetransmission();
    if (method === "CANCEL") return this.#onCancel(request, flow);
    this.#user?.onRequest(request, flow);
  }

  onResponse(response: SipResponse): void {
    const { branch } = response.topVia;
    const { cseqMethod } = response;
    const transaction = cseqMethod === "CANCEL" ? this.#cancels.get(branch) : this.#clients.get(branch);
    // Branch and CSeq method match a response (§17.1.3); a stray one is dropped, even a 2xx (RFC 6026 §8.8).
    if (transaction?.method !== cseqMethod) return void this.#strays.value++;
    transaction.onResponse(response);
  }

  onRejected(rejected: RejectedMessage, flow: Flow, text: string): void {
    this.#user?.onRejected(rejected, flow, text);
  }

  /** Fails the requests whose answers were to come by a closed connection (§17.1.4). */
  onFlowClosed(flow: Flow): void {
    const waiting = this.#byConnection.get(flow.id);
    this.#byConnection.delete(flow.id);
    if (waiting) { for (const transaction of waiting) transaction.onFlowClosed(); }
    this.#user?.onFlowClosed(flow);
  }

  /**
   * Fails a request that did not arrive (§18.4), unless a response has come. The secret branch identifies it, so forged
   * ICMP has no effect.
   */
  onUnreachable(datagram: string, { remoteAddress, remotePort }: Flow): void {
    const branch = /\r\nVia:[^\r\n]*?;branch=([^;,\s]+)/i.exec(datagram)?.[1];
    const transaction = branch === undefined ? undefined : this.#clients.get(branch);
    if (transaction?.state !== "calling" && transaction?.state !== "trying") return;
    const { flow } = transaction;
    if (flow.remoteAddress === remoteAddress && flow.remotePort === remotePort) transaction.onUnreachable();
  }

  keep(before: number, now: number): number {
    this.#pendingBytes += now - before;
    return now;
  }

  timer(callback: () => void): Timer {
    return this.#wheel.timer(callback);
  }

  timerOf(owner: TimerOwner): Timer {
    return this.#wheel.timerOf(owner);
  }

  endServer(transaction: ServerMachine): void {
    this.#servers.delete(transaction);
  }

  respond(text: string, { responseFlow, sentByHost, sentByPort }: ResponseRoute): void {
    this.#transport.send(text, this.#transport.reopened(responseFlow, sentByPort, sentByHost));
  }

  endClient(request: OutgoingRequest, transaction: AnyClientTransaction): void {
    if (request.flow.isConnection) this.#unwatchConnection(request.flow, transaction);
    (request.method === "CANCEL" ? this.#cancels : this.#clients).delete(request.branch);
  }

  cancel(request: OutgoingRequest, reasons: string): void {
    const { branch, flow } = request;
    if (this.#cancels.has(branch)) return;
    this.request({ text: buildCancel(wholeText(request), reasons), method: "CANCEL", branch, flow }, NO_USER);
  }

  #onAck(request: SipRequest, flow: Flow): void {
    const invite = this.#servers.find(request, { method: "INVITE", flow });
    if (invite instanceof InviteServerTransaction && invite.onAck()) return;
    this.#user?.onAck(request, flow);
  }

  /** Answers 200 and tells the user when the INVITE is known, else 481 (§9.2). */
  #onCancel(request: SipRequest, flow: Flow): void {
    const invite = this.#servers.find(request, { method: "INVITE", flow });
    if (!(invite instanceof InviteServerTransaction)) {
      // A CANCEL for another method has no effect, but is answered (§9.2).
      const isKnown = CANCELLED_IN_VAIN.some((method) => this.#servers.find(request, { method, flow }));
      return this.reply(request, flow, { status: isKnown ? 200 : 481, toTag: randomToken() });
    }
    if (!isCancelOf(request, { invite, flow })) {
      return this.reply(request, flow, { status: 481, toTag: randomToken() });
    }
    const response = { status: 200, toTag: randomToken() };
    // A CANCEL frees room in a full table, so it is always served.
    if (this.#isFull) this.reply(request, flow, response);
    else this.serve(request, flow)?.respond(200, buildResponse(request, response));
    invite.onCancel?.(reasonLines(request));
  }

  get #isFull(): boolean {
    return this.#servers.size + this.#clients.size >= this.#maxTransactions ||
      this.#pendingBytes >= this.#maxPendingBytes;
  }

  #watchConnection(flow: Flow, transaction: AnyClientTransaction): void {
    const known = this.#byConnection.get(flow.id);
    if (known) known.add(transaction);
    else this.#byConnection.set(flow.id, new Set([transaction]));
  }

  #unwatchConnection(flow: Flow, transaction: AnyClientTransaction): void {
    const known = this.#byConnection.get(flow.id);
    known?.delete(transaction);
    if (known?.size === 0) this.#byConnection.delete(flow.id);
  }
}

/** Longer Reasons are dropped, because they may wait until a callee rings. */
const MAX_REASON_LENGTH = 1024;

/** Returns the Reason lines of a CANCEL, which are forwarded (RFC 3326 §2). */
function reasonLines(cancel: SipRequest): string {
  let lines = "";
  for (let row = cancel.rowOf(Header.Other); row >= 0; row = cancel.rowOf(Header.Other, row)) {
    if (/^reason$/i.test(cancel.rowName(row))) lines += `Reason: ${cancel.rowValue(row)}\r\n`;
  }
  return lines.length > MAX_REASON_LENGTH ? "" : detachText(lines);
}

/** Reports whether a CANCEL with a matching branch also matches by tags, Call-ID and source. */
function isCancelOf(
  cancel: SipRequest,
  { invite, flow }: { invite: InviteServerTransaction; flow: Flow },
): boolean {
  if (invite.flow.remoteAddress !== flow.remoteAddress) return false;
  const { request } = invite;
  if (!request) return true;
  return request.callId === cancel.callId && request.cseq === cancel.cseq &&
    request.from.tag === cancel.from.tag;
}
