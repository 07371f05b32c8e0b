/** What became of a load. */
export interface LoadResult {
  readonly offered: number;
  readonly successful: number;
  /** Failed, not finished in time, or not begun in time. */
  readonly failed: number;
  /** Messages sent again by callers and callees. */
  readonly retransmissions: number;
  /** From the first call to the end of the last. */
  readonly seconds: number;
  /** Milliseconds until requests were answered, and until they rang; of calls by SIPp alone. */
  readonly challengeTimes?: readonly number[];
  readonly ringingTimes?: readonly number[];
}
