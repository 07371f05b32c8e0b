/** What to answer to a request, as data: cores decide, the dispatcher sends. */

/** A response without the fields that are copied from its request. */
export interface Answer {
  readonly status: number;
  /** Reason phrase when the usual one says too little. */
  readonly reason?: string;
  /** Further header lines, each ended by CRLF. */
  readonly headers?: string;
}
