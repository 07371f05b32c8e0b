// Runs the stages of the test run one after the other, soak and fuzz beside them, and ends with one line: `N passed, N failed`.
//
//   deno run -A tests/run.ts            all stages
//   deno run -A tests/run.ts lint unit  only these, in their usual order
//   deno run -A tests/run.ts --parallel files of a stage side by side: quicker, where the machine has nothing else to do

import { type Command, runCommand } from "./runner/command.ts";
import { countTests, summaryOf, type Tally } from "./runner/tally.ts";

const projectRoot = new URL("..", import.meta.url).pathname;

/** A stage that prints nothing for this time is ended; installing a browser over a slow line must fit. */
const MAX_SILENCE_MINUTES = 15;
/** The time for all stages; those that are not done then count as failed. */
const MAX_MINUTES = Number(Deno.env.get("TEST_MINUTES") ?? 80);
/** Signals that end the test run with everything it has started. */
const END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const PARALLEL = "--parallel";

type Print = (bytes: Uint8Array) => Promise<void>;

interface Stage {
  readonly name: string;
  /** Commands that must succeed; otherwise the stage counts as failed and is not run. */
  readonly before?: readonly Command[];
  readonly command: Command;
  /** Its tests are counted; another stage counts only when it fails. */
  readonly isTest?: boolean;
  /** It runs beside the stages after it, which leave a core idle; its output is shown at the end. */
  readonly isBeside?: boolean;
}

const installPeers: Command = { path: `${projectRoot}tests/setup.sh`, args: [] };
const buildBinary: Command = {
  path: `${projectRoot}build.sh`,
  args: [],
  env: { DENO: Deno.env.get("DENO") ?? Deno.execPath() },
};

/** Folders with packages that the server does not need: a configuration of their own keeps them from those who start it. */
const OWN_CONFIGURATION = ["openapi", "browser"];
const browserConfig = ["--config", "tests/browser/deno.json"];
const checkedTests = [...Deno.readDirSync(`${projectRoot}tests`)]
  .filter(({ name, isDirectory }) => isDirectory ? !OWN_CONFIGURATION.includes(name) : name.endsWith(".ts"))
  .map(({ name }) => `tests/${name}`);

const stages: readonly Stage[] = [
  { name: "fmt", command: deno("fmt", "--check") },
  { name: "lint", command: deno("lint") },
  { name: "check", command: deno("check", "--quiet", "main.ts", "src", ...checkedTests) },
  testWithProcesses("runner"),
  {
    name: "soak",
    before: [installPeers],
    command: deno("run", ..."--allow-all --no-check tests/soak/soak.ts 0.05 --rate 6 --seed 16".split(" ")),
    isBeside: true,
  },
  test("unit", ["tests/unit", "tests/bench", "tests/fuzz", "tests/soak", "tests/architecture_test.ts"]),
  { ...test("contract"), before: [installPeers] },
  test("scenario"),
  test("migration"),
  test("torture"),
  // The same seed each time, and a new one, which is printed.
  {
    name: "fuzz",
    command: deno("run", "-A", "--v8-flags=--expose-gc", "tests/fuzz/fuzz.ts", "1", "--seed", "4475,fresh"),
    isBeside: true,
  },
  testWithProcesses("peers", [installPeers]),
  testWithProcesses(
    "browser",
    [installPeers, deno("check", "--quiet", ...browserConfig, "tests/browser")],
    browserConfig,
  ),
  testWithProcesses("smoke", Deno.env.has("ROUTR_BINARY") ? [installPeers] : [installPeers, buildBinary]),
];

const chosen = chooseStages(Deno.args.filter((each) => each !== PARALLEL));
const screen = Deno.stdout.writable.getWriter();
const encoder = new TextEncoder();
const show: Print = (bytes) => screen.write(bytes);
const end = new AbortController();
const timeIsUp = setTimeout(() => end.abort(`${MAX_MINUTES} minutes are over`), MAX_MINUTES * 60_000);
for (const signal of END_SIGNALS) Deno.addSignalListener(signal, () => end.abort(signal));

