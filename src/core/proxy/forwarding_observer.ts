/** Who wants to know what becomes of a request that is forwarded; it has no say in it, and must not throw. */
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
  /** The copy for a target has our Record-Route entry with this user part, and goes by this flow. */
  onRecordRoute?(entry: string, target: Target, flow: Flow): void;
  /** A provisional response other than 100 goes upstream; `entry` is that of its branch, if it has one. */
  onProvisional?(response: SipResponse, entry?: string): void;
  /** A 2xx goes upstream; of an INVITE that was forked there may be several. */
  onSuccess(response: SipResponse, entry?: string): void;
  /** Another final response goes upstream. `isOurs` when nobody downstream has sent one, or a 503 that is not passed on. */
  onFailure(status: number, isOurs: boolean, cause: FailureCause): void;
  /** The caller has cancelled. */
  onCancel?(): void;
}

/** Both hear of everything; either may be absent. */
export function observedByBoth(
  one: ForwardingObserver | undefined,
  other: ForwardingObserver | undefined,
): ForwardingObserver | undefined {
  return one && other ? new BothObservers(one, other) : one ?? other;
}

class BothObservers implements ForwardingObserver {
  readonly #one: ForwardingObserver;
  readonly #other: ForwardingObserver;

  constructor(one: ForwardingObserver, other: ForwardingObserver) {
    this.#one = one;
    this.#other = other;
  }

  onRecordRoute(entry: string, target: Target, flow: Flow): void {
    this.#one.onRecordRoute?.(entry, target, flow);
    this.#other.onRecordRoute?.(entry, target, flow);
  }

  onProvisional(response: SipResponse, entry?: string): void {
    this.#one.onProvisional?.(response, entry);
    this.#other.onProvisional?.(response, entry);
  }

  onSuccess(response: SipResponse, entry?: string): void {
    this.#one.onSuccess(response, entry);
    this.#other.onSuccess(response, entry);
  }

  onFailure(status: number, isOurs: boolean, cause: FailureCause): void {
    this.#one.onFailure(status, isOurs, cause);
    this.#other.onFailure(status, isOurs, cause);
  }

  onCancel(): void {
    this.#one.onCancel?.();
    this.#other.onCancel?.();
  }
}
