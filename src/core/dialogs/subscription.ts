/** How long a subscription lasts (RFC 6665 §4.2.1). */
import { parseDeltaSeconds } from "../../message/delta_seconds.ts";
import { Header } from "../../message/header_name.ts";
import type { SipResponse } from "../../message/sip_message.ts";

/** Milliseconds of a subscription that does not say. */
const DEFAULT_LIFETIME_MS = 3_600_000;
/** Milliseconds that its last NOTIFY may be late: Timer N (RFC 6665 §4.1.2.4). */
export const TIMER_N_MS = 32_000;

/** Milliseconds that the 2xx to a SUBSCRIBE gives it, until its last NOTIFY must have come. */
export function subscriptionLifetime(response: SipResponse): number {
  const seconds = parseDeltaSeconds(response.header(Header.Expires));
  return (seconds === undefined ? DEFAULT_LIFETIME_MS : seconds * 1000) + TIMER_N_MS;
}
