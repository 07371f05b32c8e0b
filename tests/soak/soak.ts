// Entry of `deno task soak`: hours of calls, registrations and messages while faults are injected, then a table.

import { pause } from "../support/pause.ts";
import { Random } from "../support/random.ts";
import type { FaultName } from "./faults/fault.ts";
import { injectFaults } from "./faults/fault_schedule.ts";
import { offerLoad } from "./load.ts";
import { memorySlope } from "./report/memory_slope.ts";
import { faultsFound, type PartReport, reportText } from "./report/report.ts";
import { type Leftovers, leftoversOf, MemoryWatch, untilDialogsAreGone, untilIdle } from "./report/watch.ts";
import { parseSoakOptions, type SoakOptions, USAGE } from "./soak_options.ts";
import { type Profile, SoakPart } from "./soak_part.ts";

/** Timers of transactions have fired by then. */
const SETTLE_MS = 40_000;
/** Changes of dialogs gather for half a second, and go to the disk in batches. */
const UNSTORED_SECONDS = 1.5;
const SHOWN_CHARACTERS = 2_000;
/** Memory of a server that has just begun says nothing: what it remembers of thousands of calls fills up. */
const WARM_UP_HOURS = 12 / 60;

const parts = new Set<SoakPart>();

if (import.meta.main) {
  if (Deno.args.includes("--help")) {
    console.log(USAGE);
    Deno.exit();
  }
  try {
    Deno.exitCode = await soak(parseSoakOptions(Deno.args));
  } catch (error) {
    console.error(error instanceof TypeError ? `${error.message}\n\n${USAGE}` : error);
    Deno.exitCode = 2;
  } finally {
    await Promise.all([...parts].map((part) => part.close()));
  }
  Deno.exit();
}

/** Returns the exit code. */
async function soak(options: SoakOptions): Promise<number> {
  const { profiles, seed, durationMs, json } = options;
  console.log(`Soaking for ${(durationMs / 60_000).toFixed(1)} minutes, --seed ${seed}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(
      signal,
      () => Promise.all([...parts].map((part) => part.close())).then(() => Deno.exit(2)),
    );
  }
  const ended = await Promise.allSettled(profiles.map((profile) => soakPart(profile, options)));
  const reports = ended.map((each) => {
    if (each.status === "rejected") throw each.reason;
    return each.value;
  });
  for (const report of reports) console.log(`\n${reportText(report)}`);
  if (json !== undefined) {
    const told = reports.map((report) => ({ ...report, answerTimes: undefined, found: faultsFound(report) }));
    await Deno.writeTextFile(json, JSON.stringify({ seed, reports: told }, null, 2));
  }
  return reports.some((report) => faultsFound(report).length > 0) ? 1 : 0;
}

async function soakPart(profile: Profile, options: SoakOptions): Promise<PartReport> {
  const begin = performance.now();
  const say = (text: string) => {
    const seconds = Math.round((performance.now() - begin) / 1000);
    console.log(`${String(seconds).padStart(6)} s  ${profile}: ${text}`);
  };
  const part = await SoakPart.start({ profile, binary: options.binary, phones: options.phones, say });
  parts.add(part);
  const { server } = part;
  await untilIdle(server, part.providers.length);
  const idle = await leftoversOf(server);
  await part.bringPhones();
  say(`${part.phones.length} phones are registered`);
  const watch = new MemoryWatch(server);
  const watching = watch.run();
  const durationMs = Math.max(
    options.durationMs - SETTLE_MS - (performance.now() - begin),
    options.durationMs / 2,
  );
  const seed = options.seed * 2 + options.profiles.indexOf(profile);
  const rate = options.rate / options.profiles.length;
  const faults = options.faults.filter((name) => isPossible(name, part));
  await Promise.all([
    offerLoad({ part, random: new Random(seed), rate, durationMs }),
    injectFaults({ part, faults, random: new Random(seed + 1), durationMs }),
  ]);
  watch.stop();
  say("The load is over");
  await Promise.all(part.phones.map((phone) => phone.leave()));
  await pause(SETTLE_MS);
  await watching;
  const kills = part.ledger.windows.filter(({ fault }) => fault === "kill").length;
  const revivedDialogs = Math.ceil(kills * rate * UNSTORED_SECONDS);
  const unendedCalls = sum([...part.phones, ...part.providers].map(({ agent }) => agent.unendedCalls));
  const seconds = await untilDialogsAreGone(server, revivedDialogs + unendedCalls);
  if (seconds > 1) say(`Dialogs are gone ${Math.round(seconds)} s later`);
  return await endOf(part, {
    watch,
    idle,
    revivedDialogs,
    unendedCalls,
    minutes: (performance.now() - begin) / 60_000,
  });
}

interface EndOptions {
  readonly watch: MemoryWatch;
  readonly idle: Leftovers;
  readonly revivedDialogs: number;
  readonly unendedCalls: number;
  readonly minutes: number;
}

/** Stops the server and tells what came. */
async function endOf(
  part: SoakPart,
  { watch, idle, revivedDialogs, unendedCalls, minutes }: EndOptions,
): Promise<PartReport> {
  const { server, ledger, profile } = part;
  const left = await leftoversOf(server);
  const internalErrors = (await server.metrics()).get("routr_internal_errors_total") ?? 0;
  if (left.calls > 0) part.say(`Calls that are left: ${(await server.calls()).slice(0, SHOWN_CHARACTERS)}`);
  const code = await server.stop();
  if (code !== 0) part.complaints.push(`The server ended with code ${code} after SIGTERM`);
  parts.delete(part);
  await part.close();
  const faults = Object.fromEntries(
    Map.groupBy(ledger.windows, ({ fault }) => fault).entries().map(([name, { length }]) => [name, length]),
  );
  return {
    profile,
    minutes,
    tried: Object.fromEntries(ledger.tried),
    failures: [...ledger.failures.values()],
    answerTimes: ledger.answerTimes,
    faults,
    resident: memorySlope(watch.resident, WARM_UP_HOURS),
    heap: memorySlope(watch.heap, WARM_UP_HOURS),
    revivedDialogs,
    unendedCalls,
    idle,
    left,
    internalErrors,
    lines: part.log.counts(),
    complaints: [...part.complaints, ...server.crashes.map((crash) => `The server ${crash}`)],
  };
}

function isPossible(name: FaultName, part: SoakPart): boolean {
  if (name === "redis") return part.redis !== undefined;
  if (name !== "disk" || part.disk) return true;
  if (part.profile === "files") part.say("No disk is filled: this machine gives no namespaces");
  return false;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
