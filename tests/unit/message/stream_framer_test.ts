import assert from "node:assert/strict";
import { StreamFramer } from "../../../src/message/stream_framer.ts";
import { messageText } from "./sample_message.ts";

const LARGE = 1_048_576;

/** Returns the events of a framer for a stream, in order. */
function found(
  chunks: readonly string[],
  maxMessageSize = LARGE,
): { events: string[]; buffered: number } {
  const events: string[] = [];
  const framer = new StreamFramer({
    onMessage: (text) => events.push(text),
    onPing: () => events.push("ping"),
    onRejected: (_text, { status }) => events.push(`refusal: ${status}`),
    onFailure: (reason) => events.push(`failure: ${reason}`),
  }, { maxMessageSize, maxHeadSize: 65_536 });
  for (const chunk of chunks) framer.push(chunk);
  return { events, buffered: framer.buffered };
}

const INVITE = messageText({ "Subject": "a\r\n b" }, { body: "v=0\r\n\r\nx" });
const BYE = messageText({ "CSeq": "2 BYE" }, { startLine: "BYE sip:bob@biloxi.com SIP/2.0" });
const OK = messageText({ "Content-Length": undefined, "l": "2" }, {
  startLine: "SIP/2.0 200 OK",
  body: "\r\n",
});
const STREAM = `${INVITE}\r\n\r\n${BYE}\r\n${OK}\r\n\r\n\r\n\r\n${BYE}`;
const EVENTS = [INVITE, "ping", BYE, OK, "ping", "ping", BYE];

Deno.test("§18.3: messages are found wherever the stream is cut in two", () => {
  for (let at = 0; at <= STREAM.length; at++) {
    const { events, buffered } = found([STREAM.slice(0, at), STREAM.slice(at)]);
    assert.deepEqual(events, EVENTS, `cut at ${at}`);
    assert.equal(buffered, 0);
  }
});

Deno.test("§18.3: messages are found in a stream of single bytes, and of any other pieces", () => {
  for (let size = 1; size < 60; size++) {
    const chunks = STREAM.match(new RegExp(`[\\s\\S]{1,${size}}`, "g"))!;
    assert.deepEqual(found(chunks).events, EVENTS, `pieces of ${size}`);
  }
});

Deno.test("A message is found with its last byte, not later", () => {
  for (const text of [INVITE, BYE, OK]) {
    const before = found([text.slice(0, -1)]);
    assert.deepEqual(before, { events: [], buffered: text.length - 1 });
    assert.deepEqual(found([text.slice(0, -1), text.slice(-1)]), { events: [text], buffered: 0 });
  }
});

Deno.test("All 256 bytes pass through a body", () => {
  const body = Array.from({ length: 512 }, (_, i) => String.fromCharCode(i & 255)).join("");
  const text = messageText({}, { body });
  assert.deepEqual(found([text + BYE]).events, [text, BYE]);
});

Deno.test("RFC 5626 §3.5.1: two CRLFs are a ping, one is nothing", () => {
  const table: [stream: string, pings: number][] = [
    ["\r\n", 0],
    ["\r\n\r\n", 1],
    ["\r\n\r\n\r\n", 1],
    ["\r\n\r\n\r\n\r\n", 2],
    ["\r\n".repeat(20), 10],
  ];
  for (const [stream, pings] of table) {
    for (let at = 0; at <= stream.length; at++) {
      const { events } = found([stream.slice(0, at), stream.slice(at)]);
      assert.deepEqual(events, new Array(pings).fill("ping"), `${stream.length} bytes cut at ${at}`);
      assert.deepEqual(found([stream, BYE]).events.at(-1), BYE);
    }
  }
});

Deno.test("§7.5: a CRLF before the start line is ignored, so it is no message that has begun", () => {
  for (const stream of ["", "\r\n", "\r\n\r\n", "\r\n\r\n\r\n", `${BYE}\r\n`]) {
    assert.equal(found([stream]).buffered, 0, JSON.stringify(stream));
  }
  for (const stream of ["B", `\r\n\r\nB`, `${BYE}B`, BYE.slice(0, -1)]) {
    assert.ok(found([stream]).buffered > 0, JSON.stringify(stream));
  }
});

