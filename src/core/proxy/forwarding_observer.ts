/** Who wants to know what becomes of a request that is forwarded; it has no say in it, and must not throw. */
import type { SipResponse } from "../../message/sip_message.ts";

export interface ForwardingObserver {
  /** A copy has our Record-Route entry. */
  onRecordRoute?(): void;
  /** A provisional response other than 100 goes upstream. */
  onProvisional?(): void;
  /** A 2xx goes upstream; of an INVITE that was forked there may be several. */
  onSuccess(response: SipResponse): void;
  /** Another final response goes upstream. `isOurs` when nobody downstream has sent one, or a 503 that is not passed on. */
  onFailure(status: number, isOurs: boolean): void;
  /** The caller has cancelled. */
  onCancel?(): void;
}
