/** What has to be there before anybody is sent here (`/readyz`). */

export interface Readiness {
  readonly isReady: boolean;
  /** Whether it is there, by what was looked at. */
  readonly checks: Readonly<Record<string, boolean>>;
}

/** Ready is what fails no check, but for those that are not asked for. */
export function readinessOf(
  checks: Readonly<Record<string, boolean>>,
  excluded: readonly string[] = [],
): Readiness {
  const isReady = Object.entries(checks).every(([name, isGood]) => isGood || excluded.includes(name));
  return { isReady, checks };
}
