/** A call that goes through this server, from its INVITE to its end. */

export type CallDirection = "internal" | "outbound" | "inbound";
export type CallState = "trying" | "ringing" | "answered";

/** Who has begun a call, as proved by password or address: From says what it likes. */
export interface CallAccount {
  readonly kind: "agent" | "peer" | "gateway";
  readonly ref: string;
  /** `1001@sip.local` for an agent, the username of a peer, the host of a gateway. */
  readonly name: string;
}

/** As it is shown; times are milliseconds since 1970. */
export interface Call {
  readonly id: string;
  readonly callId: string;
  /** URIs, as sent, without password and parameters. */
  readonly from: string;
  readonly to: string;
  /** Undefined when nobody was asked who it is. */
  readonly account: CallAccount | undefined;
  /** Where the INVITE came from: `192.0.2.1:5060`. */
  readonly address: string;
  readonly transport: string;
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

/** Whose word or silence ended a call. */
export type CallEnder = "caller" | "callee" | "gateway" | "server";

/** How a call that is over ended. */
export interface CallEnd {
  readonly cause: CallCause;
  /** Of the INVITE's final response, 0 when there is none. */
  readonly status: number;
  /** The reason phrase that came with it, or what went wrong. */
  readonly reason: string;
  readonly endedBy: CallEnder;
  /** Milliseconds since 1970; undefined when nobody has seen it end. */
  readonly at?: number;
}

/** What is known of it when its INVITE is forwarded. */
export interface CallBeginning {
  readonly account: CallAccount | undefined;
  readonly address: string;
  readonly transport: string;
  readonly direction: CallDirection;
  readonly gatewayRef: string | undefined;
  readonly didRef: string | undefined;
}

/** What others may see of it. */
export function shownCall(call: Call): Readonly<Record<string, unknown>> {
  const { id, callId, from, to, account, address, transport } = call;
  const { direction, gatewayRef, didRef, state, startedAt, answeredAt } = call;
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

/** What others may see of a call that is over, at a time in milliseconds since 1970. */
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
