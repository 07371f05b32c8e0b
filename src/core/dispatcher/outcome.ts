/** Outcomes of a request (§5): the core responds, forwards or drops it. */
import type { Answer } from "../answer.ts";
import type { ForwardOutcome } from "../proxy/forward_outcome.ts";

export type Outcome = RespondOutcome | ForwardOutcome | DropOutcome;

export interface RespondOutcome {
  readonly kind: "respond";
  readonly answer: Answer;
  /** Whether a server transaction keeps the answer for retransmissions of a request that changed something. */
  readonly isKept?: boolean;
}

/** Says nothing: the sender was refused before. */
export interface DropOutcome {
  readonly kind: "drop";
}

export function respond(answer: Answer): RespondOutcome {
  return { kind: "respond", answer };
}

export const DROP: DropOutcome = { kind: "drop" };
