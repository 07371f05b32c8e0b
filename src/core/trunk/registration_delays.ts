/** Delays before a registration is made again, in seconds. `random` is at least 0 and less than 1. */

/** A refresh is due this long before the end, lest it come too late. */
const MARGIN_SECONDS = 5;
const MIN_REFRESH_SECONDS = 1;

const MIN_RETRY_SECONDS = 30;
const MAX_RETRY_SECONDS = 30 * 60;

const MAX_RETRY_AFTER_SECONDS = 60 * 60;
const MIN_RETRY_AFTER_SECONDS = 5;

/** Returns the delay of a refresh: 80 to 90 % of the lifetime, some seconds before its end where it is long enough. */
export function refreshDelay(lifetime: number, random: number): number {
  const usual = lifetime * (0.8 + 0.1 * random);
  const latest = Math.max(lifetime - MARGIN_SECONDS, lifetime / 2);
  return Math.max(MIN_REFRESH_SECONDS, Math.min(usual, latest));
}

/**
 * Returns the delay after a number of failures: twice as long each time, and random, so that clients that failed together
 * do not return together (RFC 5626 §4.5).
 */
export function retryDelay(failures: number, random: number): number {
  return Math.min(MIN_RETRY_SECONDS * 2 ** (failures - 1), MAX_RETRY_SECONDS) * (0.5 + 0.5 * random);
}

/** Returns the delay for a Retry-After: not shorter, and spread a little. */
export function retryAfterDelay(seconds: number, random: number): number {
  return Math.min(Math.max(seconds, MIN_RETRY_AFTER_SECONDS) * (1 + 0.1 * random), MAX_RETRY_AFTER_SECONDS);
}

/** Returns the delay after a connection was lost, which many registrations may have used. */
export function reconnectDelay(random: number): number {
  return 1 + 4 * random;
}
