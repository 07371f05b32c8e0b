/** What a test makes the server log. */
import { configureLogging, type LogLevel } from "../../src/runtime/log.ts";

const METHODS = ["debug", "info", "warn", "error"] as const;

/** The lines that are logged from `level` on while `act` runs, without their time, and nothing on the terminal. */
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
