/** Questions to the router, and its answers (§16.5). */
import type { Did } from "../../data/did.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { Answer } from "../answer.ts";
import type { Caller } from "../authentication/caller.ts";
import type { RoutedRequest } from "../proxy/route_preprocessing.ts";
import type { TargetSet } from "../proxy/target_set.ts";

/** A request outside of a dialog, from somebody who may send it. */
export interface RouteQuery {
  readonly request: SipRequest;
  readonly routed: Pick<RoutedRequest, "requestUri" | "uri">;
  readonly caller: Caller;
  /** Whether the caller has proved by a password who it is. */
  readonly isAuthenticated: boolean;
}

/** One step of a decision, in words for people. */
export interface RouteDecision {
  /** A property, a resource, or a rule of an RFC. */
  readonly rule: string;
  readonly result: string;
}

/** A target set, not empty. */
export interface TargetRouting {
  readonly kind: "targets";
  readonly targets: TargetSet;
  /** The gateway that the request came in by. */
  readonly ingress?: Gateway;
  /** The number that was dialled. */
  readonly did?: Did;
  /** The domain whose access control list is applied as well: the called one, where the request may not name it. */
  readonly accessDomain?: string | undefined;
  /** Seconds that the callee's devices ring before those of a lower q are tried, where it has a value of its own. */
  readonly serialRingSeconds?: number | undefined;
}

/** A target set, or what to answer. */
export type Routing = TargetRouting | { readonly kind: "refused"; readonly answer: Answer };

/** Takes decisions as they are made; undefined where nobody asks. */
export type Trace = RouteDecision[] | undefined;
