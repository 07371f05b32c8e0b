/** Runs a command and ends all processes that it leaves. */
import {
  commandLineOf,
  type CommandMark,
  endProcesses,
  haveEnded,
  MARK_VARIABLE,
  processesOf,
} from "./processes.ts";

/** The time for programs to end after their command, and between SIGTERM and SIGKILL. */
const GRACE_MS = 3_000;

export interface Command {
  readonly path: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandOptions {
  readonly cwd: string;
  /** A command that prints nothing for this time is ended. */
  readonly maxSilenceMs: number;
  /** Ends the command; the reason of the abort is a text. */
  readonly signal: AbortSignal;
  /** Shows a piece of output; the next is read when it resolves. */
  print(bytes: Uint8Array): Promise<void>;
}

export interface CommandResult {
  readonly success: boolean;
  /** The standard output. */
  readonly output: string;
  /** The reason why it was ended; undefined when it ended by itself. */
  readonly ended?: string;
  /** The command lines of processes that it left and that were ended. */
  readonly left: readonly string[];
}

/** Runs a command in its own session; all processes that it has started end with it. */
export async function runCommand(command: Command, options: CommandOptions): Promise<CommandResult> {
  const mark = crypto.randomUUID();
  const child = new Deno.Command(command.path, {
    args: [...command.args],
    cwd: options.cwd,
    env: { ...command.env, [MARK_VARIABLE]: mark },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const own: CommandMark = { session: child.pid, mark };

  let ended: string | undefined;
  let ending: Promise<void> | undefined;
  const end = (reason: string) => {
    ended ??= reason;
    ending ??= endProcesses(own, GRACE_MS);
  };
  const endForSilence = () => end(`it has printed nothing for ${Math.round(options.maxSilenceMs / 1000)} s`);
  let silence = setTimeout(endForSilence, options.maxSilenceMs);
  const onAbort = () => end(String(options.signal.reason));
  options.signal.addEventListener("abort", onAbort);
  if (options.signal.aborted) onAbort();

  let output = "";
  const follow = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, isCounted: boolean) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      clearTimeout(silence);
      silence = setTimeout(endForSilence, options.maxSilenceMs);
      if (isCounted) output += decoder.decode(bytes, { stream: true });
      await options.print(bytes);
    }
  };
  const reading = Promise.all([follow(child.stdout, true), follow(child.stderr, false)]);

  const { success } = await child.status;
  options.signal.removeEventListener("abort", onAbort);
  await ending;
  const left = await endWhatIsLeft(own);
  await reading; // only now: a process that is left keeps the output open
  clearTimeout(silence);
  return { success: success && ended === undefined, output, ended, left };
}

async function endWhatIsLeft(own: CommandMark): Promise<string[]> {
  if (await haveEnded(own, GRACE_MS)) return [];
  const left = processesOf(own).map(commandLineOf);
  await endProcesses(own, GRACE_MS);
  return left;
}
