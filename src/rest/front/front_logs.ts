/** The log of the listener's thread, which the main thread writes. */
import { configureSync, type LogRecord } from "@logtape/logtape";
import { logger } from "../../runtime/log.ts";
import type { ForwardedRecord } from "./front_messages.ts";

/** Passes everything that is logged in this thread to `tell`. */
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

/** Logs a record of another thread. */
export function logForwarded({ part, level, text, properties }: ForwardedRecord): void {
  logger(part)[level](text, properties);
}

/** Converts a record to one that can be posted to another thread. */
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
