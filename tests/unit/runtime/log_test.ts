import assert from "node:assert/strict";
import {
  configureLogging,
  logger,
  logging,
  type LogLevel,
  logLibraryLines,
  type LogOptions,
} from "../../../src/runtime/log.ts";

const METHODS = ["debug", "info", "warn", "error"] as const;

/** Returns the console output of `write`. */
function printed(options: LogOptions, write: () => void): string[] {
  const lines: string[] = [];
  const saved = METHODS.map((method) => console[method]);
  for (const method of METHODS) console[method] = (...words: unknown[]) => void lines.push(words.join(" "));
  try {
    configureLogging(options);
    write();
  } finally {
    METHODS.forEach((method, i) => console[method] = saved[i]);
  }
  return lines;
}

const text = (level: LogLevel = "trace"): LogOptions => ({ level, format: "text" });
const json = (level: LogLevel = "trace"): LogOptions => ({ level, format: "json" });

Deno.test("A text line is time, level, part and message", () => {
  const [line] = printed(
    text(),
    () => logger("registrar").info("{aor} registered {count}", { aor: "x", count: 2 }),
  );
  assert.match(line, /^\d\d:\d\d:\d\d\.\d{3} info {2}registrar: x registered 2$/);
});

Deno.test("What libraries print is a line of the log, and lines of the log are printed once", () => {
  const lines = printed(json(), () => {
    logLibraryLines();
    console.warn("[WARN] This Redis server's `default` user does not require a password");
    console.warn("[WARN] This Redis server's `default` user does not require a password");
    logger("core").error("hello");
  });
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ level, logger, message }) => [level, logger, message]),
    [
      ["WARN", "routr.library", '"This Redis server\'s `default` user does not require a password"'],
      ["ERROR", "routr.core", "hello"],
    ],
  );
});

Deno.test("Every level has its name in the line", () => {
  const lines = printed(text(), () => {
    const log = logger("core");
    for (const level of ["trace", "debug", "info", "warning", "error", "fatal"] as const) log[level]("hello");
  });
  assert.deepEqual(lines.map((line) => line.split(" ")[1]), [
    "trace",
    "debug",
    "info",
    "warning",
    "error",
    "fatal",
  ]);
});

Deno.test("Nothing below the level is printed, and the level can be changed while the server runs", () => {
  const write = () => {
    const log = logger("core");
    log.debug("debug");
    log.info("info");
    log.warn("warning");
    log.error("error");
  };
  const words = (lines: string[]) => lines.map((line) => line.split(" ").at(-1));
  assert.deepEqual(words(printed(text("warning"), write)), ["warning", "error"]);
  assert.deepEqual(words(printed(text("debug"), write)), ["debug", "info", "warning", "error"]);
  assert.deepEqual(words(printed(text("fatal"), write)), []);
});

Deno.test("What traces and debug messages ask before they are put together follows the level", () => {
  const table: [level: LogLevel, debug: boolean, trace: boolean][] = [
    ["trace", true, true],
    ["debug", true, false],
    ["info", false, false],
    ["fatal", false, false],
  ];
  for (const [level, debug, trace] of table) {
    configureLogging(text(level));
    assert.deepEqual(logging, { debug, trace }, level);
  }
});

Deno.test("Control characters of peers are made visible", () => {
  const table: [written: string, seen: string][] = [
    ["\x1b[2J\x1b[31mred", "\\x1b[2J\\x1b[31mred"],
    ["a\0b", "a\\x00b"],
    ["tab\tbell\x07", "tab\\x09bell\\x07"],
    ["rubout\x7f", "rubout\\x7f"],
    ["back\bspace", "back\\x08space"],
    ["\x9b2Jcsi\x80", "\\x9b2Jcsi\\x80"],
  ];
  for (const [written, seen] of table) {
    const [line] = printed(text(), () => logger("core").info("user {user}", { user: written }));
    assert.ok(line.endsWith(` core: user ${seen}`), line);
  }
});

Deno.test("What is not a control character is printed as it is", () => {
  const [line] = printed(text(), () => logger("core").info("{name} says «ja»", { name: "Zoë 大" }));
  assert.ok(line.endsWith("Zoë 大 says «ja»"), line);
});

Deno.test("Nobody can forge a line of the log", () => {
  const user = "x\r\n12:00:00.000 error core: forged\n";
  const [line, ...more] = printed(text(), () => logger("core").info("user {user}", { user }));
  assert.ok(!line.includes("\n") && !line.includes("\r"), line);
  assert.deepEqual(more, []);
});

Deno.test("A message in the trace keeps its lines", () => {
  const message = "OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\n\r\n";
  const [line] = printed(text(), () => logger("trace").trace("received\n{message}", { message }));
  assert.ok(line.includes("trace: received\nOPTIONS sip:a@b SIP/2.0\nVia: x\n"), line);
});

Deno.test("Properties that are no strings are written as text, undefined and errors too", () => {
  const values = { count: 3, flag: true, none: undefined, error: new TypeError("Cannot do it") };
  const [line] = printed(text(), () => logger("core").info("{count} {flag} {none} {error}", values));
  assert.ok(line.endsWith("core: 3 true undefined TypeError: Cannot do it"), line);
});

Deno.test("LOG_FORMAT=json prints one object a line, whatever peers send", () => {
  const user = 'a\r\n"b\x1b\0';
  const lines = printed(json(), () => {
    logger("registrar").warn("user {user} is unknown", { user });
    logger("core").info("Ready");
  });
  assert.equal(lines.length, 2);
  for (const line of lines) assert.ok([...line].every((character) => character >= " "), line);
  const [first, second] = lines.map((line) => JSON.parse(line));
  assert.deepEqual([first.level, first.logger, first.properties], ["WARN", "routr.registrar", { user }]);
  assert.ok(!Number.isNaN(Date.parse(first["@timestamp"])));
  assert.deepEqual([second.level, second.logger, second.message], ["INFO", "routr.core", "Ready"]);
});
