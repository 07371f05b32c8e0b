import assert from "node:assert/strict";
import { type CommandOptions, runCommand } from "./command.ts";
import { runProcess, startProcess } from "../support/process.ts";

const projectRoot = new URL("../../", import.meta.url).pathname;
const FOREVER = new AbortController().signal;

Deno.test("a command's output is shown as it is written, and standard output is returned", async () => {
  const shown: string[] = [];
  const result = await runShell("echo one; echo two >&2; exit 3", {
    print: (bytes) => Promise.resolve(void shown.push(new TextDecoder().decode(bytes))),
  });
  assert.deepEqual(result, { success: false, output: "one\n", ended: undefined, left: [] });
  assert.deepEqual(shown.sort(), ["one\n", "two\n"]);
});

Deno.test("a command that prints now and then is not ended, however long it takes", async () => {
  const { success } = await runShell("for i in 1 2 3 4 5; do echo $i; sleep 0.2; done", {
    maxSilenceMs: 600,
  });
  assert.equal(success, true);
});

Deno.test("a command that prints nothing any more is ended", async () => {
  const { success, output, ended } = await runShell("echo one; sleep 60", { maxSilenceMs: 500 });
  assert.equal(success, false);
  assert.equal(output, "one\n");
  assert.match(ended ?? "", /printed nothing/);
});

Deno.test("a command is ended with the test run, or not begun", async () => {
  const early = await runShell("sleep 60", { signal: AbortSignal.abort("SIGINT") });
  assert.equal(early.ended, "SIGINT");
  const late = new AbortController();
  setTimeout(() => late.abort("SIGTERM"), 200);
  assert.equal((await runShell("sleep 60", { signal: late.signal })).ended, "SIGTERM");
});

const programs: readonly (readonly [title: string, script: string])[] = [
  ["in the background", "sleep 60 & echo $!"],
  ["in a session of its own", "setsid sleep 60 & echo $!"],
  ["in a session of its own, whose parent has ended", "sh -c 'setsid sleep 60 & echo $!'"],
  ["with an empty environment and a session of its own", "env -i setsid sleep 60 & echo $!"],
  ["that does not care for SIGTERM", `sh -c 'trap "" TERM; sleep 60; sleep 60' & echo $!`],
];

for (const [title, script] of programs) {
  Deno.test(`a command that is ended takes a program along ${title}`, async () => {
    const { output } = await runShell(`${script}; sleep 60`, { maxSilenceMs: 500 });
    assert.equal(isRunning(Number(output)), false);
  });
}

Deno.test("processes that a command leaves are ended and named", async () => {
  const { success, output, left } = await runShell("sleep 61 & echo $!");
  assert.equal(success, true);
  assert.deepEqual(left, ["sleep 61"]);
  assert.equal(isRunning(Number(output)), false);
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  Deno.test(`the test run, ended by ${signal}, ends its stage and still prints the counts`, async () => {
    await using run = startProcess(Deno.execPath(), {
      args: ["run", "-A", "tests/run.ts", "lint"],
      cwd: projectRoot,
    });
    await run.waitForLine(/── lint ──/, 20_000);
    run.signal(signal);
    assert.equal(await run.exitCode(20_000), 1);
    assert.match(run.output, /0 passed, 1 failed\n$/);
    assert.match(run.output, new RegExp(`is (ended|not run): ${signal}`));
  });
}

Deno.test("a stage that does not exist is told, with those that do", async () => {
  const { code, output } = await runProcess(Deno.execPath(), {
    args: ["run", "-A", "tests/run.ts", "lnit"],
    cwd: projectRoot,
  });
  assert.equal(code, 2);
  assert.match(output, /Unknown stage "lnit"; the stages are fmt, lint, /);
});

function runShell(script: string, options: Partial<CommandOptions> = {}) {
  return runCommand({ path: "sh", args: ["-c", script] }, {
    cwd: "/",
    maxSilenceMs: 30_000,
    signal: FOREVER,
    print: () => Promise.resolve(),
    ...options,
  });
}

function isRunning(pid: number): boolean {
  assert.ok(pid > 1);
  try {
    return !/^\d+ \(.*\) Z/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}
