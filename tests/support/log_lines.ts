/** Log lines in tests. */
import { configureLogging, type LogLevel } from "../../src/runtime/log.ts";

const METHODS = ["debug", "info", "warn", "error"] as const;

/** Returns the lines of at least `level` that are logged while `act` runs, without time; the terminal gets none. */
export async function logged(level: LogLevel, act: () => void | Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const saved = METHODS.map((method) => console[method]);
  configureLogging({ level, format: "text" });
  for (const method of METHODS) console[method] = (...words: unknown[]) => void lines.push(words.join(" "));
  try {
    await act();
  } finally {
    METHODS.forEach((method, i) => console[method] = saved[i]);
    configureLogging({ level: "error", format: "text" });
  }
  return lines.map((line) => line.replace(/^\S+ /, ""));
}
