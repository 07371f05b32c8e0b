import assert from "node:assert/strict";
import { kindOf, LogTally } from "./log_tally.ts";

function line(level: string, message: string, properties = {}): string {
  return JSON.stringify({ level, message, logger: "routr.location", properties });
}

Deno.test("kindOf() puts the names of properties in the place of their values, and N for numbers", () => {
  assert.equal(
    kindOf(
      line("WARN", 'Cannot read "/tmp/a.log": "no such file" after 17 s', {
        path: "/tmp/a.log",
        why: "no such file",
      }),
    ),
    'warn location: Cannot read "{path}": "{why}" after N s',
  );
  assert.equal(kindOf("thread 7 panicked at 12"), "output: thread N panicked at N");
});

Deno.test("LogTally tells unexpected kinds first, with an example", () => {
  const tally = new LogTally([{ pattern: /^warn location: Full/, why: "the disk is full" }]);
  tally.add(line("INFO", "Ready"));
  tally.add(line("INFO", "Ready"));
  tally.add(line("WARN", "Full 1"));
  const odd = line("WARN", "Odd 5");
  tally.add(odd);
  tally.add(line("WARN", "Odd 6"));
  assert.deepEqual(tally.counts(), [
    { kind: "warn location: Odd N", count: 2, isExpected: false, example: odd },
    { kind: "info location: Ready", count: 2, isExpected: true, example: line("INFO", "Ready") },
    { kind: "warn location: Full N", count: 1, isExpected: true, example: line("WARN", "Full 1") },
  ]);
});
