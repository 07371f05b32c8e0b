/** A request on its way through the steps of the dispatcher. */
import type { SipRequest } from "../../message/sip_message.ts";
import type { ServerTransaction } from "../../transaction/transaction_user.ts";
import type { Flow } from "../../transport/transport.ts";
import type { Caller } from "../authentication/caller.ts";
import type { RoutedRequest } from "../proxy/route_preprocessing.ts";

/** Each step may add what it has found out for those that follow. */
export interface IncomingRequest {
  readonly request: SipRequest;
  /** The flow that it came by. */
  readonly flow: Flow;
  routed: RoutedRequest;
  caller: Caller;
  /** Header row of the credentials that proved who the caller is; -1 for none. */
  credentialsRow: number;
  /** Begun early where a step waits, so that retransmissions wait with it. */
  server: ServerTransaction | undefined;
}

/** The caller before anybody has asked who it is. */
export const UNIDENTIFIED: Caller = { kind: "unauthenticated" };
