/** Target sets (§16.5): the groups of targets that a request is tried at, one group after the other (§16.6). */
import type { Eventually } from "../../runtime/eventually.ts";
import type { Target } from "./target.ts";

/** A target set. It yields its groups when they are asked for, so that a later one may depend on what came of the first. */
export interface TargetSet {
  /** The targets that are known when the request comes. Later groups may hold others. */
  readonly known: readonly Target[];
  /** Whether there may be another group. */
  readonly hasMore: boolean;
  /** Whether targets may be added to a group that is being tried: a share of Max-Breadth is kept for them. */
  readonly isOpen?: boolean;
  /**
   * The next group, whose targets are tried in parallel; undefined when there is none. It is asked for once the group
   * before has failed, or has rung for long enough. A promise that rejects, or takes longer than Timer C, ends the search.
   */
  next(): Eventually<readonly Target[] | undefined>;
  /** Nothing more is asked for. */
  close?(): void;
}

/** A target set whose targets are known from the start: those of equal q together, the highest q first. */
export class PriorityTargets implements TargetSet {
  readonly known: readonly Target[];
  /** The groups that are left; undefined where all targets are one group, which is not asked for yet. */
  #groups: Target[][] | undefined;

  constructor(targets: readonly Target[]) {
    this.known = targets;
    this.#groups = targets.length === 1 ? undefined : groupByPreference(targets);
  }

  get hasMore(): boolean {
    return this.#groups?.length !== 0;
  }

  next(): readonly Target[] | undefined {
    if (this.#groups) return this.#groups.shift();
    this.#groups = NO_GROUPS;
    return this.known;
  }
}

const NO_GROUPS: Target[][] = [];

function groupByPreference(targets: readonly Target[]): Target[][] {
  const groups: Target[][] = [];
  for (const target of [...targets].sort((a, b) => b.q - a.q)) {
    const last = groups.at(-1);
    if (last && last[0].q === target.q) last.push(target);
    else groups.push([target]);
  }
  return groups;
}
