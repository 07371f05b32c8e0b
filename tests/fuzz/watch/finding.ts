/** What should not have happened. */

/** Kinds of findings; a smaller case counts only when it ends in the same kind. */
export type FindingKind =
  | "internal error"
  | "end of the process"
  | "silence"
  | "slow message"
  | "secret sent"
  | "credentials forwarded"
  | "stranger served"
  | "stranger forwarded"
  | "stack trace"
  | "something left"
  | "memory";

export interface Finding {
  readonly kind: FindingKind;
  readonly what: string;
}

export function describe({ kind, what }: Finding): string {
  return `${kind}: ${what}`;
}
