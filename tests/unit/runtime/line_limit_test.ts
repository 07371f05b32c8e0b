import assert from "node:assert/strict";
import { LineLimit } from "../../../src/runtime/line_limit.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const MINUTE = 60_000;

function start() {
  const clock = new FakeClock();
  const leftOut: unknown[] = [];
  const limit = new LineLimit({ clock, onSuppressed: (source, count) => leftOut.push([source, count]) });
  const admitted = (source: string, times: number) => {
    let count = 0;
    for (let i = 0; i < times; i++) if (limit.admits(source)) count++;
    return count;
  };
  return { clock, leftOut, limit, admitted };
}

Deno.test("a source has thirty lines a minute, and the end of the minute tells what was left out", () => {
  const { clock, leftOut, admitted } = start();
  assert.equal(admitted("192.0.2.1", 45), 30);
  assert.equal(admitted("192.0.2.2", 3), 3);
  clock.advance(MINUTE - 1);
  assert.deepEqual(leftOut, []);
  clock.advance(1);
  assert.deepEqual(leftOut, [["192.0.2.1", 15]]);
  assert.equal(admitted("192.0.2.1", 45), 30);
});

Deno.test("all sources together have a bounded number of lines, and are remembered in bounded number", () => {
  const { clock, leftOut, admitted } = start();
  let lines = 0;
  for (let i = 0; i < 900; i++) lines += admitted(`source ${i}`, 2);
  assert.equal(lines, 300);
  clock.advance(MINUTE);
  assert.equal(leftOut.length, 21);
  assert.deepEqual(leftOut.at(-1), ["other sources", 1460]);
  for (let i = 0; i < 5000; i++) admitted(`source ${i}`, 1);
  clock.advance(MINUTE);
  assert.deepEqual(leftOut[21], ["other sources", 4000]);
});

Deno.test("closing tells what was left out, and leaves no alarm behind", () => {
  const { clock, leftOut, limit, admitted } = start();
  admitted("192.0.2.1", 31);
  limit.close();
  assert.deepEqual(leftOut, [["192.0.2.1", 1]]);
  clock.advance(MINUTE);
  assert.equal(leftOut.length, 1);
});
