/** A fault of a filter, with its position. */
export class FilterError extends Error {
  override readonly name = "FilterError";
  /** The first character is 1. */
  readonly position: number;

  /** @param at the index of the character, from 0 */
  constructor(message: string, at: number) {
    super(message);
    this.position = at + 1;
  }
}
