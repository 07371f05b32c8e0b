/** Logs of the listener's thread: loggers are set up in each thread anew, and only the main one knows how. */
import { configureSync, type LogRecord } from "@logtape/logtape";
import { logger } from "../../runtime/log.ts";
import type { ForwardedRecord } from "./front_messages.ts";

/** Hands everything that is logged in this thread to `tell`. */
export function forwardLogs(tell: (record: ForwardedRecord) => void): void {
  configureSync({
    reset: true,
    sinks: { main: (record) => tell(forwarded(record)) },
    loggers: [
      { category: ["routr"], sinks: ["main"], lowestLevel: "debug" },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "fatal" },
    ],
  });
}

/** Logs what another thread has handed over. */
export function logForwarded({ part, level, text, properties }: ForwardedRecord): void {
  logger(part)[level](text, properties);
}

/** Values become what can be handed to a thread. */
function forwarded({ category, level, rawMessage, properties }: LogRecord): ForwardedRecord {
  const plain = Object.entries(properties).map(([name, value]) =>
    [name, typeof value === "number" || typeof value === "boolean" ? value : String(value)] as const
  );
  return {
    part: category.slice(1).join("."),
    level,
    text: typeof rawMessage === "string" ? rawMessage : rawMessage.join("{}"),
    properties: Object.fromEntries(plain),
  };
}
