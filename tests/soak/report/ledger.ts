/** What became of everything that was tried, and whether an injected fault is the reason. */

/** Something that a phone did. */
export interface Operation {
  /** `call`, `message`, … */
  readonly kind: string;
  /** User names of all who took part. */
  readonly phones: readonly string[];
  /** The gateway it went by. */
  readonly gateway?: "by address" | "by name";
  /** On the clock of performance.now(). */
  readonly begunAt: number;
}

/** The time of a fault, its grace included, and what may fail because of it. */
export interface FaultWindow {
  readonly fault: string;
  readonly from: number;
  /** Infinity while the fault lasts. */
  until: number;
  excuses(operation: Operation): boolean;
}

export interface FailureCount {
  readonly kind: string;
  readonly reason: string;
  /** The fault that excuses it; undefined when none does. */
  readonly fault: string | undefined;
  count: number;
  /** When the first one was noticed, in milliseconds since the beginning. */
  readonly firstAtMs: number;
}

export class Ledger {
  readonly windows: FaultWindow[] = [];
  readonly tried = new Map<string, number>();
  readonly failures = new Map<string, FailureCount>();
  /** Milliseconds to first responses, of operations that no fault excuses. */
  readonly answerTimes: number[] = [];
  readonly #beganAt = performance.now();

  /** Notes what became of an operation that ends now; what a fault excuses is told apart. */
  record(operation: Operation, failure: string | undefined, answerTimes: readonly number[] = []): void {
    const { kind } = operation;
    this.tried.set(kind, (this.tried.get(kind) ?? 0) + 1);
    const fault = this.#faultOf(operation);
    if (fault === undefined) this.answerTimes.push(...answerTimes);
    if (failure === undefined) return;
    const key = `${kind} ${failure} ${fault}`;
    const known = this.failures.get(key);
    if (known) known.count++;
    else {
      const firstAtMs = performance.now() - this.#beganAt;
      this.failures.set(key, { kind, reason: failure, fault, count: 1, firstAtMs });
    }
  }

  /** How many failed although no fault excuses it. */
  get unexcused(): number {
    return sum([...this.failures.values()].filter(({ fault }) => fault === undefined));
  }

  /** How many failed beside a fault that excuses it. */
  get excused(): number {
    return sum([...this.failures.values()].filter(({ fault }) => fault !== undefined));
  }

  #faultOf(operation: Operation): string | undefined {
    return this.windows.find((window) => window.until >= operation.begunAt && window.excuses(operation))
      ?.fault;
  }
}

function sum(failures: readonly FailureCount[]): number {
  return failures.reduce((total, { count }) => total + count, 0);
}
