/** Values that are there at once when they are known, so that who has them need not wait for a turn of the event loop. */

export type Eventually<T> = T | Promise<T>;

/** `next(value)`, at once when the value is there. */
export function whenKnown<T, U>(value: Eventually<T>, next: (value: T) => Eventually<U>): Eventually<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** All values, at once when all are there. */
export function whenAllKnown<T>(values: readonly Eventually<T>[]): Eventually<readonly T[]> {
  const known: T[] = [];
  for (const value of values) {
    if (value instanceof Promise) return Promise.all(values);
    known.push(value);
  }
  return known;
}