Deno.test("§20.14: Content-Length is found whatever its name and place", () => {
  const body = "12345";
  const head = messageText({ "Content-Length": undefined });
  for (
    const row of [
      "Content-Length: 5",
      "content-length:5",
      "CONTENT-LENGTH \t: \t 5 \t",
      "l: 5",
      "L:0005",
      "Content-Length:\r\n 5",
      "Content-Length: 5\r\n ",
      "X: 1\r\n Content-Length: 99\r\nl: 5\r\nY: 2",
      "X-Content-Length: 99\r\nl: 5",
    ]
  ) {
    const text = `${head.slice(0, -2)}${row}\r\n\r\n${body}`;
    assert.deepEqual(found([text + BYE]).events, [text, BYE], JSON.stringify(row));
  }
});

Deno.test("§18.3: a stream without a usable Content-Length is given up", () => {
  const lengths: (string | string[] | undefined)[] = [
    undefined,
    "",
    "-1",
    "1.5",
    "0x10",
    "one",
    "1 2",
    "9".repeat(25),
    "4294967296",
    ["0", "5"],
  ];
  for (const length of lengths) {
    const { events } = found([messageText({ "Content-Length": length }) + BYE]);
    assert.equal(events.length, 2, String(length));
    assert.match(events[0], /^refusal: (?:400|513)$/, String(length));
    assert.match(events[1], /^failure: /, String(length));
  }
  assert.match(found([messageText({ "l": "1" })]).events[1], /^failure: /);
});

Deno.test("Content-Lengths that agree are one", () => {
  for (const changes of [{ "Content-Length": ["2", "2"] }, { "l": "2" }]) {
    const text = messageText(changes, { body: "xy" });
    assert.deepEqual(found([text + BYE]).events, [text, BYE]);
  }
});

Deno.test("A Content-Length that lies: too long waits for more, too short leaves bytes that are not SIP", () => {
  const tooLong = messageText({ "Content-Length": "50" }, { body: "12345" });
  assert.deepEqual(found([tooLong]), { events: [], buffered: tooLong.length });
  const swallowed = tooLong + BYE;
  assert.equal(found([swallowed]).events[0], swallowed.slice(0, tooLong.length + 45));
  const tooShort = messageText({ "Content-Length": "1" }, { body: "1\x01\x02" });
  const { events } = found([tooShort]);
  assert.equal(events[0], tooShort.slice(0, -2));
  assert.match(events.slice(1).join(), /^refusal: 400,failure: /);
});

Deno.test("What can never become a message is given up with its first byte", () => {
  for (const stream of ["\0", "\x16\x03\x01", "\x80", " INVITE", "\t", "\n", "\rX", "\r\n\0", "\xff\xff"]) {
    const { events } = found([stream]);
    assert.match(events.join(), /^refusal: 400,failure: [^,]*$/, JSON.stringify(stream));
  }
});

Deno.test("After a failure nothing is called any more, and nothing kept", () => {
  const { events, buffered } = found(["\0", BYE, "\r\n\r\n", BYE.repeat(100)]);
  assert.deepEqual(events, ["refusal: 400", "failure: Bytes are not SIP"]);
  assert.equal(buffered, 0);
});

Deno.test("A message may have as many bytes as allowed and not one more", () => {
  assert.deepEqual(found([INVITE], INVITE.length).events, [INVITE]);
  assert.match(found([INVITE], INVITE.length - 1).events.join(), /^refusal: 513,failure: .*Too Large$/);
});

Deno.test("A message that will be too large is given up when its head is there", () => {
  const head = messageText({ "Content-Length": "2000000" });
  assert.match(
    found([head.slice(0, -1), head.slice(-1)]).events.join(),
    /^refusal: 513,failure: .*Too Large$/,
  );
});

Deno.test("A head without end is given up, whether it comes at once or byte by byte", () => {
  const endless = `INVITE sip:bob@biloxi.com SIP/2.0\r\nSubject: ${"x".repeat(70_000)}`;
  assert.match(found([endless]).events.join(), /^refusal: 513,failure: .*Too Large$/);
  const pieces = endless.match(/[\s\S]{1,100}/g)!;
  assert.match(found(pieces).events.join(), /^refusal: 513,failure: .*Too Large$/);
  assert.deepEqual(found([endless.slice(0, 60_000)]).events, []);
  assert.match(found([`${endless}\r\n\r\n`]).events.join(), /^refusal: 513,failure: .*Too Large$/);
});

Deno.test("A long head is found when it comes in small pieces", () => {
  const text = messageText({ "Record-Route": new Array(500).fill(`<sip:${"a".repeat(90)};lr>`) });
  assert.deepEqual(found(text.match(/[\s\S]{1,10}/g)!).events, [text]);
});
