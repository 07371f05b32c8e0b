import assert from "node:assert/strict";
import { parseSoakOptions } from "./soak_options.ts";

Deno.test("parseSoakOptions() soaks both profiles with all faults for half an hour", () => {
  const { seed, ...options } = parseSoakOptions([]);
  assert.ok(seed > 0);
  assert.deepEqual(options, {
    durationMs: 1_800_000,
    binary: undefined,
    rate: 20,
    phones: 48,
    profiles: ["files", "redis"],
    faults: ["kill", "reload", "edit", "redis", "dns", "gateway", "disk", "cut"],
    json: undefined,
  });
});

Deno.test("parseSoakOptions() takes hours, some faults or none, and refuses what it does not know", () => {
  const options = parseSoakOptions(["0.05", "--faults", "kill,cut", "--profile", "redis", "--seed", "7"]);
  assert.deepEqual(options.faults, ["kill", "cut"]);
  assert.deepEqual(options.profiles, ["redis"]);
  assert.deepEqual([options.durationMs, options.seed], [180_000, 7]);
  assert.deepEqual(parseSoakOptions(["--faults", "none"]).faults, []);
  for (const args of [["0"], ["soon"], ["1", "2"], ["--faults", "flood"], ["--rate", "-1"], ["--wet"]]) {
    assert.throws(() => parseSoakOptions(args), TypeError, args.join(" "));
  }
});
