/** The processes of a command that has its own session, read from /proc. */
import { pause } from "../support/pause.ts";

/** An environment variable that marks the processes of a command, also those that leave its session. */
export const MARK_VARIABLE = "ROUTR_TEST_COMMAND";

const POLL_MS = 100;

/** The marks of a command's processes. */
export interface CommandMark {
  /** The session id: the pid of its first process. */
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

/** Ends the command's processes by SIGTERM, after the grace by SIGKILL. */
export async function endProcesses(command: CommandMark, graceMs: number): Promise<void> {
  signalAll(processesOf(command), "SIGTERM");
  if (await haveEnded(command, graceMs)) return;
  // The next round finds processes that were started meanwhile.
  do signalAll(processesOf(command), "SIGKILL"); while (!await haveEnded(command, graceMs));
}

/** Waits until the command has no process left. Returns false when the time is over. */
export async function haveEnded(command: CommandMark, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (processesOf(command).length > 0) {
    if (Date.now() >= deadline) return false;
    await pause(POLL_MS);
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
      // It ended in the meantime.
      if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
    }
  }
}

/** Returns all running processes of this machine. */
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

/** Returns a file of a process; undefined when the process has ended or belongs to another user. */
function readOf(pid: number, file: "stat" | "environ" | "cmdline"): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return undefined;
  }
}
