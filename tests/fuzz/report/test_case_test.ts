import assert from "node:assert/strict";
import { hole } from "../message/holes.ts";
import type { Step } from "../story/step.ts";
import { readSteps, testCase } from "./test_case.ts";

Deno.test("A test case says the same steps when it is read again, whatever their bytes", () => {
  const everyByte = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));
  const steps: readonly Step[] = [
    {
      from: "alice",
      text: `INVITE sip:a@${hole("server")} SIP/2.0\r\nTo: ${hole("first bob INVITE To")}\r\n\r\n`,
    },
    { passSeconds: 61 },
    { isRestart: true },
    { from: "tcp", text: everyByte, cuts: [1, 7] },
    { from: "ws", text: "\x81\x00", isFrame: true },
  ];
  const source = testCase("A title", steps, 3);
  const replaying = (written: readonly Step[], { lane }: { lane: number }) => ({ written, lane });
  const run = new Function("Deno", "replaying", source);
  let told: unknown[] = [];
  run({ test: (...words: unknown[]) => told = words }, replaying);
  const [title, { written, lane }] = told as [string, { written: readonly Step[]; lane: number }];
  assert.deepEqual([title, lane], ["A title", 3]);
  assert.deepEqual(readSteps(written), steps);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(source, /[\x00-\x09\x0b-\x1f\x7f-\xff]/);
});
