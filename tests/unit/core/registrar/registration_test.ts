/** Reading of a REGISTER (§10.3 steps 6 and 7). */
import assert from "node:assert/strict";
import { readRegistration } from "../../../../src/core/registrar/registration.ts";
import { request } from "../requests.ts";

const LIMITS = { minExpires: 60, maxExpires: 7200, defaultExpires: 3600 };

function read(lines: string) {
  return readRegistration(request(`REGISTER sip:sip.local SIP/2.0\n${lines}`.trimEnd()), LIMITS);
}

/** URI, seconds, q, instance and reg-id of every contact, or the status of the refusal. */
function summary(lines: string): string[] {
  const registration = read(lines);
  if ("status" in registration) return [String(registration.status)];
  if (registration.kind === "removeAll") return ["remove all"];
  return registration.contacts.map(({ uri, expires, q, instance, regId }) =>
    [uri.text, expires, q, instance, regId].join(" ").trimEnd()
  );
}

const CASES: readonly (readonly [lines: string, summary: readonly string[]])[] = [
  ["", []],
  ["Expires: 0", []],
  ["Contact: <sip:a@x>", ["sip:a@x 3600 1000  0"]],
  ["Contact: sip:a@x;expires=100;q=0.25", ["sip:a@x 100 250  0"]],
  ["m: <sip:a@x;ob>;q=0.5 , <sip:b@x>\nExpires: 90", ["sip:a@x;ob 90 500  0", "sip:b@x 90 1000  0"]],
  ["Contact: <sip:a@x>;expires=99999999999", ["sip:a@x 3600 1000  0"]],
  ["Contact: <sip:a@x>;expires=4294967295", ["sip:a@x 7200 1000  0"]],
  ["Contact: <sip:a@x>;EXPIRES=0", ["sip:a@x 0 1000  0"]],
  ["Contact: <sip:a@x>;expires=59", ["423"]],
  ["Contact: <sip:a@x>;expires=60", ["sip:a@x 60 1000  0"]],
  ['Contact: <sip:a@x>;+sip.instance="<urn:uuid:1>";reg-id=7', ["sip:a@x 3600 1000 <urn:uuid:1> 7"]],
  ...["x", "0", "-1", "", "1.0", "2147483648", "0x1"].map((regId) =>
    [`Contact: <sip:a@x>;reg-id=${regId}`, ["400"]] as const
  ),
  ["Contact: <sip:a@x>;reg-id", ["400"]],
  ["Contact: <sip:a@x>;reg-id=2147483647", ["sip:a@x 3600 1000  2147483647"]],
  ["Contact: <sip:a@x>;expires=60;Expires=0", ["400"]],
  ["Contact: <sip:a@x>;q=1;expires=60;q=0", ["400"]],
  ['Contact: <sip:a@x>;+sip.instance="<urn:uuid:1>";+SIP.Instance="<urn:uuid:2>"', ["400"]],
  ["Contact: <sip:a@x>;q", ["400"]],
  ["Contact: <sip:a@x>;q=0.5.5", ["400"]],
  ["Contact: <sip:a@x>;q=0.0004", ["400"]],
  ["Contact: <sip:a@x>;q=.5", ["400"]],
  ["Contact: <sip:a@x>;q=0", ["sip:a@x 3600 0  0"]],
  ["Contact: <sip:a@x>;q=1.1", ["400"]],
  ["Contact: <sip:a@x>;q=abc", ["400"]],
  ["Contact: <mailto:a@x>", ["400"]],
  ["Contact: <sip:a@x>, ", ["400"]],
  ["Contact: *\nExpires: 0", ["remove all"]],
  ["Contact: *", ["400"]],
  ["Contact: *, <sip:a@x>\nExpires: 0", ["400"]],
];

for (const [lines, expected] of CASES) {
  Deno.test(`readRegistration() of ${JSON.stringify(lines)}`, () =>
    assert.deepEqual(summary(lines), expected));
}

Deno.test("readRegistration(): the refusal of a short lifetime says what is enough", () => {
  const refusal = read("Contact: <sip:a@x>;expires=1");
  assert.ok("status" in refusal);
  assert.equal(refusal.headers, "Min-Expires: 60\r\n");
});

Deno.test("readRegistration(): more than 64 contacts are refused", () => {
  const contacts = (count: number) => Array.from({ length: count }, (_, i) => `<sip:${i}@x>`);
  assert.equal(summary(`Contact: ${contacts(64).join(", ")}`).length, 64);
  assert.deepEqual(summary(`Contact: ${contacts(65).join(", ")}`), ["403"]);
  assert.deepEqual(summary(contacts(65).map((contact) => `Contact: ${contact}`).join("\n")), ["403"]);
});
