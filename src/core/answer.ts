/** Answers as data: cores decide, the dispatcher sends. */

/** What somebody did wrong, as bans name it. */
export type Offence = "wrong password" | "unknown user" | "scanner" | "malformed messages" | "HTTP";

/** A response without the fields that are copied from its request. */
export interface Answer {
  readonly status: number;
  /** Reason phrase when the usual one says too little. */
  readonly reason?: string;
  /** Why, in plain words, for the log and events; it is not sent. A 401 or 407 without it is a first challenge. */
  readonly cause?: string;
  /** Username of wrong credentials. */
  readonly username?: string;
  /** The same with its realm (`accountName`). */
  readonly account?: string;
  /** What is held against the address it came from; only where the address is proved. */
  readonly offence?: Offence;
  /** Whether the sender had too much under way (`spec.limits`). */
  readonly isLimit?: boolean;
  /** The name of that limit. */
  readonly limit?: string;
  /** Further header lines, each ended by CRLF. */
  readonly headers?: string;
}
