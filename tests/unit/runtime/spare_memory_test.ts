import assert from "node:assert/strict";
import { returnSpareMemory } from "../../../src/runtime/spare_memory.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const MB = 2 ** 20;
const LONG_MS = 120_000;

/** A thread whose collections leave `live` bytes, in a process that has used `cpu` microseconds. */
function rig() {
  const clock = new FakeClock();
  const thread = { heap: 30 * MB, live: 20 * MB, cpu: 0, collections: 0 };
  const end = returnSpareMemory({
    clock,
    usage: {
      heapBytes: () => thread.heap,
      cpuMicroseconds: () => thread.cpu,
      collect: () => {
        thread.heap = thread.live;
        thread.collections++;
      },
    },
  });
  return { clock, thread, end };
}

Deno.test("spare memory is returned once, soon after the start", () => {
  const { clock, thread } = rig();
  clock.advance(2000);
  assert.equal(thread.collections, 1);
  clock.advance(LONG_MS);
  assert.equal(thread.collections, 1);
});

Deno.test("spare memory is returned again when the heap has grown", () => {
  const { clock, thread } = rig();
  clock.advance(LONG_MS);
  thread.heap += MB;
  clock.advance(LONG_MS);
  assert.equal(thread.collections, 1);
  thread.heap += 20 * MB;
  clock.advance(LONG_MS);
  assert.equal(thread.collections, 2);
});

Deno.test("a heap that is full of what is needed is not collected again and again", () => {
  const { clock, thread } = rig();
  thread.live = 100 * MB;
  thread.heap = 120 * MB;
  clock.advance(LONG_MS);
  assert.equal(thread.collections, 1);
});

Deno.test("a busy process keeps its spare memory until its transactions are over", () => {
  const { clock, thread } = rig();
  clock.advance(2000);
  thread.heap += 20 * MB;
  for (let second = 0; second < 60; second++) {
    thread.cpu += 300_000;
    clock.advance(1000);
  }
  clock.advance(32_000);
  assert.equal(thread.collections, 1);
  clock.advance(2000);
  assert.equal(thread.collections, 2);
});

Deno.test("a single busy second delays the return a little", () => {
  const { clock, thread } = rig();
  clock.advance(2000);
  thread.heap += 20 * MB;
  clock.advance(20_000);
  thread.cpu += 300_000;
  clock.advance(15_000);
  assert.equal(thread.collections, 1);
  clock.advance(3000);
  assert.equal(thread.collections, 2);
});

Deno.test("spare memory is left alone after the end, and where there is no collector", () => {
  const { clock, thread, end } = rig();
  end();
  clock.advance(LONG_MS);
  assert.equal(thread.collections, 0);
  const heapBytes = () => assert.fail("nothing is asked");
  returnSpareMemory({ clock, usage: { heapBytes, cpuMicroseconds: heapBytes, collect: undefined } });
  clock.advance(LONG_MS);
});
