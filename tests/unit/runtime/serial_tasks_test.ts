import assert from "node:assert/strict";
import { SerialTasks } from "../../../src/runtime/serial_tasks.ts";

Deno.test("SerialTasks run one after the other, whether they succeed or not", async () => {
  const tasks = new SerialTasks();
  const steps: string[] = [];
  const task = (name: string) => async () => {
    steps.push(`begin ${name}`);
    await Promise.resolve();
    steps.push(`end ${name}`);
    if (name === "b") throw new Error("failed");
    return name;
  };
  const results = await Promise.allSettled(["a", "b", "c"].map((name) => tasks.run(task(name))));
  assert.deepEqual(steps, ["begin a", "end a", "begin b", "end b", "begin c", "end c"]);
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
});

Deno.test("SerialTasks.settled() waits for the tasks so far, and never rejects", async () => {
  const tasks = new SerialTasks();
  let isDone = false;
  const failing = tasks.run(async () => {
    await Promise.resolve();
    isDone = true;
    throw new Error("failed");
  });
  await tasks.settled();
  assert.ok(isDone);
  await assert.rejects(failing);
});
