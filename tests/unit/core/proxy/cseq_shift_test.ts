/** Sequence numbers of a branch. */
import assert from "node:assert/strict";
import { CSeqShift } from "../../../../src/core/proxy/cseq_shift.ts";

Deno.test("CSeqShift: the ACK has the number of its INVITE, whatever was challenged since", () => {
  const shift = new CSeqShift(1);
  assert.equal(shift.numberOf("INVITE", 10), 11);
  shift.raise(10);
  assert.equal(shift.numberOf("INVITE", 10), 12);
  shift.raise(10);
  assert.equal(shift.numberOf("INFO", 11), 14);
  assert.equal(shift.numberOf("ACK", 10), 12);
  assert.equal(shift.ofInvite, 2);
  assert.equal(shift.numberOf("BYE", 12), 15);
});

Deno.test("CSeqShift: before any INVITE the ACK and PRACK refer to the annotated one", () => {
  const shift = new CSeqShift(4);
  assert.equal(shift.numberOf("ACK", 1), 5);
  shift.raise(2);
  assert.equal(shift.ofInvite, 4);
  assert.equal(shift.current, 5);
});

Deno.test("CSeqShift: what is sent again gets a number above those that went out meanwhile", () => {
  const shift = new CSeqShift(0);
  assert.equal(shift.numberOf("INFO", 5), 5);
  assert.equal(shift.numberOf("INFO", 6), 6);
  shift.raise(5);
  assert.equal(shift.numberOf("INFO", 5), 7);
  shift.raise(6);
  assert.equal(shift.numberOf("INFO", 6), 9);
  assert.equal(shift.numberOf("BYE", 7), 10);
});

Deno.test("§8.1.1.5: a caller that begins near 2³¹ gets lower numbers, which annotations tell", () => {
  const high = 2 ** 31 - 1;
  assert.equal(CSeqShift.from(high - 2 ** 16).current, 0);
  const shift = CSeqShift.from(high);
  assert.equal(shift.numberOf("INVITE", high), 2 ** 30 - 1);
  shift.raise(high);
  assert.equal(shift.hasNumberFor("INVITE", high), true);
  assert.equal(shift.numberOf("INVITE", high), 2 ** 30);
  const opened = new CSeqShift(shift.current);
  assert.equal(opened.numberOf("ACK", high), 2 ** 30);
  assert.equal(opened.hasNumberFor("BYE", 5), false);
});

Deno.test("§8.1.1.5: numbers end at 2³¹ on a branch, too", () => {
  const shift = new CSeqShift(1);
  assert.equal(shift.hasNumberFor("BYE", 2 ** 31 - 2), true);
  assert.equal(shift.hasNumberFor("BYE", 2 ** 31 - 1), false);
  shift.raise(7);
  assert.equal(shift.hasNumberFor("ACK", 2 ** 31 - 2), true);
});
