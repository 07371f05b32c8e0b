/** Transaction users (§17), and transactions as their users see them. */
import type { RejectedMessage, SipRequest, SipResponse } from "../message/sip_message.ts";
import type { Flow } from "../transport/transport.ts";

/** The core as the transaction layer sees it. Calls are synchronous, as bytes arrive. */
export interface TransactionUser {
  /**
   * A request without a transaction. The user begins one (`TransactionLayer.serve`) or answers without state
   * (`TransactionLayer.reply`). Retransmissions come here only while there is no transaction.
   */
  onRequest(request: SipRequest, flow: Flow): void;
  /** An ACK for a 2xx, or a stray one. */
  onAck(request: SipRequest, flow: Flow): void;
  /** A message that is neither request nor response, of which `text` is the beginning; its `request` can be answered. */
  onRejected(rejected: RejectedMessage, flow: Flow, text: string): void;
  /** A request was answered 503 because transactions are too many or keep too many bytes. */
  onOverload?(request: SipRequest, flow: Flow, cause: string): void;
  onFlowClosed(flow: Flow): void;
}

/** A server transaction (§17.2) as its user sees it. */
export interface ServerTransaction {
  /** Undefined after a final response: a transaction outlives its request by half a minute. */
  readonly request: SipRequest | undefined;
  /** The flow of the request. */
  readonly flow: Flow;
  /** True after a final response. */
  readonly isAnswered: boolean;
  /** Sends a response. After a final one all are ignored but further 2xx of an INVITE. */
  respond(status: number, text: string): void;
  /**
   * Set by the user; called when the unanswered INVITE is cancelled (§9.2), after the 200 for the CANCEL. `reasons` are
   * Reason lines (RFC 3326), each ended by CRLF.
   */
  onCancel: ((reasons: string) => void) | undefined;
}

/** The user of a client transaction (§17.1). `onTimeout` or `onFailure` is the last call. */
export interface ClientTransactionUser {
  /** Provisional responses, the final one, and every further 2xx to an INVITE (RFC 6026). */
  onResponse(response: SipResponse): void;
  /** Timer B or F has fired, which counts as a 408 (§8.1.3.1). */
  onTimeout(): void;
  /** The request could not be sent, which counts as a 503 (§8.1.3.1). */
  onFailure(reason: string): void;
}

/** The user of a client transaction whose outcome does not matter. */
export const NO_USER: ClientTransactionUser = { onResponse() {}, onTimeout() {}, onFailure() {} };

/** A request for a client transaction. */
export interface OutgoingRequest {
  /** Emptied by the transaction after the last transmission. */
  text: string;
  /** The rest of the message, shared by all copies of a request. Emptied like `text`. */
  tail?: string;
  readonly method: string;
  /** The branch of the top Via. */
  readonly branch: string;
  readonly flow: Flow;
}

/** Returns the message that is sent. */
export function wholeText({ text, tail }: OutgoingRequest): string {
  return tail === undefined ? text : text + tail;
}

/** A client transaction as its user sees it. */
export interface ClientTransaction {
  readonly flow: Flow;
  readonly branch: string;
  /**
   * Sends a CANCEL with Reason lines (RFC 3326) after a provisional response. Without a final response within 64·T1 the
   * request times out (§9.1).
   */
  cancel(reasons?: string): void;
  /** Ends the transaction; its user is not called any more. */
  abandon(): void;
}
