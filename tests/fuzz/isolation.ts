/** A network namespace of its own, so that a damaged address leads nowhere but to this machine. */

const MARK = "ROUTR_FUZZ_ISOLATED";
/** Brings up the loopback interface, then runs the command. */
const SCRIPT = 'ip link set lo up && exec "$@"';

/** Runs this program again in a namespace; returns its exit code, undefined where it is in one, or none can be had. */
export async function runIsolated(args: readonly string[]): Promise<number | undefined> {
  if (Deno.env.has(MARK) || !await canIsolate()) return undefined;
  const program = [Deno.execPath(), "run", "-A", "--v8-flags=--expose-gc", Deno.mainModule, ...args];
  const { code } = await new Deno.Command("unshare", {
    args: [...NAMESPACES, "sh", "-c", SCRIPT, "sh", ...program],
    env: { [MARK]: "1" },
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  return code;
}

const NAMESPACES = ["--map-root-user", "--net"];

async function canIsolate(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("unshare", {
      args: [...NAMESPACES, "sh", "-c", SCRIPT, "sh", "true"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}
