/** Readiness for traffic (`/readyz`). */

export interface Readiness {
  readonly isReady: boolean;
  /** Results by the name of the check. */
  readonly checks: Readonly<Record<string, boolean>>;
}

/** Returns ready when no check has failed, apart from the excluded ones. */
export function readinessOf(
  checks: Readonly<Record<string, boolean>>,
  excluded: readonly string[] = [],
): Readiness {
  const isReady = Object.entries(checks).every(([name, isGood]) => isGood || excluded.includes(name));
  return { isReady, checks };
}
