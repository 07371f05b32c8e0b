// Entry of `deno task fuzz`: damaged messages to a whole server, until something is found or the time is over.

import { type FuzzOptions, type GroundName, parseFuzzOptions, USAGE } from "./fuzz_options.ts";
import { fuzzInMemory } from "./memory_fuzz.ts";
import { runIsolated } from "./isolation.ts";
import { fuzzOnSockets } from "./socket_fuzz.ts";
import { type FuzzReport, reportLines } from "./report/fuzz_report.ts";

if (import.meta.main) {
  try {
    const options = parseFuzzOptions(Deno.args);
    const code = options.grounds.includes("sockets") ? await runIsolated(Deno.args) : undefined;
    Deno.exitCode = code ?? await fuzz(options);
  } catch (error) {
    console.error(error instanceof TypeError ? `${error.message}\n\n${USAGE}` : error);
    Deno.exitCode = 1;
  }
}

/** Returns the exit code. */
async function fuzz(options: FuzzOptions): Promise<number> {
  let code = 0;
  const { minutes, grounds, seeds } = options;
  const milliseconds = minutes * 60_000 / (grounds.length * seeds.length);
  for (const ground of grounds) {
    for (const seed of seeds) {
      console.log(`${ground}, seed ${seed}, ${Math.round(milliseconds / 1000)} s`);
      const report = await run(ground, { ...options, seed, milliseconds });
      for (const line of reportLines(report, ground)) console.log(line);
      if (report.found) code = 1;
    }
  }
  return code;
}

function run(
  ground: GroundName,
  options: FuzzOptions & { readonly seed: number; readonly milliseconds: number },
): Promise<FuzzReport> {
  return ground === "memory" ? fuzzInMemory(options) : fuzzOnSockets(options);
}
