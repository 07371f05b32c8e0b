// Runs the stages of the test run one after the other and ends with one line: `N passed, N failed`.
//
//   deno run -A tests/run.ts            all stages
//   deno run -A tests/run.ts lint unit  only these, in their usual order

import { stripVTControlCharacters } from "node:util";

const projectRoot = new URL("..", import.meta.url).pathname;
const stageMinutes = 8;

interface Stage {
  readonly name: string;
  /** These have to succeed, or the stage counts as failed and its command is not run. */
  readonly before?: readonly Command[];
  readonly command: Command;
  /** Its tests are counted; any other stage counts only when it fails. */
  readonly isTest?: boolean;
}

interface Command {
  readonly path: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Tally {
  readonly passed: number;
  readonly failed: number;
}

const installPeers: Command = { path: `${projectRoot}tests/setup.sh`, args: [] };
const buildBinary: Command = {
  path: `${projectRoot}build.sh`,
  args: [],
  env: { DENO: Deno.env.get("DENO") ?? Deno.execPath() },
};

const browserConfig = ["--config", "tests/browser/deno.json"];
const checkedTests = [...Deno.readDirSync(`${projectRoot}tests`)]
  .filter(({ name, isDirectory }) => isDirectory ? name !== "browser" : name.endsWith(".ts"))
  .map(({ name }) => `tests/${name}`);

const stages: readonly Stage[] = [
  { name: "fmt", command: deno("fmt", "--check") },
  { name: "lint", command: deno("lint") },
  { name: "check", command: deno("check", "--quiet", "main.ts", "src", ...checkedTests) },
  test("unit", ["tests/unit", "tests/bench", "tests/architecture_test.ts"]),
  { ...test("contract"), before: [installPeers] },
  test("scenario"),
  test("torture"),
  testWithProcesses("peers", [installPeers]),
  // Its packages are of no use to those who only run the server, so it has a configuration of its own.
  testWithProcesses(
    "browser",
    [installPeers, deno("check", "--quiet", ...browserConfig, "tests/browser")],
    browserConfig,
  ),
  testWithProcesses("smoke", Deno.env.has("ROUTR_BINARY") ? [installPeers] : [installPeers, buildBinary]),
];

const chosen = chooseStages(Deno.args);
const tallies = new Map<string, Tally>();
for (const stage of chosen) tallies.set(stage.name, await runStage(stage));
report(tallies);

function chooseStages(names: readonly string[]): readonly Stage[] {
  const unknown = names.filter((name) => !stages.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    const known = stages.map(({ name }) => name).join(", ");
    console.error(`Unknown stage "${unknown.join('", "')}"; the stages are ${known}`);
    Deno.exit(2);
  }
  return names.length === 0 ? stages : stages.filter(({ name }) => names.includes(name));
}

async function runStage({ name, before = [], command, isTest = false }: Stage): Promise<Tally> {
  console.log(`\n── ${name} ──`);
  for (const preparation of before) {
    const { success } = await run(preparation);
    if (success) continue;
    console.log(`${preparation.path} failed: the stage "${name}" cannot run`);
    return { passed: 0, failed: 1 };
  }
  const { success, output } = await run(command);
  const { passed, failed } = isTest ? countTests(output) : { passed: 0, failed: 0 };
  return { passed, failed: success ? failed : Math.max(failed, 1) };
}

/** Runs a command, showing its output while it comes; it is killed when it takes too long. */
async function run({ path, args, env }: Command): Promise<{ success: boolean; output: string }> {
  const child = new Deno.Command(path, {
    args: [...args],
    cwd: projectRoot,
    env: { ...env, ...(Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : {}) },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const limit = setTimeout(() => {
    console.log(`${path} ${args.join(" ")} is ended: it took more than ${stageMinutes} minutes`);
    child.kill("SIGKILL");
  }, stageMinutes * 60_000);
  const [forScreen, forCounting] = child.stdout.tee();
  const [{ success }, output] = await Promise.all([
    child.status,
    new Response(forCounting).text(),
    forScreen.pipeTo(Deno.stdout.writable, { preventClose: true }),
  ]);
  clearTimeout(limit);
  return { success, output };
}

/**
 * The counts of the summary with which `deno test` ends, such as
 * `FAILED | 9 passed (4 steps) | 2 failed (1 step) | 1 ignored (30s)`. No summary: the run died, one failure.
 */
function countTests(output: string): Tally {
  const steps = String.raw`(?: \(\d+ steps?\))?`;
  const summary = new RegExp(String.raw`^(?:ok|FAILED) \| (\d+) passed${steps} \| (\d+) failed`, "gm");
  const last = [...stripVTControlCharacters(output).matchAll(summary)].at(-1);
  if (!last) return { passed: 0, failed: 1 };
  return { passed: Number(last[1]), failed: Number(last[2]) };
}

function report(tallies: ReadonlyMap<string, Tally>): void {
  let passed = 0;
  let failed = 0;
  const failedStages: string[] = [];
  for (const [name, tally] of tallies) {
    passed += tally.passed;
    failed += tally.failed;
    if (tally.failed > 0) failedStages.push(name);
  }
  console.log(failedStages.length > 0 ? `\nFailed: ${failedStages.join(", ")}` : "");
  console.log(`${passed} passed, ${failed} failed`);
  Deno.exitCode = failed > 0 ? 1 : 0;
}

function deno(...args: string[]): Command {
  return { path: Deno.execPath(), args };
}

/** The tests in `paths`, with the permissions that deno.json gives to tests. */
function test(name: string, paths: readonly string[] = [`tests/${name}`]): Stage {
  return { name, isTest: true, command: deno("test", "--permission-set", ...paths) };
}

/** Tests that start other programs and look at their sockets in /proc, which Deno lets only all permissions do. */
function testWithProcesses(name: string, before: readonly Command[], options: readonly string[] = []): Stage {
  return { name, before, isTest: true, command: deno("test", "--allow-all", ...options, `tests/${name}`) };
}
