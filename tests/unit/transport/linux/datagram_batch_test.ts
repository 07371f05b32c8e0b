import assert from "node:assert/strict";
import { BATCH, DatagramBatch, SLOT, SOCKADDR } from "../../../../src/transport/linux/datagram_batch.ts";
import { formatSockaddr } from "../../../../src/runtime/native/socket_address.ts";

const SOCKADDR_7 = formatSockaddr("192.0.2.7", 5060, true)!;
const ALL_BYTES = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");

/** Fills a slot as recvmmsg does, with its length. */
function markReceived(batch: DatagramBatch, slot: number, length: number): void {
  new DataView(batch.headers.buffer).setUint32(slot * 64 + 56, length, true);
}

Deno.test("What is put into a slot is in it, byte by byte", () => {
  const batch = new DatagramBatch(SOCKADDR);
  for (
    const text of [
      "",
      "x",
      "OPTIONS sip:a SIP/2.0\r\n",
      ALL_BYTES,
      "\xff".repeat(SLOT - 1),
      "a".repeat(SLOT - 1),
    ]
  ) {
    for (const slot of [0, 1, BATCH - 1]) {
      assert.equal(batch.put(slot, text, SOCKADDR_7), true);
      markReceived(batch, slot, text.length);
      assert.equal(batch.text(slot), text);
    }
  }
});

Deno.test("Slots do not touch each other", () => {
  const batch = new DatagramBatch(SOCKADDR);
  const texts = Array.from({ length: BATCH }, (_, i) => String.fromCharCode(255 - i).repeat(SLOT - 1));
  texts.forEach((text, slot) => {
    batch.put(slot, text, formatSockaddr(`192.0.2.${slot}`, slot, true)!);
    markReceived(batch, slot, text.length);
  });
  texts.forEach((text, slot) => {
    assert.equal(batch.text(slot), text);
    assert.deepEqual(
      batch.addresses.subarray(slot * SOCKADDR, (slot + 1) * SOCKADDR),
      formatSockaddr(`192.0.2.${slot}`, slot, true),
    );
  });
});

Deno.test("A text that starts as ASCII and ends otherwise keeps its length", () => {
  const batch = new DatagramBatch(SOCKADDR);
  for (const length of [1, 2, 100, 65_507]) {
    const text = "a".repeat(length - 1) + "\xe9";
    batch.put(0, text, SOCKADDR_7);
    markReceived(batch, 0, length);
    assert.equal(batch.text(0), text);
  }
});

Deno.test("What is larger than a slot is refused", () => {
  assert.equal(new DatagramBatch(SOCKADDR).put(0, "x".repeat(SLOT), SOCKADDR_7), false);
});

Deno.test("headersFrom() begins at the slot that was not sent", () => {
  const batch = new DatagramBatch(SOCKADDR);
  markReceived(batch, 5, 4711);
  const rest = batch.headersFrom(5);
  assert.equal(rest.length, (BATCH - 5) * 64);
  assert.equal(new DataView(rest.buffer, rest.byteOffset).getUint32(56, true), 4711);
});
