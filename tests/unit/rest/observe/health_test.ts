import assert from "node:assert/strict";
import { readinessOf } from "../../../../src/rest/observe/health.ts";

Deno.test("A server is ready when nothing is missing", () => {
  assert.deepEqual(readinessOf({ listeners: true, directory: true }), {
    isReady: true,
    checks: { listeners: true, directory: true },
  });
});

Deno.test("A failed check is reported, and the server is not ready", () => {
  assert.deepEqual(readinessOf({ listeners: true, directory: false }), {
    isReady: false,
    checks: { listeners: true, directory: false },
  });
});
