import { join } from "node:path";
import { type Environment, readVariable } from "./environment.ts";

/** Returns `$STATE_DIR`, else `$XDG_STATE_HOME/routr`, else `state` beside the configuration. */
export function stateDirectory(env: Environment, configurationDirectory: string): string {
  const named = readVariable(env, "STATE_DIR");
  if (named !== undefined) return named.text;
  const home = env.XDG_STATE_HOME;
  return home ? join(home, "routr") : join(configurationDirectory, "state");
}
