/** §16.6 as functions: the template of a request, and what each branch makes of it. */
import assert from "node:assert/strict";
import { BranchRequest } from "../../../../src/core/proxy/branch_request.ts";
import { RequestTemplate } from "../../../../src/core/proxy/request_template.ts";
import { withoutTopVia } from "../../../../src/core/proxy/response_forwarding.ts";
import { wholeText } from "../../../../src/transaction/transaction_user.ts";
import type { SipRequest } from "../../../../src/message/sip_message.ts";
import { MemoryTransport } from "../../../support/memory_transport.ts";
import { headers, sip } from "../../../support/sip_text.ts";
import { request, response } from "../requests.ts";

interface CopyOptions {
  readonly routes?: readonly string[];
  readonly isTrusted?: boolean;
}

const FLOW = new MemoryTransport("udp", "192.0.2.1", 5060).flowTo("192.0.2.12", 5060);

function copy(original: SipRequest, { routes = [], isTrusted = false }: CopyOptions = {}): string {
  const template = new RequestTemplate(original, {
    flow: FLOW,
    digest: "d",
    routes: [],
    breadth: 60,
    isInDialog: false,
    isCallerTrusted: isTrusted,
    credentialsRow: -1,
    ownsRealm: (realm) => realm === "sip.local",
  });
  const request = new BranchRequest(template, { requestUri: "sip:bob@192.0.2.12", routes, breadth: 7 });
  const sent = request.outgoing({ flow: FLOW, sentBy: "192.0.2.1:5060", recordRoute: "" });
  return wholeText(sent).replace(sent.branch, "z9hG4bKours");
}

Deno.test("a copy is the request with our lines on top", () => {
  const original = request(`
    MESSAGE sip:bob@sip.local SIP/2.0
    Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK1
    From: <sip:alice@sip.local>;tag=a
    To: <sip:bob@sip.local>
    Call-ID: call
    CSeq: 1 MESSAGE
    Max-Forwards: 10
    Max-Breadth: 99
    Route: <sip:gone.example;lr>
    Content-Length: 2

    hi
  `);
  assert.equal(
    copy(original, { routes: ["<sip:a.example;lr>", "<sip:b.example;lr>"] }),
    sip(`
      MESSAGE sip:bob@192.0.2.12 SIP/2.0
      Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours;rport
      Route: <sip:a.example;lr>
      Route: <sip:b.example;lr>
      Max-Breadth: 7
      Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK1
      From: <sip:alice@sip.local>;tag=a
      To: <sip:bob@sip.local>
      Call-ID: call
      CSeq: 1 MESSAGE
      Max-Forwards: 9
      Content-Length: 2

      hi
    `),
  );
});

Deno.test("headers that are taken off may be anywhere, the first and the last included", () => {
  const original = request(`
    MESSAGE sip:bob@sip.local SIP/2.0
    Route: <sip:first.example;lr>
    Proxy-Authorization: Digest realm="sip.local"
    Subject: kept
    Proxy-Authorization: Digest realm="other"
    Proxy-Authorization: Digest realm="sip.local", nonce="1"
    Route: <sip:last.example;lr>
  `);
  const text = copy(original);
  assert.deepEqual(headers(text, "Route"), []);
  assert.deepEqual(headers(text, "Proxy-Authorization"), ['Digest realm="other"']);
  assert.deepEqual(headers(text, "Subject"), ["kept"]);
  assert.deepEqual(headers(text, "Max-Forwards"), ["70"]);
  assert.deepEqual(headers(text, "Content-Length"), ["0"]);
});

Deno.test("credentials that name no realm go no further: they may be for us, damaged", () => {
  const damaged = [
    'Digest Arealm="sip.local", nonce="1", response="2"',
    'Digest realm="", response="2"',
    "Digest x",
  ];
  for (const value of damaged) {
    const original = request(`MESSAGE sip:bob@sip.local SIP/2.0\nProxy-Authorization: ${value}`);
    assert.deepEqual(headers(copy(original), "Proxy-Authorization"), [], value);
  }
});

Deno.test("RFC 3325 §5: only who is trusted may assert identities", () => {
  const original = request(
    "MESSAGE sip:bob@sip.local SIP/2.0\nP-Asserted-Identity: <sip:a@x>\nP-Asserted-Identity: <tel:1>",
  );
  assert.equal(headers(copy(original, { isTrusted: true }), "P-Asserted-Identity").length, 2);
  assert.equal(headers(copy(original), "P-Asserted-Identity").length, 0);
});

Deno.test("the Via that was stamped on arrival takes the place of the one that came", () => {
  const original = request(`
    MESSAGE sip:bob@sip.local SIP/2.0
    Via: SIP/2.0/UDP 10.0.0.7;rport;branch=z9hG4bK1 , SIP/2.0/TCP x.example
  `);
  original.stampTopVia("192.0.2.11", 40000);
  const [, theirs] = headers(copy(original), "Via");
  assert.match(
    theirs,
    /^SIP\/2\.0\/UDP 10\.0\.0\.7;rport=40000;branch=z9hG4bK1;received=192\.0\.2\.11 ?, SIP\/2\.0\/TCP x\.example$/,
  );
});

Deno.test("§16.6 step 6: a first Route without lr becomes the Request-URI, and that the last Route", () => {
  const text = copy(request("MESSAGE sip:bob@sip.local SIP/2.0"), {
    routes: [
      "<sip:strict.example>",
      "<sip:b.example;lr>",
    ],
  });
  assert.ok(text.startsWith("MESSAGE sip:strict.example SIP/2.0\r\n"));
  assert.deepEqual(headers(text, "Route"), ["<sip:b.example;lr>", "<sip:bob@192.0.2.12>"]);
});

const VIAS: readonly (readonly [lines: readonly string[], left: readonly string[] | undefined])[] = [
  [["A;branch=1"], undefined],
  [["A;branch=1", "B;branch=2"], ["B;branch=2"]],
  [["A;branch=1, B;branch=2"], ["B;branch=2"]],
  [["A;branch=1 ,  B;branch=2,C", "D"], ["B;branch=2,SIP/2.0/UDP C", "D"]],
];

for (const [lines, left] of VIAS) {
  Deno.test(`withoutTopVia(): of ${lines.join(" | ")} is left ${left?.join(" | ") ?? "nothing"}`, () => {
    const written = lines.map((line) => `Via: ${line.replace(/(^|, *)([A-D])/g, "$1SIP/2.0/UDP $2")}`).join(
      "\n",
    );
    const text = withoutTopVia(response(`SIP/2.0 200 OK\n${written}`));
    assert.deepEqual(
      text && headers(text, "Via"),
      left?.map((value) => `SIP/2.0/UDP ${value}`),
    );
  });
}
