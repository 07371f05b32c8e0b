/** Finds the name that was probably meant. */

const MAX_DIFFERENCE = 0.4;
const MAX_CANDIDATES = 10_000;

/** Returns the most similar candidate, without regard to case; undefined when more than two of five letters differ. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let nearest: string | undefined;
  let smallest = Math.floor(wanted.length * MAX_DIFFERENCE) + 1;
  let examined = 0;
  for (const candidate of candidates) {
    if (++examined > MAX_CANDIDATES) break;
    if (Math.abs(candidate.length - wanted.length) >= smallest) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance >= smallest) continue;
    smallest = distance;
    nearest = candidate;
  }
  return nearest;
}

/**
 * Returns the number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`
 * (Damerau-Levenshtein distance). Only the last two rows of the matrix are kept.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, last[j] + 1, row[j - 1] + 1);
      const areSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (areSwapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}
