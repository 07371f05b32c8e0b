/** A call that goes through this server, from its INVITE to its end. */

export type CallDirection = "internal" | "outbound" | "inbound";
export type CallState = "trying" | "ringing" | "answered";

/** As it is shown; times are milliseconds since 1970. */
export interface Call {
  readonly id: string;
  readonly callId: string;
  /** URIs, as sent. */
  readonly from: string;
  readonly to: string;
  readonly direction: CallDirection;
  readonly gatewayRef: string | undefined;
  readonly didRef: string | undefined;
  readonly state: CallState;
  readonly startedAt: number;
  readonly answeredAt: number | undefined;
}

/** How it ended. */
export interface CallEnd {
  readonly cause:
    /** A BYE went through. */
    | "caller hung up"
    | "callee hung up"
    | "canceled"
    /** A final response that is no success. */
    | "rejected"
    /** Nothing of it was heard for half a day. */
    | "lost"
    /** This server was not in its path after the answer. */
    | "not observed";
  /** Of the INVITE's final response. */
  readonly status: number;
  readonly endedAt: number;
}

/** What is known of it when its INVITE is forwarded. */
export interface CallBeginning {
  readonly direction: CallDirection;
  readonly gatewayRef?: string;
  readonly didRef?: string;
}
