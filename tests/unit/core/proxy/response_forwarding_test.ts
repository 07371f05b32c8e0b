/** §16.7 step 3: the Vias of a response are those of the request, or are made so. */
import assert from "node:assert/strict";
import { upstreamText } from "../../../../src/core/proxy/response_forwarding.ts";
import { headers } from "../../../support/sip_text.ts";
import { response } from "../requests.ts";

const SENT = "Via: SIP/2.0/UDP b;branch=2;received=192.0.2.1\r\nv: SIP/2.0/TCP c,\r\n SIP/2.0/UDP d;x=1\r\n";
const B = "SIP/2.0/UDP b;branch=2;received=192.0.2.1";

/** The Via lines of a response, and whether they go upstream as they came. */
const RESPONSES: readonly (readonly [lines: readonly string[], isKept: boolean])[] = [
  [["Via: SIP/2.0/UDP a", `Via: ${B}`, "Via: SIP/2.0/TCP c", "Via: SIP/2.0/UDP d;x=1"], true],
  [[`Via: SIP/2.0/UDP a,${B} , SIP/2.0/TCP c,SIP/2.0/UDP d;x=1`], true],
  [
    ["Via: SIP/2.0/UDP a", "Record-Route: <sip:x>", `Via: ${B}, SIP/2.0/TCP c`, "v:SIP/2.0/UDP d ; x=1"],
    true,
  ],
  [["Via: SIP/2.0/UDP a", `Via: ${B},,SIP/2.0/TCP c`, "Via: SIP/2.0/UDP d;x=1"], true],
  [["Via: SIP/2.0/UDP a", `Via: ${B}`, "Via: SIP/2.0/TCP c", "Via: SIP/2.0/UDP d;x=2"], false],
  [["Via: SIP/2.0/UDP a", `Via: ${B}`, "Via: SIP/2.0/TCP c"], false],
  [[`Via: SIP/2.0/UDP a,${B}`, "Via: SIP/2.0/TCP c", "Via: SIP/2.0/UDP d;x=1,SIP/2.0/UDP e"], false],
  [
    ["Via: SIP/2.0/UDP a", `Via: ${B}`, "Via: SIP/2.0/TCP c", "Via: SIP/2.0/UDP d;x=1", "Via: SIP/2.0/UDP e"],
    false,
  ],
  [["Via: SIP/2.0/UDP a", `Via: ${B};y="1"`, "Via: SIP/2.0/TCP c", "Via: SIP/2.0/UDP d;x=1"], false],
];

for (const [lines, isKept] of RESPONSES) {
  Deno.test(`upstreamText(): ${lines.join(" | ")} ${isKept ? "is" : "is not"} what was sent`, () => {
    const came = response(`SIP/2.0 200 OK\n${lines.join("\n")}`);
    const text = upstreamText(came, SENT) ?? "";
    if (isKept) assert.equal(text, upstreamText(came));
    else {assert.ok(
        text.includes(SENT) && headers(text, "Via").length + headers(text, "v").length === 2,
        text,
      );}
  });
}

Deno.test("upstreamText(): quotes that enclose commas do not hide that Vias are the same", () => {
  const came = response('SIP/2.0 200 OK\nVia: SIP/2.0/UDP a\nVia: SIP/2.0/UDP b;x="1, 2",SIP/2.0/UDP c');
  const sent = 'Via: SIP/2.0/UDP b;x="1,2"\r\nVia: SIP/2.0/UDP c\r\n';
  assert.equal(upstreamText(came, sent), upstreamText(came));
});
