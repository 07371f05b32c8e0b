import { Turn } from "../../runtime/turn.ts";

/** Items sorted in one or two milliseconds. */
const RUN = 4000;

/** Sorts by code units, in turns with other tasks. */
export async function sortInTurns(words: readonly string[]): Promise<string[]> {
  const turn = new Turn();
  let runs: string[][] = [];
  for (let begin = 0; begin < words.length; begin += RUN) {
    runs.push(words.slice(begin, begin + RUN).sort());
    if (turn.isOver) await turn.next();
  }
  while (runs.length > 1) {
    const longer: string[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      longer.push(i + 1 < runs.length ? await merge(runs[i], runs[i + 1], turn) : runs[i]);
    }
    runs = longer;
  }
  return runs[0] ?? [];
}

async function merge(a: readonly string[], b: readonly string[], turn: Turn): Promise<string[]> {
  const merged: string[] = [];
  let [i, k] = [0, 0];
  while (i < a.length && k < b.length) {
    merged.push(a[i] <= b[k] ? a[i++] : b[k++]);
    if (merged.length % RUN === 0 && turn.isOver) await turn.next();
  }
  while (i < a.length) merged.push(a[i++]);
  while (k < b.length) merged.push(b[k++]);
  return merged;
}
