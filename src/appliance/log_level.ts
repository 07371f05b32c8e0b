import type { Configuration } from "../config/configuration.ts";
import type { Environment } from "../config/environment.ts";
import type { LogLevel } from "../runtime/log.ts";

const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: "trace",
  debug: "debug",
  info: "info",
  warn: "warning",
  warning: "warning",
  error: "error",
  fatal: "fatal",
};

/**
 * Returns the level of `LOG_LEVEL`, or of `spec.logging.traceLevel`: 0 info, up to 15 debug, from 16 every SIP message.
 */
export function levelOf(config: Configuration | undefined, env: Environment): LogLevel {
  const named = LEVELS[env.LOG_LEVEL?.toLowerCase() ?? ""];
  if (named) return named;
  const traceLevel = config?.logging.traceLevel ?? 0;
  if (traceLevel === 0) return "info";
  return traceLevel < 16 ? "debug" : "trace";
}
