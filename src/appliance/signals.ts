/** Signals of the system but those that end the server: none of them ends it. */
import { close as closeInspector } from "node:inspector";

const IGNORED = ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF"] as const;

/** Milliseconds after a SIGUSR1 at which the inspector is closed that Deno opens then, whoever may be on this host. */
const INSPECTOR_CHECKS_MS = [0, 50, 500];

/** What SIGHUP is for, from the first start of the process on. */
export class HangUp {
  /** Called at each; nothing happens between two lives of the server. */
  action: () => void = () => {};

  constructor() {
    Deno.addSignalListener("SIGHUP", () => this.action());
    for (const signal of IGNORED) Deno.addSignalListener(signal, () => {});
    Deno.addSignalListener("SIGUSR1", () => {
      for (const delay of INSPECTOR_CHECKS_MS) setTimeout(closeInspector, delay);
    });
  }
}
