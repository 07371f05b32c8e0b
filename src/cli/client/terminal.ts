/** Input and output of commands. */
import { ClientError } from "./client_error.ts";

export interface Terminal {
  /** A person can answer questions. */
  readonly isInteractive: boolean;
  /** Writes lines to the standard output. */
  print(text: string): void;
  /** Writes lines to the standard error. */
  warn(text: string): void;
  /** Asks for one line. Throws `ClientError` without an answer. */
  ask(question: string): Promise<string>;
  /** Asks for one line without showing what is typed. */
  askSecret(question: string): Promise<string>;
}

const CONTROL_C = 3;
const CONTROL_D = 4;
const BACKSPACE: ReadonlySet<number> = new Set([8, 127]);
const LINE_END: ReadonlySet<number> = new Set([10, 13]);
/** The exit status of shells after Control-C. */
const INTERRUPTED = 130;

/** The terminal of the process. */
export const processTerminal: Terminal = {
  get isInteractive() {
    return Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
  },
  print: (text) => console.log(text),
  warn: (text) => console.error(text),
  ask(question) {
    writeQuestion(question);
    return readLine();
  },
  async askSecret(question) {
    // Before the question, so that nothing typed is shown.
    Deno.stdin.setRaw(true);
    try {
      writeQuestion(question);
      return await readLine();
    } finally {
      Deno.stdin.setRaw(false);
      console.error("");
    }
  },
};

function writeQuestion(question: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(question));
}

/** Reads byte by byte, so that the next line is kept. In raw mode it handles the control keys. */
async function readLine(): Promise<string> {
  const line: number[] = [];
  const byte = new Uint8Array(1);
  while (await Deno.stdin.read(byte) !== null) {
    const [key] = byte;
    if (LINE_END.has(key)) return new TextDecoder().decode(new Uint8Array(line));
    if (key === CONTROL_C) throw new ClientError("Interrupted", { exitStatus: INTERRUPTED });
    if (key === CONTROL_D && line.length === 0) break;
    if (BACKSPACE.has(key)) removeCharacter(line);
    else line.push(key);
  }
  throw new ClientError("Nobody has answered");
}

/** Removes the last UTF-8 character. */
function removeCharacter(line: number[]): void {
  while (((line.pop() ?? 0) & 0xc0) === 0x80);
}
