// CPU and memory of a process with all its threads and children, from /proc (proc(5)).

/** Clock ticks a second in /proc/PID/stat: USER_HZ, 100 in every Linux ABI Deno runs on. */
const TICKS_PER_SECOND = 100;

// Fields of /proc/PID/stat counted from the one after the command's name (proc(5) numbers them from 3).
const PARENT = 4 - 3;
const USER_TIME = 14 - 3;
const CHILDREN_SYSTEM_TIME = 17 - 3;

/** The process and all its living descendants. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of Deno.readDirSync("/proc")) {
    const pid = Number(entry.name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statFields(pid)[PARENT]);
    children.set(parent, [...children.get(parent) ?? [], pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...children.get(pid) ?? []);
  return tree;
}

/** User and system time of the tree so far, in microseconds; children already waited for count as well. */
export function cpuMicroseconds(root: number): number {
  let ticks = 0;
  for (const pid of processTree(root)) {
    const times = statFields(pid).slice(USER_TIME, CHILDREN_SYSTEM_TIME + 1);
    ticks += times.reduce((sum, time) => sum + Number(time), 0);
  }
  return ticks * (1e6 / TICKS_PER_SECOND);
}

/** Resident memory of the tree in bytes; pages that several of its processes share count once. */
export function residentBytes(root: number): number {
  const tree = processTree(root);
  if (tree.length === 1) return kilobytes(root, "status", "VmRSS");
  return tree.reduce((sum, pid) => sum + kilobytes(pid, "smaps_rollup", "Pss"), 0);
}

function statFields(pid: number): string[] {
  const stat = readProc(pid, "stat");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function kilobytes(pid: number, file: string, name: string): number {
  const found = readProc(pid, file).match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"));
  return found ? Number(found[1]) * 1024 : 0;
}

/** Empty when the process has ended. */
function readProc(pid: number, file: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return "";
  }
}
