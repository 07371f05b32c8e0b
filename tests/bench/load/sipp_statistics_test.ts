import assert from "node:assert/strict";
import { NO_STATISTICS, parseResponseTimes, parseSippStatistics } from "./sipp_statistics.ts";

Deno.test("parseResponseTimes() sorts intervals by their names", () => {
  const text = "Date_ms;response_time_ms;rtd_no\n1;0.5;challenge\n2;11.25;ringing\n3;0.75;challenge\n4;1";
  assert.deepEqual(parseResponseTimes(text), { challenge: [0.5, 0.75], ringing: [11.25] });
  assert.deepEqual(parseResponseTimes(""), {});
});

const NAMES = "IncomingCall(C);OutgoingCall(C);SuccessfulCall(C);FailedCall(C);Retransmissions(C);\n";

Deno.test("parseSippStatistics() reads the last complete line", () => {
  assert.deepEqual(parseSippStatistics(`${NAMES}0;10;8;0;0;\n0;25;20;1;3;\n0;30;`), {
    created: 25,
    successful: 20,
    failed: 1,
    retransmissions: 3,
  });
});

Deno.test("parseSippStatistics() knows nothing before the first line is complete", () => {
  assert.deepEqual(parseSippStatistics(""), NO_STATISTICS);
  assert.deepEqual(parseSippStatistics(NAMES), NO_STATISTICS);
});
