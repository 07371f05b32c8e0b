/** Which CPU a process runs on. */

/**
 * From now on the process, with all its threads, runs on the first CPU only. Processes that are compared at the same time
 * are disturbed alike when they share one. Throws when `taskset` (of util-linux) cannot do it.
 */
export async function keepOnFirstCpu(pid: number): Promise<void> {
  await keepOnCpu(pid, 0);
}

/** The same with another one, counted from 0. */
export async function keepOnCpu(pid: number, cpu: number): Promise<void> {
  const { success, stderr } = await new Deno.Command("taskset", {
    args: ["--all-tasks", "--cpu-list", "--pid", String(cpu), String(pid)],
    stdout: "null",
  }).output();
  if (!success) throw new Error(`Cannot choose the CPU of ${pid}: ${new TextDecoder().decode(stderr)}`);
}
