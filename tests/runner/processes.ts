/** The processes of a command that was started in a session of its own, as /proc shows them. */

/** Environment variable that marks the processes of a command; those that leave its session still have it. */
export const MARK_VARIABLE = "ROUTR_TEST_COMMAND";

const POLL_MS = 100;

/** How the processes of one command are told from all others. */
export interface CommandMark {
  /** The session, which is the pid of its first process. */
  readonly session: number;
  /** The value of `MARK_VARIABLE`. */
  readonly mark: string;
}

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
}

/** Returns the pids of the command's processes: in its session, with its mark, and descendants of those. */
export function processesOf({ session, mark }: CommandMark): number[] {
  const entries = runningProcesses();
  const found = new Set<number>();
  for (const entry of entries) {
    if (entry.session === session || hasMark(entry.pid, mark)) found.add(entry.pid);
  }
  let before: number;
  do {
    before = found.size;
    for (const { pid, parent } of entries) if (found.has(parent)) found.add(pid);
  } while (found.size > before);
  return [...found];
}

/** Ends the command's processes: SIGTERM, and SIGKILL to what is left after the grace. */
export async function endProcesses(command: CommandMark, graceMs: number): Promise<void> {
  signalAll(processesOf(command), "SIGTERM");
  if (await haveEnded(command, graceMs)) return;
  // What is killed cannot start another one; what it started meanwhile is found in the next round.
  do signalAll(processesOf(command), "SIGKILL"); while (!await haveEnded(command, graceMs));
}

/** Waits until the command has no process left; reports whether that came true in time. */
export async function haveEnded(command: CommandMark, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (processesOf(command).length > 0) {
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}

/** Returns the command line of a process, or its pid when it has ended. */
export function commandLineOf(pid: number): string {
  const line = readOf(pid, "cmdline")?.replaceAll("\0", " ").trim().slice(0, 100);
  return line || `process ${pid}`;
}

function signalAll(pids: readonly number[], signal: Deno.Signal): void {
  for (const pid of pids) {
    try {
      Deno.kill(pid, signal);
    } catch (error) {
      // It ended between our look and our signal.
      if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
    }
  }
}

/** All processes of this machine that have not ended. */
function runningProcesses(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const stat = readOf(pid, "stat");
    if (stat === undefined) continue;
    // "pid (name) state parent group session …"; the name may hold anything, parentheses too.
    const [state, parent, , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state !== "Z" && state !== "X") {
      entries.push({ pid, parent: Number(parent), session: Number(session) });
    }
  }
  return entries;
}

function hasMark(pid: number, mark: string): boolean {
  return readOf(pid, "environ")?.split("\0").includes(`${MARK_VARIABLE}=${mark}`) ?? false;
}

/** The text of a file of a process; undefined when the process has ended or belongs to somebody else. */
function readOf(pid: number, file: "stat" | "environ" | "cmdline"): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return undefined;
  }
}
