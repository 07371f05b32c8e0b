/** Observers of a forwarded request: they hear what becomes of it, decide nothing, and must not throw. */
import type { SipResponse } from "../../message/sip_message.ts";
import type { Flow } from "../../transport/transport.ts";
import type { Target } from "./target.ts";

/** Why a forwarded request had no success, in words for people. */
export interface FailureCause {
  /** The reason phrase of the response, or what went wrong at this server. */
  readonly reason: string;
  /** Whether the other end has said so, rather than this server. */
  readonly isRemote: boolean;
}

export interface ForwardingObserver {
  /** The request of a branch has our Record-Route entry with this flow token, and goes by this flow. */
  onRecordRoute?(token: string, target: Target, flow: Flow): void;
  /** A provisional response other than 100 goes upstream; `token` is that of its branch, if it has one. */
  onProvisional?(response: SipResponse, token?: string): void;
  /** A 2xx goes upstream; of an INVITE that was forked there may be several. */
  onSuccess(response: SipResponse, token?: string): void;
  /** Another final response goes upstream. `isOurs` when nobody downstream has sent one, or a 503 that is not passed on. */
  onFailure(status: number, isOurs: boolean, cause: FailureCause): void;
  /** The caller has cancelled. */
  onCancel?(): void;
}