const tallies = new Map<string, Tally>();
/** Stages that run beside others, each with its output. */
const beside: { name: string; output: Uint8Array[]; tally: Promise<Tally> }[] = [];
for (const stage of chosen) {
  if (!stage.isBeside) {
    tallies.set(stage.name, await runStage(stage, show));
    continue;
  }
  const output: Uint8Array[] = [];
  const tally = runStage(stage, (bytes) => Promise.resolve(void output.push(bytes)));
  beside.push({ name: stage.name, output, tally });
}
for (const { name, output, tally } of beside) {
  tallies.set(name, await tally);
  for (const bytes of output) await show(bytes);
}
clearTimeout(timeIsUp);
console.log(summaryOf(tallies));
Deno.exit([...tallies.values()].some(({ failed }) => failed > 0) ? 1 : 0);

function chooseStages(names: readonly string[]): readonly Stage[] {
  const unknown = names.filter((name) => !stages.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    const known = stages.map(({ name }) => name).join(", ");
    console.error(`Unknown stage "${unknown.join('", "')}"; the stages are ${known}`);
    Deno.exit(2);
  }
  return names.length === 0 ? stages : stages.filter(({ name }) => names.includes(name));
}

/** @param print shows a piece of output */
async function runStage({ name, before = [], command, isTest = false }: Stage, print: Print): Promise<Tally> {
  await print(encoder.encode(`\n── ${name} ──\n`));
  for (const preparation of before) {
    const { success } = await run(preparation, print);
    if (success) continue;
    await print(encoder.encode(`${preparation.path} failed: the stage "${name}" cannot run\n`));
    return { passed: 0, failed: 1 };
  }
  const { success, output } = await run(command, print);
  const { passed, failed } = isTest ? countTests(output) : { passed: 0, failed: 0 };
  return { passed, failed: success ? failed : Math.max(failed, 1) };
}

/** Runs a command and shows its output. */
async function run(command: Command, print: Print): Promise<{ success: boolean; output: string }> {
  const title = `${command.path} ${command.args.join(" ")}`.trim();
  const tell = (line: string) => print(encoder.encode(`${line}\n`));
  if (end.signal.aborted) {
    await tell(`${title} is not run: ${end.signal.reason}`);
    return { success: false, output: "" };
  }
  const env = { ...command.env, ...(Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : {}) };
  const { success, output, ended, left } = await runCommand({ ...command, env }, {
    cwd: projectRoot,
    maxSilenceMs: MAX_SILENCE_MINUTES * 60_000,
    signal: end.signal,
    print,
  });
  if (ended !== undefined) await tell(`\n${title} is ended: ${ended}`);
  for (const line of left) await tell(`\n${title} has left a process, which is ended: ${line}`);
  return { success, output };
}

function deno(...args: string[]): Command {
  return { path: Deno.execPath(), args };
}

/** Returns a stage of tests with the permissions of tests in deno.json. Types are checked by the stage "check". */
function test(name: string, paths: readonly string[] = [`tests/${name}`]): Stage {
  const options = Deno.args.includes(PARALLEL) ? [PARALLEL] : [];
  const command = deno("test", "--no-check", "--permission-set", ...options, ...paths);
  // One more than there are cores, because some files wait for most of their time.
  const env = { DENO_JOBS: String(navigator.hardwareConcurrency + 1) };
  return { name, isTest: true, command: { ...command, env } };
}

/** Returns a stage of tests that read /proc about other programs, for which Deno demands all permissions. */
function testWithProcesses(
  name: string,
  before: readonly Command[] = [],
  options: readonly string[] = [],
): Stage {
  return {
    name,
    before,
    isTest: true,
    command: deno("test", "--no-check", "--allow-all", ...options, `tests/${name}`),
  };
}
