/** Where a request may go (§16.5). */
import type { NextHop } from "../../transport/dns/destination.ts";
import type { RemoteFlow } from "../flows/remote_flow.ts";
import type { Flow } from "../../transport/transport.ts";
import type { DialogParty } from "../party.ts";

/** One element of a target set. */
export interface Target {
  /** The Request-URI to send. */
  readonly requestUri: string;
  /** Route values to put on top, such as the Path of a binding (RFC 3327 §5.5). */
  readonly routes: readonly string[];
  /** Send by this flow and nowhere else; undefined: find the next hop. */
  readonly flow: Flow | undefined;
  /** Of another node: the request goes there, and from there by this flow. */
  readonly remoteFlow?: RemoteFlow;
  /** The next hop, where it is not what the first Route or the Request-URI names. */
  readonly hop?: NextHop;
  /** Whether a NAT is before it, so that nobody but this server reaches it. */
  readonly isBehindNat?: boolean;
  /** Who is there, if it is somebody of ours. */
  readonly party?: DialogParty;
  /** 0 to 1000; targets of equal q are tried together, higher ones first (§16.6). */
  readonly q: number;
}
