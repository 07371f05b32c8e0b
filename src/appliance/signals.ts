/** Signals that do not end the server. */
import { systemClock } from "../runtime/clock.ts";
import { close as closeInspector } from "node:inspector";

const IGNORED = ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF"] as const;

/** Deno opens its inspector at SIGUSR1, for everybody on this host: it is closed after these times. */
const INSPECTOR_CHECKS_MS = [0, 50, 500];

/** The action of SIGHUP. */
export class HangUp {
  /** Called at each SIGHUP; does nothing between a stop and the next start. */
  action: () => void = () => {};

  constructor() {
    Deno.addSignalListener("SIGHUP", () => this.action());
    for (const signal of IGNORED) Deno.addSignalListener(signal, () => {});
    Deno.addSignalListener("SIGUSR1", () => {
      for (const delay of INSPECTOR_CHECKS_MS) systemClock.setAlarm(closeInspector, delay);
    });
  }
}
