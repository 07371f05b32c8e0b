import assert from "node:assert/strict";
import { countTests, summaryOf } from "./tally.ts";

Deno.test("the tests of a stage are counted by the summary of deno test", () => {
  assert.deepEqual(countTests("…\nok | 9 passed (4 steps) | 0 failed (30s)\n"), { passed: 9, failed: 0 });
  assert.deepEqual(countTests("FAILED | 9 passed | 2 failed (1 step) | 1 ignored (30s)\n"), {
    passed: 9,
    failed: 2,
  });
  assert.deepEqual(countTests("\x1b[0m\x1b[32mok\x1b[0m | 1 passed | 0 failed (1s)\n"), {
    passed: 1,
    failed: 0,
  });
});

Deno.test("a stage that died before its summary is one failure", () => {
  assert.deepEqual(countTests("running 3 tests\na test ... ok (1ms)\n"), { passed: 0, failed: 1 });
});

Deno.test("the last line of the test run says how many passed and failed", () => {
  const tallies = new Map([["unit", { passed: 9, failed: 0 }], ["peers", { passed: 3, failed: 2 }]]);
  assert.equal(summaryOf(tallies), "\nFailed: peers\n12 passed, 2 failed");
  tallies.delete("peers");
  assert.equal(summaryOf(tallies), "\n\n9 passed, 0 failed");
});
