/** Signals of the system but those that end the server: none of them ends it. */

const IGNORED = ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF"] as const;

/** What SIGHUP is for, from the first start of the process on. */
export class HangUp {
  /** Called at each; nothing happens between two lives of the server. */
  action: () => void = () => {};

  constructor() {
    Deno.addSignalListener("SIGHUP", () => this.action());
    for (const signal of IGNORED) Deno.addSignalListener(signal, () => {});
  }
}
