/** Sequence numbers of a leg, and responses as the caller gets them. */
import assert from "node:assert/strict";
import { CSeqShift, type Leg, restoration } from "../../../../src/core/proxy/leg.ts";
import { request } from "../requests.ts";

const LEG: Leg = {
  from: "<sip:1001@gw.example>;tag=a",
  removed: [],
  added: "",
  shift: new CSeqShift(0),
  note: "",
  challenged: undefined,
};

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

Deno.test("CSeqShift: before any INVITE the ACK and PRACK refer to the one that was sealed", () => {
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

Deno.test("§8.1.1.5: a caller that begins near 2³¹ gets lower numbers, which an entry tells", () => {
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

Deno.test("§8.1.1.5: numbers end at 2³¹ on a leg, too", () => {
  const shift = new CSeqShift(1);
  assert.equal(shift.hasNumberFor("BYE", 2 ** 31 - 2), true);
  assert.equal(shift.hasNumberFor("BYE", 2 ** 31 - 1), false);
  shift.raise(7);
  assert.equal(shift.hasNumberFor("ACK", 2 ** 31 - 2), true);
});

Deno.test("restoration(): the response has From and CSeq as the caller sent them, and all else as it came", () => {
  const sent = request(`
    INVITE sip:1@sip.local SIP/2.0
    From: "Jo" <sip:1001@sip.local>;tag=a
    CSeq: 7 INVITE
  `);
  const restore = restoration(sent, LEG)!;
  const response = (from: string, cseq: string) =>
    `SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP x;branch=1\r\nCSeq: ${cseq}\r\nTo: <sip:1@x>;tag=b\r\n` +
    `FROM: ${from}\r\nX-Other: From: CSeq: 8\r\nContent-Length: 4\r\n\r\nbody`;
  assert.equal(
    restore(response("<sip:1001@gw.example>;tag=a", "8 INVITE")),
    response('"Jo" <sip:1001@sip.local>;tag=a', "7 INVITE"),
  );
});

Deno.test("restoration(): nothing is done for a leg that changes neither", () => {
  const sent = request("INVITE sip:1@sip.local SIP/2.0");
  assert.equal(restoration(sent, { ...LEG, from: undefined, shift: undefined }), undefined);
});
