/** Who wants to know what becomes of a request that is forwarded; it has no say in it, and must not throw. */
import type { SipResponse } from "../../message/sip_message.ts";

/** Why a forwarded request had no success, in words for people. */
export interface FailureCause {
  /** The reason phrase of the response, or what went wrong at this server. */
  readonly reason: string;
  /** Whether the other end has said so, rather than this server. */
  readonly isRemote: boolean;
}

export interface ForwardingObserver {
  /** A copy has our Record-Route entry. */
  onRecordRoute?(): void;
  /** A provisional response other than 100 goes upstream. */
  onProvisional?(): void;
  /** A 2xx goes upstream; of an INVITE that was forked there may be several. */
  onSuccess(response: SipResponse): void;
  /** Another final response goes upstream. `isOurs` when nobody downstream has sent one, or a 503 that is not passed on. */
  onFailure(status: number, isOurs: boolean, cause: FailureCause): void;
  /** The caller has cancelled. */
  onCancel?(): void;
}
