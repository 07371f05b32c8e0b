/** Structured logs: lines for people on a terminal, JSON for machines. */
import {
  configureSync,
  getConsoleSink,
  getJsonLinesFormatter,
  getLogger,
  type Logger,
  type LogLevel,
  type LogRecord,
  type Sink,
  type TextFormatter,
} from "@logtape/logtape";
import { LogHistory } from "./log_history.ts";
import { withoutSecrets } from "./log_secrets.ts";

export type { Logger, LogLevel };

/**
 * The verbose levels that are on. Hot paths ask before they compose a message, because one that is dropped later costs a
 * microsecond.
 */
export const logging = { debug: false, trace: false };

/** Returns the logger of a part of the server, such as `registrar`. Properties replace `{braces}`, and go into the JSON. */
export function logger(part: string): Logger {
  return getLogger(["routr", part]);
}

export interface LogOptions {
  readonly level: LogLevel;
  /** `json` is one JSON object a line (`LOG_FORMAT`). */
  readonly format: "text" | "json";
}

let current: LogOptions = { level: "info", format: "text" };

/** The latest lines, as text whatever the format. */
export const logHistory = new LogHistory();

/** Changes the level of every logger. */
export function changeLogLevel(level: LogLevel): void {
  if (level !== current.level) configureLogging({ ...current, level });
}

/** Sets level and format of every logger; may be called again. */
export function configureLogging({ level, format }: LogOptions): void {
  current = { level, format };
  const formatter = format === "json" ? jsonFormatter() : formatLine;
  logging.trace = level === "trace";
  logging.debug = logging.trace || level === "debug";
  configureSync({
    reset: true,
    sinks: { console: printing(getConsoleSink({ formatter })), history: remember },
    loggers: [
      { category: ["routr"], sinks: ["console", "history"], lowestLevel: level },
      { category: ["logtape", "meta"], sinks: ["console"], lowestLevel: "warning" },
    ],
  });
}

/** Lines of libraries remembered, so that each is logged once. */
const MAX_LIBRARY_LINES = 100;

/** True while the log itself writes to the console. */
let isPrinting = false;

function printing(sink: Sink): Sink {
  return (record) => {
    isPrinting = true;
    try {
      sink(record);
    } finally {
      isPrinting = false;
    }
  };
}

/** Redirects what libraries print to the log, each line once. */
export function logLibraryLines(): void {
  const told = new Set<string>();
  for (const method of ["warn", "error"] as const) {
    const print = console[method];
    console[method] = (...words: unknown[]) => {
      if (isPrinting) return print(...words);
      const text = words.map(String).join(" ").replace(/^\[(?:WARN|ERROR)\] /, "");
      if (told.has(text)) return;
      if (told.size < MAX_LIBRARY_LINES) told.add(text);
      logger("library")[method]("{text}", { text });
    };
  }
}

/** Adds a record to the history, except SIP messages, which are long and for the terminal only. */
function remember(record: LogRecord): void {
  if (!isTrace(record)) logHistory.add(formatLine(record));
}

function isTrace({ category }: LogRecord): boolean {
  return category[1] === "trace";
}

function jsonFormatter(): TextFormatter {
  const format = getJsonLinesFormatter();
  return (record) => isTrace(record) ? format(record) : withoutSecrets(format(record));
}

let latest: { readonly record: LogRecord; readonly line: string } | undefined;

/** Formats the line once for console and history, which saves a quarter of its cost. */
function formatLine(record: LogRecord): string {
  if (latest?.record !== record) latest = { record, line: newLine(record) };
  return latest.line;
}

/** `12:00:01.234 info registrar: sip:1001@sip.local registered …`. */
function newLine(record: LogRecord): string {
  const time = new Date(record.timestamp).toISOString().slice(11, 23);
  const part = record.category.slice(1).join(".");
  const message = record.message.map((piece) => typeof piece === "string" ? piece : String(piece)).join("");
  // Only the SIP trace has several lines, without secrets; elsewhere a line feed would forge a line.
  const text = isTrace(record)
    ? makeVisible(message)
    : withoutSecrets(makeVisible(message)).replaceAll("\n", "\\n");
  return `${time} ${record.level.padEnd(5)} ${part}: ${text}`;
}

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/g;

/** Escapes control characters, so that peers cannot control a terminal. */
function makeVisible(text: string): string {
  return text.replace(CONTROLS, (control) => {
    return control === "\r" ? "" : `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
