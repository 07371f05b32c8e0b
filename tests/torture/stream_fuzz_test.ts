/** Torture messages on a stream, whole and damaged: the framer finds the same however the bytes arrive. */
import assert from "node:assert/strict";
import { parseMessage } from "../../src/message/parser.ts";
import { StreamFramer } from "../../src/message/stream_framer.ts";
import { mutate, Random } from "./mutations.ts";
import { readEverything } from "./read_everything.ts";
import { readText, storedNames } from "./torture_messages.ts";

const seed = 4475;
const maxMessageSize = 2 ** 20;
/** Milliseconds for one stream; most take less than one. */
const longestStream = 200;

/** Messages without the one Content-Length that a stream needs, or with bytes beyond it. */
const unframeable = ["baddn", "clerr", "dblreq", "inv2543", "mcl01", "ncl"];
const texts = storedNames().filter((name) => !unframeable.includes(name)).map(readText);

interface Found {
  messages: string[];
  pings: number;
  failure: string | undefined;
}

/** Returns the events of the framer for chunks; any event after a failure is a fault. */
function frame(chunks: Iterable<string>): Found {
  const found: Found = { messages: [], pings: 0, failure: undefined };
  const expectSense = () => assert.equal(found.failure, undefined, "nothing is called after a failure");
  const framer = new StreamFramer({
    onMessage: (text) => (expectSense(), found.messages.push(text)),
    onPing: () => (expectSense(), found.pings++),
    onRejected: () => expectSense(),
    onFailure: (reason) => (expectSense(), found.failure = reason),
  }, { maxMessageSize, maxHeadSize: 65_536 });
  for (const chunk of chunks) framer.push(chunk);
  return found;
}

function* split(text: string, random: Random): Generator<string> {
  const longest = random.pick([1, 7, 100, 1500, 5000]);
  for (let at = 0; at < text.length;) {
    const length = 1 + random.below(longest);
    yield text.slice(at, at + length);
    at += length;
  }
}

Deno.test("The framer cuts two messages apart wherever the stream is split", () => {
  const pair = [readText("wsinv"), readText("mpart01")];
  const stream = pair.join("");
  for (let at = 0; at <= stream.length; at++) {
    assert.deepEqual(frame([stream.slice(0, at), stream.slice(at)]).messages, pair, `split at ${at}`);
  }
});

Deno.test("The framer finds every message and keep-alive of a long stream in any chunks", () => {
  const random = new Random(seed);
  for (let round = 0; round < 300; round++) {
    const messages = Array.from({ length: 1 + random.below(12) }, () => random.pick(texts));
    const keepAlives = messages.map(() => random.pick(["", "\r\n", "\r\n\r\n"]));
    const stream = messages.map((message, number) => keepAlives[number] + message).join("");
    const pings = keepAlives.filter((keepAlive) => keepAlive.length === 4).length;
    const found = frame(split(stream, random));
    assert.deepEqual(found, { messages, pings, failure: undefined }, `round ${round} of seed ${seed}`);
  }
});

for (const name of ["inv2543", "mcl01", "ncl"]) {
  Deno.test(`The framer gives up a stream that brings ${name}`, () => {
    const found = frame([readText(name), ...texts]);
    assert.deepEqual([found.messages, typeof found.failure], [[], "string"]);
  });
}

Deno.test("The framer waits for the body that clerr announces", () => {
  assert.deepEqual(frame([readText("clerr")]), { messages: [], pings: 0, failure: undefined });
});

Deno.test("The framer takes what follows dblreq's Content-Length for the next message", () => {
  const [register, invite] = frame([readText("dblreq")]).messages.map((text) => parseMessage(text));
  assert.ok(register.kind === "request" && invite.kind === "request");
  assert.deepEqual([register.method, invite.method], ["REGISTER", "INVITE"]);
});

Deno.test("The framer finds the same in a damaged stream, in one piece and in many", () => {
  const random = new Random(seed);
  for (let number = 0; number < 4_000; number++) {
    const stream = mutate(random.pick(texts) + random.pick(texts) + random.pick(texts), random, texts);
    const label = `case ${number} of seed ${seed}: ${JSON.stringify(stream).slice(0, 4_000)}`;
    const start = performance.now();
    const whole = frame([stream]);
    assert.deepEqual(frame(split(stream, random)), whole, label);
    assert.ok(performance.now() - start < longestStream, label);
    assert.ok(whole.messages.join("").length <= stream.length, label);
    for (const message of whole.messages) readEverything(parseMessage(message));
  }
});

Deno.test("No run of one character makes framing slow", () => {
  const lines = ["Content-Length:", "Content-Length: 5", "l", "A: b\r\nl:", "A: b"];
  const units = [" ", "\t", "\r\n ", "\r", "\n", "0", "l", ":", "\r\nl:5", "\r\nl:\r\n "];
  // The short runs first: what takes cubic time with them would not end with the long ones.
  for (const bytes of [1_000, 20_000]) {
    for (const line of lines) {
      for (const unit of units) {
        for (const tail of ["", "\n", "x"]) {
          const run = unit.repeat(Math.floor(bytes / unit.length));
          const start = performance.now();
          frame([`OPTIONS sip:a@b SIP/2.0\r\n${line}${run}${tail}\r\n\r\nhello`]);
          const took = performance.now() - start;
          assert.ok(
            took < longestStream,
            `${took} ms for ${bytes} bytes of ${JSON.stringify([line, unit, tail])}`,
          );
        }
      }
    }
  }
});
