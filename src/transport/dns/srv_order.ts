/** Orders the servers of a service (RFC 2782). */
import type { SrvRecord } from "./record.ts";

/** Orders by priority, and draws by weight within one. `random` returns a number from 0 to below 1. */
export function orderServers(records: readonly SrvRecord[], random: () => number): readonly SrvRecord[] {
  if (records.length < 2) return records;
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) =>
    drawByWeight(records.filter((record) => record.priority === priority), random)
  );
}

function drawByWeight(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  // Servers without weight come first, where only a draw of zero finds them; among themselves they are equal.
  const undrawn = [
    ...shuffled(records.filter(({ weight }) => weight === 0), random),
    ...records.filter(({ weight }) => weight > 0),
  ];
  const drawn: SrvRecord[] = [];
  while (undrawn.length > 0) {
    const total = undrawn.reduce((sum, { weight }) => sum + weight, 0);
    let left = Math.floor(random() * (total + 1));
    const index = undrawn.findIndex(({ weight }) => (left -= weight) <= 0);
    drawn.push(...undrawn.splice(index, 1));
  }
  return drawn;
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last--) {
    const index = Math.floor(random() * (last + 1));
    [result[last], result[index]] = [result[index], result[last]];
  }
  return result;
}
