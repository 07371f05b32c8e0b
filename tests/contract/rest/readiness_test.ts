/** Readiness while the data source is out of reach. */
import assert from "node:assert/strict";
import { RestServer } from "../../support/rest_server.ts";
import { pause } from "../../support/pause.ts";

Deno.test("/readyz is 503 while Redis is away, unless excluded, and resources are still served", async () => {
  await using server = await RestServer.start({ provider: "redis" });
  const statusOf = async (path: string) => (await server.ask(`GET ${path}`, { authorization: "" })).status;
  assert.equal(await statusOf("/readyz"), 200);
  await server.redis?.kill();
  await until(async () => await statusOf("/readyz") === 503);
  const { body } = await server.ask("GET /readyz", { authorization: "" });
  assert.deepEqual(body.checks, { listeners: true, directory: true, dataSource: false });
  assert.equal(await statusOf("/readyz?exclude=dataSource"), 200);
  assert.equal((await server.ask("GET /agents")).status, 200);
  await server.redis?.restart();
  await until(async () => await statusOf("/readyz") === 200);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await condition())) {
    assert.ok(performance.now() < end, "Not in time");
    await pause(50);
  }
}
