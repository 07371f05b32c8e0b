/** Sequence numbers of a leg, and responses as the caller gets them. */
import assert from "node:assert/strict";
import { CSeqShift, type Leg, restoration } from "../../../src/core/proxy/leg.ts";
import { request } from "./requests.ts";

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
  assert.equal(shift.use("INVITE"), 1);
  shift.raise();
  assert.equal(shift.use("INVITE"), 2);
  shift.raise();
  assert.equal(shift.use("INFO"), 3);
  assert.equal(shift.use("ACK"), 2);
  assert.equal(shift.ofInvite, 2);
  assert.equal(shift.use("BYE"), 3);
});

Deno.test("CSeqShift: before any INVITE the ACK and PRACK refer to the one that was sealed", () => {
  const raised: number[] = [];
  const shift = new CSeqShift(4, (which) => raised.push(which.current));
  assert.equal(shift.use("ACK"), 4);
  shift.raise();
  assert.equal(shift.ofInvite, 4);
  assert.deepEqual(raised, [5]);
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
