import { type Environment, variableNames } from "./environment.ts";

/**
 * Returns the environment variables of this process. Where the process may read some of them only, by their names
 * (`--allow-env=NAME,…`), the others count as unset.
 */
export function processEnvironment(): Environment {
  try {
    return Deno.env.toObject();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return Object.fromEntries(variableNames().map((name) => [name, valueOf(name)]));
  }
}

function valueOf(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch {
    return undefined;
  }
}
