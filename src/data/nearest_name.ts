/** Finds the name that someone probably meant. */

const LARGEST_DIFFERENCE = 0.4;
const MOST_CANDIDATES = 10_000;

/**
 * The candidate closest to `name` in Levenshtein distance, without regard to case; undefined when even the closest one
 * differs in more than two of five letters.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let nearest: string | undefined;
  let smallest = Math.floor(wanted.length * LARGEST_DIFFERENCE) + 1;
  let examined = 0;
  for (const candidate of candidates) {
    if (++examined > MOST_CANDIDATES) break;
    if (Math.abs(candidate.length - wanted.length) >= smallest) continue;
    const distance = levenshteinDistance(wanted, candidate.toLowerCase());
    if (distance >= smallest) continue;
    smallest = distance;
    nearest = candidate;
  }
  return nearest;
}

/** How many letters must be inserted, removed or replaced to turn `a` into `b`; one row of the matrix is kept. */
export function levenshteinDistance(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0];
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = Math.min(replaced, diagonal + 1, row[j - 1] + 1);
    }
  }
  return row[b.length];
}
