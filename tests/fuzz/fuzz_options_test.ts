import assert from "node:assert/strict";
import { parseFuzzOptions } from "./fuzz_options.ts";

Deno.test("parseFuzzOptions() has ten minutes, every ground and a fresh seed unless told otherwise", () => {
  const { minutes, grounds, seeds, from } = parseFuzzOptions([]);
  assert.deepEqual([minutes, grounds, from, seeds.length], [10, ["sockets", "memory"], 0, 1]);
  assert.ok(seeds[0] >= 1_000);
});

Deno.test("parseFuzzOptions() takes minutes, lists of seeds and grounds, a story and a binary", () => {
  const options = parseFuzzOptions(
    ["0.5", "--seed", "1,2,fresh", "--on", "memory", "--from", "400", "--binary", "dist/routr"],
  );
  const { minutes, grounds, seeds, from, binary } = options;
  assert.deepEqual([minutes, grounds, from, binary], [0.5, ["memory"], 400, "dist/routr"]);
  assert.deepEqual([seeds.slice(0, 2), seeds.length], [[1, 2], 3]);
});

Deno.test("parseFuzzOptions() throws a TypeError for what it does not know", () => {
  for (
    const args of [["x"], ["0"], ["1", "2"], ["--on", "air"], ["--seed", "-1"], ["--from", "x"], ["--nope"]]
  ) {
    assert.throws(() => parseFuzzOptions(args), TypeError, args.join(" "));
  }
});
