/** A call that goes through this server, from its INVITE to its end. */

export type CallDirection = "internal" | "outbound" | "inbound";
export type CallState = "trying" | "ringing" | "answered";

/** As it is shown; times are milliseconds since 1970. */
export interface Call {
  readonly id: string;
  readonly callId: string;
  /** URIs, as sent, without password and parameters. */
  readonly from: string;
  readonly to: string;
  readonly direction: CallDirection;
  readonly gatewayRef: string | undefined;
  readonly didRef: string | undefined;
  readonly state: CallState;
  readonly startedAt: number;
  readonly answeredAt: number | undefined;
}

/** How a call ended. */
export type CallCause =
  /** A BYE went through, and was not refused. */
  | "caller hung up"
  | "callee hung up"
  | "canceled"
  /** A final response that is no success. */
  | "rejected"
  /** Nothing of it was heard for half a day, or there were too many calls. */
  | "lost"
  /** This server was not in its path after the answer, or stopped before its end. */
  | "not observed";

/** What is known of it when its INVITE is forwarded. */
export interface CallBeginning {
  readonly direction: CallDirection;
  readonly gatewayRef: string | undefined;
  readonly didRef: string | undefined;
}

/** What others may see of it. */
export function shownCall(call: Call): Readonly<Record<string, unknown>> {
  const { id, callId, from, to, direction, gatewayRef, didRef, state, startedAt, answeredAt } = call;
  return {
    id,
    callId,
    from,
    to,
    direction,
    ...gatewayRef !== undefined && { gatewayRef },
    ...didRef !== undefined && { didRef },
    state,
    startedAt,
    ...answeredAt !== undefined && { answeredAt },
  };
}
