/** JSON as bytes. */
import assert from "node:assert/strict";
import { ByteBuffer } from "../../../src/runtime/byte_buffer.ts";

function written(write: (buffer: ByteBuffer) => void): string {
  const buffer = new ByteBuffer(new ArrayBuffer(1));
  write(buffer);
  return new TextDecoder().decode(new Uint8Array(buffer.buffer, 0, buffer.size));
}

Deno.test("writes strings as JSON.stringify does", () => {
  const every = String.fromCharCode(...Array(300).keys());
  for (
    const text of [
      "",
      "sip:1000@192.0.2.9",
      '"',
      "\\",
      "a\n",
      "é",
      "電話 😀",
      "\ud800",
      every,
      "x".repeat(9000),
    ]
  ) {
    assert.equal(written((buffer) => buffer.jsonString(text)), JSON.stringify(text));
  }
});

Deno.test("writes numbers as JSON.stringify does", () => {
  const powers = Array.from({ length: 16 }, (_, i) => 10 ** i).flatMap((
    power,
  ) => [power - 1, power, power + 1]);
  for (
    const number of [...powers, 2 ** 53 - 1, 2 ** 53, 1_893_456_000_123, -1, 0.5, 1e300, NaN, Infinity, -0]
  ) {
    assert.equal(written((buffer) => buffer.jsonNumber(number)), JSON.stringify(number));
  }
});

Deno.test("writes texts in UTF-8, one after the other", () => {
  assert.equal(
    written((buffer) => ["a", "é電", "", "😀".repeat(2000)].forEach((text) => buffer.text(text))),
    `aé電${"😀".repeat(2000)}`,
  );
});

Deno.test("goes back, and writes into what it has", () => {
  const buffer = new ByteBuffer();
  buffer.text("abcdefghijkl");
  buffer.setUint32(0, 0x64636261);
  buffer.resize(4);
  buffer.text("!");
  assert.equal(new TextDecoder().decode(new Uint8Array(buffer.buffer, 0, buffer.size)), "abcd!");
});
