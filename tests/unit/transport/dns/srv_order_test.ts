import assert from "node:assert/strict";
import type { SrvRecord } from "../../../../src/transport/dns/record.ts";
import { orderServers } from "../../../../src/transport/dns/srv_order.ts";

function server(target: string, priority: number, weight: number): SrvRecord {
  return { target, priority, weight, port: 5060 };
}

/** The targets in order, drawn with these numbers. */
function drawn(records: readonly SrvRecord[], ...numbers: number[]): string {
  return orderServers(records, () => numbers.shift() ?? 0).map(({ target }) => target).join("");
}

Deno.test("Lower priorities come first, in whatever order the records come", () => {
  const records = [server("c", 30, 100), server("a", 10, 0), server("b", 20, 1)];
  assert.equal(drawn(records), "abc");
  assert.equal(drawn(records.toReversed(), 0.99, 0.99, 0.99), "abc");
});

Deno.test("The first whose running sum reaches the number drawn is next (RFC 2782)", () => {
  const records = [server("a", 0, 1), server("b", 0, 3)];
  // Numbers from 0 to 4: 0 and 1 are a's, 2 to 4 are b's.
  assert.equal(drawn(records, 0), "ab");
  assert.equal(drawn(records, 0.39), "ab");
  assert.equal(drawn(records, 0.4), "ba");
  assert.equal(drawn(records, 0.999), "ba");
});

Deno.test("A weight of zero is drawn by zero only", () => {
  const records = [server("a", 0, 9), server("z", 0, 0)];
  assert.equal(drawn(records, 0.099), "za");
  assert.equal(drawn(records, 0.1), "az");
  assert.equal(drawn(records, 0.999), "az");
});

Deno.test("Weights are kept on the average, and zeros are equal among themselves", () => {
  const count = (records: readonly SrvRecord[], target: string) => {
    let first = 0;
    for (let i = 0; i < 4000; i++) if (orderServers(records, Math.random)[0].target === target) first++;
    return first / 4000;
  };
  const weighted = [server("a", 0, 10), server("b", 0, 30), server("c", 0, 60)];
  for (const [target, share] of [["a", 0.1], ["b", 0.3], ["c", 0.6]] as const) {
    const found = count(weighted, target);
    assert.ok(Math.abs(found - share) < 0.05, `${target}: ${found}`);
  }
  const equal = [server("a", 0, 0), server("b", 0, 0), server("c", 0, 0), server("d", 0, 0)];
  const found = count(equal, "d");
  assert.ok(Math.abs(found - 0.25) < 0.05, `d: ${found}`);
});

Deno.test("Nothing is lost and nothing is added", () => {
  const records = Array.from({ length: 64 }, (_, i) => server(`${i}`, i % 3, i % 5));
  const targets = new Set(orderServers(records, Math.random).map(({ target }) => target));
  assert.equal(targets.size, 64);
});
