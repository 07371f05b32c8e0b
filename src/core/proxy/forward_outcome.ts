/** The decision that a request is forwarded, and how. */
import type { Party } from "../access/party_name.ts";
import type { ForwardingObserver } from "./forwarding_observer.ts";
import type { RewriteFor } from "./request_template.ts";
import type { TargetSet } from "./target_set.ts";

export interface ForwardOutcome {
  readonly kind: "forward";
  readonly targets: TargetSet;
  /** The party whose limits the request counts for; undefined for another node, which has counted it. */
  readonly party?: Party;
  /** Whether the caller may assert identities (RFC 3325 §5). */
  readonly isCallerTrusted: boolean;
  /** Header row of credentials that were checked here; -1 for none. */
  readonly credentialsRow: number;
  readonly rewriteFor?: RewriteFor;
  /** Whether this server stays in the path of the dialog, whatever `spec.recordRoute` says. */
  readonly staysInPath?: boolean;
  /** Seconds that the callee's devices ring when there are others of a lower q, where it has a value of its own. */
  readonly serialRingSeconds?: number | undefined;
  /** Returns who hears what becomes of the request. Asked once it is certain that it is forwarded and no retransmission. */
  observe?(): readonly ForwardingObserver[];
}
