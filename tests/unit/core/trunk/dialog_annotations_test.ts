/** Annotations of flow tokens. */
import assert from "node:assert/strict";
import {
  type DialogAnnotations,
  formatAnnotations,
  parseAnnotations,
} from "../../../../src/core/trunk/dialog_annotations.ts";
import { SipUri } from "../../../../src/message/sip_uri.ts";

const NOTES: readonly [text: string, note: DialogAnnotations][] = [
  ["", { isUnnamed: false, gateway: undefined }],
  ["p", { isUnnamed: true, gateway: undefined }],
  ["e0-GW0001", { isUnnamed: false, gateway: { side: "callee", shift: 0, ref: "GW0001" } }],
  ["pr1a-gw50a1a4ca", { isUnnamed: true, gateway: { side: "caller", shift: 46, ref: "gw50a1a4ca" } }],
  ["e2-a%2Eb-c%40%20%C3%B6", { isUnnamed: false, gateway: { side: "callee", shift: 2, ref: "a.b-c@ ö" } }],
];

for (const [text, note] of NOTES) {
  Deno.test(`"${text}" is written, read again, and may stand in a user part as it is`, () => {
    assert.equal(formatAnnotations(note), text);
    assert.deepEqual(parseAnnotations(text), note);
    assert.equal(SipUri.parse(`sip:x${text}@192.0.2.1`)?.user, `x${text}`);
    assert.equal(text.includes("."), false, "a dot ends the note");
  });
}
