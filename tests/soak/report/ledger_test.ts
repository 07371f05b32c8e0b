import assert from "node:assert/strict";
import { type FaultWindow, Ledger } from "./ledger.ts";

function window(from: number, until: number): FaultWindow {
  return { fault: "gateway", from, until, excuses: ({ gateway }) => gateway !== undefined };
}

Deno.test("Ledger: a failure is excused by a fault that touches it, in its time or grace", () => {
  const ledger = new Ledger();
  ledger.windows.push(window(1000, 2000));
  const out = { kind: "call out", phones: ["1001"], gateway: "by address" } as const;
  ledger.record({ ...out, begunAt: 1500 }, "INVITE 503");
  ledger.record({ ...out, begunAt: 500 }, "INVITE 503");
  ledger.record({ ...out, begunAt: 2001 }, "INVITE 503");
  ledger.record({ kind: "call", phones: ["1001"], begunAt: 1500 }, "INVITE 480");
  ledger.record({ kind: "call", phones: ["1001"], begunAt: 1500 }, undefined);
  assert.equal(ledger.excused, 2);
  assert.equal(ledger.unexcused, 2);
  assert.equal(ledger.tried.get("call"), 2);
});

Deno.test("Ledger: answer times are those that no fault excuses", () => {
  const ledger = new Ledger();
  ledger.windows.push(window(1000, 2000));
  ledger.record({ kind: "call out", phones: [], gateway: "by name", begunAt: 1500 }, undefined, [900]);
  ledger.record({ kind: "call", phones: [], begunAt: 1500 }, undefined, [7, 8]);
  assert.deepEqual(ledger.answerTimes, [7, 8]);
});
