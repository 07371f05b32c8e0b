// Runs commands of the client with a temporary home folder.
import { readCommandLine } from "../../../../src/cli/command_line.ts";
import { runClient } from "../../../../src/cli/client/client.ts";
import type { Terminal } from "../../../../src/cli/client/terminal.ts";
import { TemporaryFolder } from "../../data/temporary_folder.ts";

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The answers of a person at the terminal, in order; without them there is no terminal. */
  readonly answers?: readonly string[];
}

export interface RunResult {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  /** Questions whose answers were not shown. */
  readonly secretQuestions: readonly string[];
}

export class ClientHome implements AsyncDisposable {
  readonly folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder) {
    this.folder = folder;
  }

  static async create(): Promise<ClientHome> {
    return new ClientHome(await TemporaryFolder.of({}));
  }

  get accessPath(): string {
    return this.folder.pathOf(".routr-access.json");
  }

  /** Writes the file of a login. */
  async logIn(apiUrl: string, token = "the-token"): Promise<void> {
    await this.folder.write(".routr-access.json", JSON.stringify({ apiUrl, token }));
  }

  async run(args: readonly string[], { env = {}, answers }: RunOptions = {}): Promise<RunResult> {
    const command = readCommandLine(args);
    if (command.kind === "mistake") return { status: 2, out: "", err: command.message, secretQuestions: [] };
    if (command.kind !== "client") throw new TypeError(`Cannot run "${args.join(" ")}": not for the client`);
    const terminal = new FakeTerminal(answers);
    const place = {
      env: { HOME: this.folder.path, CONFIG_PATH: this.folder.path, ...env },
      executableDirectory: this.folder.path,
    };
    const status = await runClient(command, place, terminal);
    const { secretQuestions } = terminal;
    return { status, out: terminal.out.join("\n"), err: terminal.err.join("\n"), secretQuestions };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }
}

class FakeTerminal implements Terminal {
  readonly isInteractive: boolean;
  readonly out: string[] = [];
  readonly err: string[] = [];
  readonly secretQuestions: string[] = [];
  readonly #answers: string[];

  constructor(answers: readonly string[] | undefined) {
    this.isInteractive = answers !== undefined;
    this.#answers = [...answers ?? []];
  }

  print(text: string): void {
    this.out.push(text);
  }

  warn(text: string): void {
    this.err.push(text);
  }

  ask(question: string): Promise<string> {
    this.err.push(question);
    const answer = this.#answers.shift();
    return answer === undefined
      ? Promise.reject(new TypeError(`Nobody answers "${question}"`))
      : Promise.resolve(answer);
  }

  askSecret(question: string): Promise<string> {
    this.secretQuestions.push(question);
    return this.ask(question);
  }
}
