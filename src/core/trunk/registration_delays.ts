/** When a registration is made again. All in seconds; `random` is at least 0 and less than 1. */

/** A refresh that is later than this before the end may come too late. */
const MARGIN = 5;
const SHORTEST_REFRESH = 1;

const FIRST_RETRY = 30;
const LAST_RETRY = 30 * 60;

const LONGEST_RETRY_AFTER = 60 * 60;
const SHORTEST_RETRY_AFTER = 5;

/** After 80 to 90 % of the lifetime, in good time before its end where it is long enough to have such a time. */
export function refreshDelay(lifetime: number, random: number): number {
  const usual = lifetime * (0.8 + 0.1 * random);
  const latest = Math.max(lifetime - MARGIN, lifetime / 2);
  return Math.max(SHORTEST_REFRESH, Math.min(usual, latest));
}

/**
 * After a failure, the first of a row being number 1: twice as long each time, and random so that those who failed
 * together do not come back together (RFC 5626 §4.5).
 */
export function retryDelay(failures: number, random: number): number {
  return Math.min(FIRST_RETRY * 2 ** (failures - 1), LAST_RETRY) * (0.5 + 0.5 * random);
}

/** When a registrar itself says how long to wait: not before, and a little later each of us. */
export function retryAfterDelay(seconds: number, random: number): number {
  return Math.min(Math.max(seconds, SHORTEST_RETRY_AFTER) * (1 + 0.1 * random), LONGEST_RETRY_AFTER);
}

/** After the connection was lost, which many registrations may have gone by. */
export function reconnectDelay(random: number): number {
  return 1 + 4 * random;
}
