/** Lifetimes of subscriptions (RFC 6665 §4.2.1). */
import { parseDeltaSeconds } from "../../message/delta_seconds.ts";
import { Header } from "../../message/header_name.ts";
import type { SipResponse } from "../../message/sip_message.ts";

/** Lifetime of a subscription without Expires. */
const DEFAULT_LIFETIME_MS = 3_600_000;
/** Timer N: the time that the last NOTIFY may be late (RFC 6665 §4.1.2.4). */
export const TIMER_N_MS = 32_000;

/** Returns the lifetime in the 2xx to a SUBSCRIBE, and Timer N for its last NOTIFY. */
export function subscriptionLifetimeMs(response: SipResponse): number {
  const seconds = parseDeltaSeconds(response.header(Header.Expires));
  return (seconds === undefined ? DEFAULT_LIFETIME_MS : seconds * 1000) + TIMER_N_MS;
}
