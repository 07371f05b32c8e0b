/** Where commands write, and whom they ask. */
import { ClientError } from "./client_error.ts";

export interface Terminal {
  /** Whether somebody is there who can be asked. */
  readonly isInteractive: boolean;
  /** Writes a line, or several, to the standard output. */
  print(text: string): void;
  /** The same to the standard error. */
  warn(text: string): void;
  /** One line, without its end. Throws `ClientError` when there is no answer. */
  ask(question: string): Promise<string>;
  /** The same, without showing what is typed. */
  askSecret(question: string): Promise<string>;
}

const CONTROL_C = 3;
const CONTROL_D = 4;
const BACKSPACE: ReadonlySet<number> = new Set([8, 127]);
const LINE_END: ReadonlySet<number> = new Set([10, 13]);
/** As shells say that somebody has pressed Control-C. */
const INTERRUPTED = 130;

/** That of the process. */
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
    // First, so that nothing is shown of what is typed at once.
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

/** Byte by byte, so that nothing of the next line is lost; in raw mode nobody else understands the keys. */
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

/** The last one, of as many bytes as UTF-8 has for it. */
function removeCharacter(line: number[]): void {
  while (((line.pop() ?? 0) & 0xc0) === 0x80);
}
