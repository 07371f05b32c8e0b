// Entry of `deno task fuzz`: damaged messages to a whole server, until something is found or the time is over.

import { type FuzzOptions, type GroundName, parseFuzzOptions, USAGE } from "./fuzz_options.ts";
import { fuzzInMemory } from "./memory_fuzz.ts";
import { type FuzzReport, reportLines } from "./report/fuzz_report.ts";

if (import.meta.main) {
  try {
    await fuzz(parseFuzzOptions(Deno.args));
  } catch (error) {
    console.error(error instanceof TypeError ? `${error.message}\n\n${USAGE}` : error);
    Deno.exitCode = 1;
  }
}

async function fuzz(options: FuzzOptions): Promise<void> {
  const { minutes, grounds, seeds } = options;
  const milliseconds = minutes * 60_000 / (grounds.length * seeds.length);
  for (const ground of grounds) {
    for (const seed of seeds) {
      console.log(`${ground}, seed ${seed}, ${Math.round(milliseconds / 1000)} s`);
      const report = await run(ground, { ...options, seed, milliseconds });
      for (const line of reportLines(report)) console.log(line);
      if (report.found) Deno.exitCode = 1;
    }
  }
}

function run(
  ground: GroundName,
  options: FuzzOptions & { readonly seed: number; readonly milliseconds: number },
): Promise<FuzzReport> {
  return ground === "memory" ? fuzzInMemory(options) : fuzzInMemory(options);
}
