/** A fault that is injected: what it is, how long it lasts, and what may fail because of it. */
import type { Random } from "../../support/random.ts";
import type { Operation } from "../report/ledger.ts";
import type { SoakPart } from "../soak_part.ts";

export const FAULT_NAMES = ["kill", "reload", "edit", "redis", "dns", "gateway", "disk", "cut"] as const;
export type FaultName = typeof FAULT_NAMES[number];

export interface FaultRun {
  readonly part: SoakPart;
  readonly random: Random;
  /** Milliseconds that it shall last. */
  readonly holdMs: number;
  /** The users whose phones it is about, as far as it is about some. */
  readonly users: Set<string>;
}

export interface Fault {
  readonly name: FaultName;
  /** Milliseconds after its end in which failures still count as its own. */
  readonly graceMs: number;
  /** Whether an operation may fail because of it. */
  excuses(operation: Operation, users: ReadonlySet<string>): boolean;
  /** Resolves when it is over and all phones are back. */
  run(fault: FaultRun): Promise<void>;
}
