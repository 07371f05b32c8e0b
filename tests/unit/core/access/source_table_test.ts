import assert from "node:assert/strict";
import { SourceTable } from "../../../../src/core/access/source_table.ts";

Deno.test("a source is found by both of its words, with what was written of it", () => {
  const table = new SourceTable(1, 1 << 18);
  const slots = [[0, 1], [0, 2], [1, 1], [0x20010db8, 0xffffffff]].map(([high, low], i) => {
    assert.equal(table.find(high, low), -1);
    const slot = table.claim(high, low, 1000 + i);
    table.tokens[slot] = i;
    return { high, low, slot };
  });
  for (const [i, { high, low, slot }] of slots.entries()) {
    assert.equal(table.find(high, low), slot);
    assert.equal(table.tokens[slot], i);
  }
});

Deno.test("100,000 sources are remembered; of more, the ones that are known or banned", () => {
  const table = new SourceTable(7, 1 << 18);
  const now = 1_000_000;
  const kept: number[] = [];
  for (let i = 0; i < 1000; i++) {
    const slot = table.claim(0, i, 1);
    if (i % 2 === 0) table.knownUntil[slot] = now * 10;
    else table.bannedUntil[slot] = now * 10;
    kept.push(i);
  }
  for (let i = 1000; i < 101_000; i++) table.claim(0, i, now);
  let found = 0;
  for (let i = 1000; i < 101_000; i++) if (table.find(0, i) >= 0) found++;
  assert.ok(found > 97_000, `${found} of 100,000`);
  for (let i = 101_000; i < 1_500_000; i++) table.claim(0, i, now + 1);
  assert.ok(kept.filter((low) => table.find(0, low) < 0).length < 10);
});

Deno.test("what is claimed anew has nothing of the source that was there", () => {
  const table = new SourceTable(3, 1 << 10);
  for (let i = 0; i < 6000; i++) {
    const slot = table.claim(0, i, 1 + i);
    assert.ok(table.tokens[slot] === 0 && table.bans[slot] === 0 && table.bannedUntil[slot] === 0);
    table.tokens[slot] = 9;
    table.bans[slot] = 9;
  }
});

Deno.test("another seed puts sources into other slots", () => {
  const [one, other] = [new SourceTable(1, 1 << 18), new SourceTable(2, 1 << 18)];
  let same = 0;
  for (let i = 0; i < 1000; i++) if (one.claim(0, i, 1) >> 2 === other.claim(0, i, 1) >> 2) same++;
  assert.ok(same < 10, `${same} of 1000`);
});
