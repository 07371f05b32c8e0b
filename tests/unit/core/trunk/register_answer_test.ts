import assert from "node:assert/strict";
import {
  grantedSeconds,
  minimumSeconds,
  redirectTargets,
  retryAfterSeconds,
  seenAddress,
} from "../../../../src/core/trunk/register_answer.ts";
import { response } from "../requests.ts";

const OURS = "sip:trunk@192.0.2.1:5060";

function ok(...lines: string[]) {
  return response(["SIP/2.0 200 OK", ...lines].join("\n"));
}

/** Returns the seconds granted for a request of an hour. */
function granted(...lines: string[]): number {
  return grantedSeconds(ok(...lines), OURS, 3600);
}

Deno.test("§10.2.4: the lifetime is that of our own Contact among all that are bound", () => {
  assert.equal(
    granted(
      "Contact: <sip:trunk@192.0.2.9:5060>;expires=1, <sip:other@192.0.2.1:5060>;expires=2",
      `Contact: "us" <sip:trunk@192.0.2.1;ob>;q=0.5;expires=600, <sip:trunk@192.0.2.1:5070>;expires=3`,
      "Expires: 4",
    ),
    600,
  );
});

Deno.test("§10.2.4: a single Contact is ours, whatever address or user the registrar has written into it", () => {
  for (
    const uri of [
      "<sip:trunk@203.0.113.9:40000>",
      "<sip:trunk@203.0.113.9:40000;transport=udp;line=abc>",
      "sip:trunk@203.0.113.9",
      "<sip:17066041487@192.0.2.1>",
      "<sip:192.0.2.1:5060>",
      "<sips:trunk@192.0.2.1>",
      "<tel:+17066041487>",
    ]
  ) {
    assert.equal(granted(`Contact: ${uri};expires=20`, "Expires: 300"), 20, uri);
    assert.equal(granted(`m: ${uri};q=1;EXPIRES = "20"`), 20, uri);
    assert.equal(granted(`Contact: ${uri}`, "Expires: 300"), 300, uri);
  }
});

Deno.test("§10.2.4: of several Contacts those with our user are ours, and the one that ends first counts", () => {
  const corrected = "<sip:trunk@203.0.113.9:40000>;expires=40, <sip:trunk@203.0.113.9:40001>;expires=50";
  assert.equal(granted(`Contact: <sip:other@192.0.2.1>;expires=10, ${corrected}`), 40);
  assert.equal(granted("Contact: <sip:trunk@203.0.113.8>;expires=0, <sip:trunk@203.0.113.9>;expires=70"), 70);
  assert.equal(granted("Contact: <sip:a@192.0.2.8>;expires=80, <sip:b@192.0.2.9>;expires=90"), 80);
  assert.equal(granted("Contact: <sip:a@192.0.2.8>, <sip:b@192.0.2.9>;expires=90", "Expires: 30"), 30);
});

Deno.test("§10.2.4: without it Expires counts, and without that what was asked for", () => {
  assert.equal(granted("Expires: 300"), 300);
  assert.equal(granted(`Contact: <${OURS}>;expires=soon`), 3600);
  assert.equal(granted(`Contact: <${OURS}>;expires=-1`, "Expires: -1"), 3600);
  assert.equal(granted(`Contact: <${OURS}>;expires=99999999999`), 3600);
  assert.equal(granted(), 3600);
  assert.equal(granted("Contact: <<<"), 3600);
});

Deno.test("§10.2.4: nothing is bound where the registrar says that all has ended", () => {
  assert.equal(granted(`Contact: <${OURS}>;expires=0`), 0);
  assert.equal(granted("Contact: <sip:trunk@203.0.113.9:40000>;expires=0", "Expires: 3600"), 0);
  assert.equal(granted("Contact: <sip:trunk@192.0.2.8>;expires=0, <sip:trunk@192.0.2.9>;expires=0"), 0);
  assert.equal(granted("Expires: 0"), 0);
});

Deno.test("A lifetime that nobody asked for is relied upon for a day", () => {
  assert.equal(granted(`Contact: <${OURS}>;expires=7200`), 7200);
  assert.equal(granted(`Contact: <${OURS}>;expires=4294967295`), 86_400);
  assert.equal(grantedSeconds(ok("Expires: 4294967295"), OURS, 604_800), 604_800);
});

