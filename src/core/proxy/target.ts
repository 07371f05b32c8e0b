/** A target: one place that a request may go to (§16.5). */
import type { Did } from "../../data/did.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { NextHop } from "../../transport/dns/destination.ts";
import type { Flow } from "../../transport/transport.ts";
import type { RemoteFlow } from "../flows/remote_flow.ts";
import type { DialogParty } from "../party.ts";

/** The gateway of a call out, and the DID that it shows as the caller. */
export interface Egress {
  readonly gateway: Gateway;
  readonly did: Did;
}

/** One element of a target set. */
export interface Target {
  /** The Request-URI to send. */
  readonly requestUri: string;
  /** Route values to put on top, such as the Path of a binding (RFC 3327 §5.5). */
  readonly routes: readonly string[];
  /** The flow to send by; undefined: the request goes to `hop`, else to the top Route, else to the Request-URI. */
  readonly flow: Flow | undefined;
  /** Port to connect to when the flow is a connection that is closed. */
  readonly listeningPort?: number | undefined;
  /** A flow of another node: a Route to that node is put on top. */
  readonly remoteFlow?: RemoteFlow | undefined;
  /** The next hop, where it is not what the first Route or the Request-URI names. */
  readonly hop?: NextHop;
  /** Whether a NAT is before it, so that nobody but this server reaches it. */
  readonly isBehindNat?: boolean | undefined;
  /** Whether it may assert identities, and learn those of callers who ask for privacy (RFC 3325 §5, §7). */
  readonly isTrusted?: boolean;
  /** Set for a gateway. */
  readonly egress?: Egress;
  /** The account or gateway at this target, if it is one of ours. */
  readonly party?: DialogParty;
  /** 0 to 1000; targets of equal q are tried together, higher ones first (§16.6). */
  readonly q: number;
}
