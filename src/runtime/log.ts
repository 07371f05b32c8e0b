/** Structured logs: lines for people on a terminal, JSON for machines. */
import {
  configureSync,
  getConsoleSink,
  getJsonLinesFormatter,
  getLogger,
  type Logger,
  type LogLevel,
  type LogRecord,
} from "@logtape/logtape";

export type { Logger, LogLevel };

/**
 * What is logged now. Asked before a message of these levels is put together where traffic is dense: handing a message
 * over only to have it dropped costs a microsecond.
 */
export const logging = { debug: false, trace: false };

/** The logger of one part of the server, such as `registrar`. Properties go in `{braces}` and into the JSON. */
export function logger(part: string): Logger {
  return getLogger(["routr", part]);
}

/** How to log. */
export interface LogOptions {
  readonly level: LogLevel;
  /** `LOG_FORMAT=json`: one JSON object a line. */
  readonly format: "text" | "json";
}

/** Sets level and format of every logger. May be called again. */
export function configureLogging({ level, format }: LogOptions): void {
  const formatter = format === "json" ? getJsonLinesFormatter() : formatLine;
  logging.trace = level === "trace";
  logging.debug = logging.trace || level === "debug";
  configureSync({
    reset: true,
    sinks: { console: getConsoleSink({ formatter }) },
    loggers: [
      { category: ["routr"], sinks: ["console"], lowestLevel: level },
      { category: ["logtape", "meta"], sinks: ["console"], lowestLevel: "warning" },
    ],
  });
}

/** `12:00:01.234 info registrar: sip:1001@sip.local registered …`. */
function formatLine(record: LogRecord): string {
  const time = new Date(record.timestamp).toISOString().slice(11, 23);
  const part = record.category.slice(1).join(".");
  const message = record.message.map((piece) => typeof piece === "string" ? piece : String(piece)).join("");
  // Only the SIP trace has several lines; elsewhere a line feed would be a forged line.
  const text = part === "trace" ? makeVisible(message) : makeVisible(message).replaceAll("\n", "\\n");
  return `${time} ${record.level.padEnd(5)} ${part}: ${text}`;
}

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/g;

/** What peers send cannot steer a terminal. */
function makeVisible(text: string): string {
  return text.replace(CONTROLS, (control) => {
    return control === "\r" ? "" : `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