Deno.test("By TLS a Contact without port has TLS's own", () => {
  const answer = ok("Contact: <sip:trunk@192.0.2.1;transport=tls>;expires=60");
  assert.equal(grantedSeconds(answer, "sip:trunk@192.0.2.1:5061;transport=tls", 3600), 60);
});

Deno.test("Min-Expires and Retry-After are read as numbers or not at all", () => {
  assert.equal(minimumSeconds(ok("Min-Expires: 7200")), 7200);
  assert.equal(minimumSeconds(ok("Min-Expires: many")), undefined);
  assert.equal(minimumSeconds(ok()), undefined);
  assert.equal(retryAfterSeconds(ok("Retry-After: 120 (maintenance);duration=3600")), 120);
  assert.equal(retryAfterSeconds(ok("Retry-After: later")), undefined);
  assert.equal(retryAfterSeconds(ok()), undefined);
});

Deno.test("RFC 3581: the top Via tells how we are seen", () => {
  const seen = (parameters: string) =>
    seenAddress(ok(`Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1${parameters}`), "192.0.2.1:5060");
  assert.equal(seen(""), undefined);
  assert.equal(seen(";rport"), undefined);
  assert.equal(seen(";received=192.0.2.1;rport=5060"), "192.0.2.1:5060");
  assert.equal(seen(";rport=5060"), "192.0.2.1:5060");
  assert.equal(seen(";received=203.0.113.7;rport=40123"), "203.0.113.7:40123");
  assert.equal(seen(";received=203.0.113.7"), "203.0.113.7:5060");
  assert.equal(seen(";received=2001:DB8::7;rport=9"), "[2001:db8::7]:9");
  assert.equal(seen(";received=evil.example;rport=9"), undefined);
  assert.equal(seen(";received=203.0.113.7;rport=0"), undefined);
});

Deno.test("One address in two spellings is no other address", () => {
  const answer = ok("Via: SIP/2.0/UDP [2001:db8:0::1]:5060;branch=z9hG4bK1;received=2001:db8::1;rport=5060");
  assert.equal(seenAddress(answer, "[2001:db8:0::1]:5060"), "[2001:db8:0::1]:5060");
});

Deno.test("§8.1.3.4: a redirect leads to its SIP Contacts, best first, without their users", () => {
  const moved = ok(
    "Contact: <tel:+1>, <sip:trunk@b.example:5070;transport=tcp?x=y>;q=0.2, <sip:[2001:db8::1]>;q=0.7",
    "Contact: <sips:trunk@c.example>;q=0.5, <sip:d.example;transport=carrier-pigeon>",
  );
  assert.deepEqual(redirectTargets(moved, "udp"), [
    {
      requestUri: "sip:[2001:db8::1]",
      hop: { host: "[2001:db8::1]", port: undefined, protocol: "udp", isSecure: false },
    },
    {
      requestUri: "sips:c.example",
      hop: { host: "c.example", port: undefined, protocol: undefined, isSecure: true },
    },
    {
      requestUri: "sip:b.example:5070;transport=tcp",
      hop: { host: "b.example", port: 5070, protocol: "tcp", isSecure: false },
    },
  ]);
});

Deno.test("A redirect does not lead out of TLS", () => {
  const uris = (contacts: string, protocol: "tls" | "wss") =>
    redirectTargets(ok(`Contact: ${contacts}`), protocol).map(({ requestUri, hop }) =>
      `${requestUri} by ${hop.protocol}`
    );
  assert.deepEqual(uris("<sip:b.example;transport=udp>, <sip:b.example;transport=tcp>", "tls"), []);
  assert.deepEqual(uris("<sip:b.example>, <sip:c.example;transport=tls>", "tls"), [
    "sip:b.example by tls",
    "sip:c.example;transport=tls by tls",
  ]);
  assert.deepEqual(uris("<sip:b.example;transport=ws>, <sip:c.example;transport=tcp>", "wss"), [
    "sip:b.example;transport=ws by wss",
  ]);
});
