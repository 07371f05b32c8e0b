import assert from "node:assert/strict";
import { shownUri } from "../../../src/core/shown_uri.ts";
import { SipUri } from "../../../src/message/sip_uri.ts";

const URIS: readonly (readonly [written: string, shown: string])[] = [
  ["sip:alice@sip.local", "sip:alice@sip.local"],
  ["sips:alice@sip.local", "sips:alice@sip.local"],
  ["sip:sip.local", "sip:sip.local"],
  ["sip:alice@sip.local:5070", "sip:alice@sip.local:5070"],
  ["SIP:alice@sip.local", "sip:alice@sip.local"],
  ["sip:alice@SIP.Local", "sip:alice@sip.local"],
  ["sip:alice:secret@sip.local", "sip:alice@sip.local"],
  ["sip:alice@sip.local;transport=tcp?subject=x", "sip:alice@sip.local"],
  ["sip:alice@[2001:DB8:0::1]", "sip:alice@[2001:db8::1]"],
  ["sip:alice@[2001:db8::1]", "sip:alice@[2001:db8::1]"],
];

for (const [written, shown] of URIS) {
  Deno.test(`shownUri(): ${written} is shown as ${shown}`, () => {
    assert.equal(shownUri({ uri: SipUri.parse(written), uriText: written }), shown);
  });
}

Deno.test("shownUri(): a long URI is cut", () => {
  const written = `sip:${"a".repeat(300)}@sip.local`;
  assert.equal(shownUri({ uri: SipUri.parse(written), uriText: written }), written.slice(0, 256));
});
