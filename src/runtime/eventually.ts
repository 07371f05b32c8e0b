/** Values that are known at once or later. What is known at once is used without a turn of the event loop. */

export type Eventually<T> = T | Promise<T>;

/** Returns `next(value)`, at once when the value is known. */
export function whenKnown<T, U>(value: Eventually<T>, next: (value: T) => Eventually<U>): Eventually<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Returns all values, at once when all are known. */
export function whenAllKnown<T>(values: readonly Eventually<T>[]): Eventually<readonly T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : values as readonly T[];
}
