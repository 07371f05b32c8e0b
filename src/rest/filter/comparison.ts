/** Comparisons of filters. A missing value is null. */

export type Comparison = (a: unknown, b: unknown) => boolean;

export const COMPARISONS: ReadonlyMap<string, Comparison> = new Map<string, Comparison>([
  ["==", isEqual],
  ["!=", (a, b) => !isEqual(a, b)],
  ["<", (a, b) => order(a, b) < 0],
  ["<=", (a, b) => order(a, b) <= 0],
  [">", (a, b) => order(a, b) > 0],
  [">=", (a, b) => order(a, b) >= 0],
  ["in", (a, b) => Array.isArray(b) && b.some((each) => isEqual(a, each))],
]);

/** Returns the operator `in` for a constant list, which may be long. */
export function membership(list: readonly unknown[]): (value: unknown) => boolean {
  const texts = new Set(list.filter(isScalar).map(String));
  const others = list.filter((each) => !isScalar(each));
  return (value) => isScalar(value) ? texts.has(String(value)) : others.some((each) => isEqual(value, each));
}

/** Compares a number with its digits as equal: YAML and old clients write either. */
function isEqual(a: unknown, b: unknown): boolean {
  if (isScalar(a) && isScalar(b)) return String(a) === String(b);
  if (!Array.isArray(a) || !Array.isArray(b)) return (a ?? null) === (b ?? null);
  return a.length === b.length && a.every((each, i) => isEqual(each, b[i]));
}

const NUMBER = /^-?\d+(?:\.\d+)?$/;

/** Returns a negative, zero or positive number for the order of `a` and `b`; NaN when they have none. */
function order(a: unknown, b: unknown): number {
  if (!isScalar(a) || !isScalar(b)) return NaN;
  if (isNumeric(a) && isNumeric(b)) return Number(a) - Number(b);
  const [x, y] = [String(a), String(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function isNumeric(value: string | number): boolean {
  return typeof value === "number" || NUMBER.test(value);
}

function isScalar(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}
