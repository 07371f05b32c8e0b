/** Calls through this server as REST, events and call records show them. */

export type CallDirection = "internal" | "outbound" | "inbound";
export type CallState = "trying" | "ringing" | "answered";

/** The authenticated account or gateway that began a call, whatever its From says. */
export interface CallAccount {
  readonly kind: "agent" | "peer" | "gateway";
  readonly ref: string;
  /** `1001@sip.local` for an agent, the username of a peer, the host of a gateway. */
  readonly name: string;
}

/** The properties of a call that are known when its INVITE is forwarded. */
export interface CallBeginning {
  /** Undefined for an unauthenticated caller. */
  readonly account: CallAccount | undefined;
  /** Source of the INVITE: `192.0.2.1:5060`. */
  readonly address: string;
  readonly transport: string;
  readonly direction: CallDirection;
  readonly gatewayRef: string | undefined;
  readonly didRef: string | undefined;
  /** Seconds after the answer at which this server ends it; undefined for none. */
  readonly maxSeconds?: number | undefined;
}

/** A call. Times are milliseconds since 1970. */
export interface Call extends CallBeginning {
  readonly id: string;
  readonly callId: string;
  /** From and To as sent, without password and parameters. */
  readonly from: string;
  readonly to: string;
  readonly state: CallState;
  readonly startedAt: number;
  readonly answeredAt: number | undefined;
}

/** The cause of a call's end. */
export type CallCause =
  /** A BYE was forwarded and not refused. */
  | "caller hung up"
  | "callee hung up"
  | "canceled"
  /** The INVITE had a final response other than 2xx. */
  | "rejected"
  /** No request came for half a day, or there were too many calls. */
  | "lost"
  /** It lasted as long as it may (`spec.limits.maxCallSeconds`), so that this server has ended it. */
  | "too long"
  /** An operator has ended it. */
  | "operator hung up"
  /** This server left the path after the answer, or stopped before the end. */
  | "not observed";

/** The side that ended a call, by word or silence. */
export type CallEnder = "caller" | "callee" | "gateway" | "server" | "operator";

/** The end of a call. */
export interface CallEnd {
  readonly cause: CallCause;
  /** Status of the INVITE's final response, 0 for none. */
  readonly status: number;
  /** The reason phrase of that response, or an explanation. */
  readonly reason: string;
  readonly endedBy: CallEnder;
  /** Milliseconds since 1970; undefined when the end was not observed. */
  readonly at?: number;
}

/** Returns a call as it is shown, now or at another time. */
export function shownCall(
  call: Call,
  { state, answeredAt }: Pick<Call, "state" | "answeredAt"> = call,
): Readonly<Record<string, unknown>> {
  const { id, callId, from, to, account, address, transport } = call;
  const { direction, gatewayRef, didRef, startedAt } = call;
  return {
    id,
    callId,
    from,
    to,
    ...account !== undefined && {
      account: account.name,
      accountKind: account.kind,
      accountRef: account.ref,
    },
    address,
    transport,
    direction,
    ...gatewayRef !== undefined && { gatewayRef },
    ...didRef !== undefined && { didRef },
    state,
    startedAt,
    ...answeredAt !== undefined && { answeredAt },
  };
}

/** Returns an ended call as it is shown. `now` is in milliseconds since 1970. */
export function shownEndedCall(call: Call, end: CallEnd, now: number): Readonly<Record<string, unknown>> {
  const { cause, status, reason, endedBy, at } = end;
  const { answeredAt } = call;
  return {
    ...shownCall(call),
    ...at !== undefined && { durationMillis: answeredAt === undefined ? 0 : Math.max(0, at - answeredAt) },
    cause,
    status,
    reason,
    endedBy,
    endedAt: at ?? now,
  };
}
