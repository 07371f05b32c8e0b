import type { Flow } from "./transport.ts";

/** Decides by source address who is heard at all. It is not asked about established flows. */
export interface SourceGuard {
  /** Asked for each message before it is read; it counts. */
  admits(flow: Flow): boolean;
  /**
   * Reports whether nothing from a source is heard at this moment, so that a transport need not even decode it.
   * @param high 0 for IPv4, else the first word of the IPv6 address
   * @param low the IPv4 address, or the second word of the IPv6 address
   */
  isMuted(high: number, low: number): boolean;
}
