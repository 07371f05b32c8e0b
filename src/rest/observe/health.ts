/** What has to be there before anybody is sent here (`/readyz`). */

export interface Readiness {
  readonly isReady: boolean;
  /** Whether it is there, by what was looked at. */
  readonly checks: Readonly<Record<string, boolean>>;
}

/** Ready is what fails no check. */
export function readinessOf(checks: Readonly<Record<string, boolean>>): Readiness {
  return { isReady: Object.values(checks).every((isGood) => isGood), checks };
}
