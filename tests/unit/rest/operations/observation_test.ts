import assert from "node:assert/strict";
import { EventHistory } from "../../../../src/rest/observe/event_history.ts";
import type { Call } from "../../../../src/rest/operation.ts";
import { observationOperations } from "../../../../src/rest/operations/observation.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";

/** Returns the answer of `/readyz`. */
async function readinessOf(checks: Readonly<Record<string, boolean>>, query: { exclude?: string } = {}) {
  const operations = observationOperations({
    version: "1.0.0",
    metrics: new Metrics(),
    history: new EventHistory(),
    calls: () => [],
    endedCalls: () => [],
    endCall: () => false,
    checks: () => checks,
  });
  const operation = operations.find(({ path }) => path === "/readyz");
  const response = await operation!.handle({ query } as unknown as Call);
  return { status: response.status, body: await response.json() };
}

Deno.test("A server is ready when nothing is missing", async () => {
  const checks = { listeners: true, directory: true };
  assert.deepEqual(await readinessOf(checks), { status: 200, body: { isReady: true, checks } });
});

Deno.test("A failed check is reported, and the server is not ready", async () => {
  const checks = { listeners: true, directory: false };
  assert.deepEqual(await readinessOf(checks), { status: 503, body: { isReady: false, checks } });
});

Deno.test("An excluded check is reported, and the server is ready without it", async () => {
  const checks = { listeners: true, dataSource: false };
  const body = { isReady: true, checks };
  assert.deepEqual(await readinessOf(checks, { exclude: "directory,dataSource" }), { status: 200, body });
});
