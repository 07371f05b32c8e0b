/** A text stored under a key until it expires. */
export interface StoredRow {
  readonly key: string;
  /** The empty text removes the key. */
  readonly text: string;
  /** `Clock.wallTime()` milliseconds. */
  readonly expiresAt: number;
}
