import assert from "node:assert/strict";
import { changeLogLevel, configureLogging, logger, logging, logHistory } from "../../../src/runtime/log.ts";
import { LogHistory } from "../../../src/runtime/log_history.ts";

const METHODS = ["debug", "info", "warn", "error"] as const;

/** Returns the lines that `write` adds to history and console. */
function logged(write: () => void): { history: string[]; console: string[] } {
  const before = logHistory.text().length;
  const lines: string[] = [];
  const saved = METHODS.map((method) => console[method]);
  for (const method of METHODS) console[method] = (...words: unknown[]) => void lines.push(words.join(" "));
  try {
    write();
  } finally {
    METHODS.forEach((method, i) => console[method] = saved[i]);
  }
  return { history: logHistory.text().slice(before).split("\n").slice(0, -1), console: lines };
}

Deno.test("LogHistory has whole lines, oldest first", () => {
  const history = new LogHistory();
  assert.equal(history.text(), "");
  history.add("one");
  history.add("two");
  assert.equal(history.text(), "one\ntwo\n");
});

Deno.test("LogHistory keeps the last lines", () => {
  const history = new LogHistory({ maxLines: 3, maxCharacters: 1000, maxLineLength: 100 });
  for (let i = 1; i <= 10; i++) history.add(`line ${i}`);
  assert.equal(history.text(), "line 8\nline 9\nline 10\n");
});

Deno.test("LogHistory keeps fewer lines when they are long, and cuts the longest", () => {
  const history = new LogHistory({ maxLines: 100, maxCharacters: 25, maxLineLength: 10 });
  history.add("0123456789");
  history.add("0123456789a");
  assert.equal(history.text(), "0123456789\n012345678…\n");
  history.add("abcdef");
  assert.equal(history.text(), "012345678…\nabcdef\n");
});

Deno.test("LogHistory is bounded unless it is told otherwise", () => {
  const history = new LogHistory();
  for (let i = 0; i < 5000; i++) history.add(`${i} short`);
  assert.deepEqual([history.text().split("\n").length - 1, history.text().slice(0, 10)], [
    2000,
    "3000 short",
  ]);
  for (let i = 0; i < 5000; i++) history.add("x".repeat(100_000));
  assert.ok(history.text().length <= 512 * 1024 + 2000, `${history.text().length} characters`);
});

Deno.test("What is logged is in the history as text, whatever the format on the console", () => {
  for (const format of ["text", "json"] as const) {
    configureLogging({ level: "info", format });
    const { history, console } = logged(() =>
      logger("registrar").info("{aor} registered", { aor: "sip:a@h" })
    );
    assert.equal(history.length, 1);
    assert.match(history[0], /^\d\d:\d\d:\d\d\.\d{3} info {2}registrar: sip:a@h registered$/);
    assert.equal(console.length, 1);
    assert.equal(console[0].startsWith("{"), format === "json");
  }
});

Deno.test("The same message twice is two lines", () => {
  configureLogging({ level: "info", format: "text" });
  const { history, console } = logged(() => {
    logger("core").info("again {count}", { count: 1 });
    logger("core").info("again {count}", { count: 2 });
  });
  assert.deepEqual(history.map((line) => line.slice(-7)), ["again 1", "again 2"]);
  assert.deepEqual(console, history);
});

Deno.test("SIP messages are on the terminal, and not in the history", () => {
  configureLogging({ level: "trace", format: "text" });
  const { history, console } = logged(() => {
    logger("trace").trace("received\n{message}", {
      message: "REGISTER sip:h SIP/2.0\r\nAuthorization: Digest",
    });
    logger("core").trace("seen");
  });
  assert.equal(console.length, 2);
  assert.deepEqual(history.map((line) => line.slice(13)), ["trace core: seen"]);
});

Deno.test("changeLogLevel() takes effect at once, and leaves the format and the history as they are", () => {
  configureLogging({ level: "warning", format: "json" });
  const { history, console } = logged(() => {
    logger("core").info("one");
    changeLogLevel("debug");
    assert.deepEqual(logging, { debug: true, trace: false });
    logger("core").debug("two");
    changeLogLevel("warning");
    assert.deepEqual(logging, { debug: false, trace: false });
    logger("core").info("three");
    logger("core").warn("four");
  });
  assert.deepEqual(history.map((line) => line.split(" ").at(-1)), ["two", "four"]);
  assert.deepEqual(console.map((line) => JSON.parse(line).message), ["two", "four"]);
});

Deno.test("Tokens and passwords reach neither console nor history, as text or JSON, in a property or an error", () => {
  const url = "https://user:Pa55@h/api?x=1&token=eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
  for (const format of ["text", "json"] as const) {
    configureLogging({ level: "info", format });
    const { history, console } = logged(() => {
      logger("rest").info("Asked for {url}", { url });
      logger("rest").error("Failed: {error}", { error: new Error(`error sending request for url (${url})`) });
    });
    const all = [...history, ...console].join("\n");
    assert.equal(history.length, 2);
    assert.doesNotMatch(all, /Pa55|eyJ|c2lnbmF0dXJl/);
    assert.match(all, /https:\/\/user:…@h\/api\?x=1&token=…/);
    if (format === "json") { for (const line of console) JSON.parse(line); }
  }
});
