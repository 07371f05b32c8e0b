// Floods of strangers against a server as it comes: a user who is registered is answered meanwhile, and memory stays.

import assert from "node:assert/strict";
import { compileFlood, flood, type FloodName, FLOODS, GoodUser } from "../support/flood.ts";
import { secret, startRoutr } from "../support/routr_process.ts";

/** Of one flood. */
const seconds = 2;
const rate = 40_000;
/** What a machine that is busy with other tests adds is far above what the flood does. */
const highestMedian = 500;

Deno.test("a registered user is answered while strangers send 40,000 datagrams a second", async () => {
  const directory = await Deno.makeTempDir({ prefix: "flood-" });
  try {
    const program = await compileFlood(directory);
    await using server = await startRoutr();
    using user = new GoodUser(server.port);
    await user.register("1001", secret);
    const kinds: [FloodName, sources: number][] = [
      ["REGISTER", 1],
      ["REGISTER", 50_000],
      ["INVITE", 50_000],
      ["OPTIONS", 50_000],
      ["garbage", 50_000],
    ];
    for (const [name, sources] of kinds) {
      const sending = flood(program, { port: server.port, message: FLOODS[name], sources, rate, seconds });
      const latencies: number[] = [];
      let isOver = false;
      sending.then(() => isOver = true);
      for (let i = 0; !isOver; i++) {
        latencies.push(await user.latency(i % 2 === 0 ? "REGISTER" : "INVITE", "1001"));
      }
      assert.ok(await sending > 0);
      const what = `${name} of ${sources}: ${latencies.map((latency) => latency.toFixed(1))}`;
      assert.ok(latencies.every((latency) => latency < Infinity), what);
      assert.ok(latencies.toSorted((a, b) => a - b)[latencies.length >> 1] < highestMedian, what);
    }
    // He registers as ever.
    await user.register("1001", secret);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
