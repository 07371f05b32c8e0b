/** What is wrong with a filter, and where. */
export class FilterError extends Error {
  override readonly name = "FilterError";
  /** Counted from 1. */
  readonly position: number;

  /** @param at counted from 0 */
  constructor(message: string, at: number) {
    super(message);
    this.position = at + 1;
  }
}
