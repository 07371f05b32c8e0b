/** What a transaction user (§17) hears from below. */
import type { RejectedMessage, SipRequest, SipResponse } from "../message/sip_message.ts";
import type { Flow } from "../transport/transport.ts";

/** The core as the transaction layer sees it. Every call is synchronous, straight from the bytes. */
export interface TransactionUser {
  /**
   * A request that belongs to no transaction yet. The user either begins one (`TransactionLayer.serve`) or answers
   * without state (`TransactionLayer.reply`). Retransmissions do not come here once a transaction has begun.
   */
  onRequest(request: SipRequest, flow: Flow): void;
  /** An ACK for a 2xx, or one that fits nothing. */
  onAck(request: SipRequest, flow: Flow): void;
  /** A message that is neither request nor response; its `request` can be answered. */
  onRejected(rejected: RejectedMessage, flow: Flow): void;
  /** A request was answered 503, for this cause: there are too many transactions, or they keep too much. */
  onOverload?(request: SipRequest, flow: Flow, cause: string): void;
  onFlowClosed(flow: Flow): void;
}

/** A server transaction (§17.2) as its user sees it. */
export interface ServerTransaction {
  /** Forgotten once a final response was given: transactions outlive their requests by half a minute. */
  readonly request: SipRequest | undefined;
  /** The flow that the request came by. */
  readonly flow: Flow;
  /** Whether a final response was given. */
  readonly isAnswered: boolean;
  /** Sends a response. After a final one only further 2xx of an INVITE are sent; others are ignored. */
  respond(status: number, text: string): void;
  /**
   * Set by the user: the INVITE was cancelled (§9.2) and not answered yet. The 200 for the CANCEL is sent already;
   * `reasons` are its Reason lines (RFC 3326), each ended by CRLF.
   */
  onCancel: ((reasons: string) => void) | undefined;
}

/** What the user of a client transaction (§17.1) hears. After the first of `onTimeout` and `onFailure` nothing follows. */
export interface ClientTransactionUser {
  /** Provisional responses, the final one, and every further 2xx to an INVITE (RFC 6026). */
  onResponse(response: SipResponse): void;
  /** Timer B or F: to be treated as a 408 (§8.1.3.1). */
  onTimeout(): void;
  /** The request could not be sent: to be treated as a 503 (§8.1.3.1). */
  onFailure(reason: string): void;
}

/** What a client transaction sends. */
export interface OutgoingRequest {
  /** Emptied by the transaction when it will not be sent again. */
  text: string;
  /** What follows `text`, where it is the same for all copies of a request: it is kept once. Forgotten like `text`. */
  tail?: string;
  readonly method: string;
  /** Of its top Via. */
  readonly branch: string;
  readonly flow: Flow;
}

/** The request as it goes out. */
export function wholeText({ text, tail }: OutgoingRequest): string {
  return tail === undefined ? text : text + tail;
}

/** A client transaction as its user sees it. */
export interface ClientTransaction {
  readonly flow: Flow;
  readonly branch: string;
  /**
   * Sends a CANCEL, with these Reason lines (RFC 3326), as soon as that is allowed: after a provisional response. The
   * request counts as timed out when no final response follows within 64·T1 (§9.1).
   */
  cancel(reasons?: string): void;
  /** Ends the transaction without a word. */
  abandon(): void;
}
