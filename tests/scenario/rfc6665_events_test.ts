/** RFC 6665, RFC 3903: what asks a server for events does not ring at phones. */
import assert from "node:assert/strict";
import { logged } from "../support/log_lines.ts";
import { peer } from "../support/resources.ts";
import { ladder } from "../support/scenario.ts";
import { header, startLine } from "../support/sip_text.ts";

for (
  const [what, request] of [
    ["PUBLISH of one's own presence", "PUBLISH sip:alice@sip.local SIP/2.0\nEvent: presence"],
    ["PUBLISH at the address of this server", "PUBLISH sip:alice@192.0.2.1 SIP/2.0\nEvent: presence"],
    ["PUBLISH of one's own calls", "PUBLISH sip:alice@sip.local SIP/2.0\nEvent: dialog;x=y"],
    ["PUBLISH without Event", "PUBLISH sip:alice@sip.local SIP/2.0"],
    ["SUBSCRIBE for one's own presence", "SUBSCRIBE sip:alice@sip.local SIP/2.0\nEvent: presence"],
    ["SUBSCRIBE for who watches", "SUBSCRIBE sip:alice@sip.local SIP/2.0\nEvent: presence.winfo"],
    ["SUBSCRIBE for one's own messages", "SUBSCRIBE sip:alice@sip.local SIP/2.0\no: message-summary"],
    ["SUBSCRIBE with parameters", "SUBSCRIBE sip:alice@sip.local SIP/2.0\nEvent: Message-Summary ;a=b"],
    ["SUBSCRIBE for one's registrations", "SUBSCRIBE sip:alice@sip.local SIP/2.0\nEvent: reg"],
    ["SUBSCRIBE without Event", "SUBSCRIBE sip:alice@sip.local SIP/2.0"],
  ]
) {
  Deno.test(
    `RFC 6665 §4.1.3: ${what} is answered 489 with Allow-Events, and not forwarded`,
    ladder((net) => {
      const alice = net.registered("alice");
      net.registered("alice", { address: "192.0.2.31" });
      net.registered("bob");
      alice.sendAuthenticated(request);
      const answer = alice.expect("489");
      assert.equal(startLine(answer), "SIP/2.0 489 Bad Event");
      assert.equal(header(answer, "Allow-Events"), "dialog, presence");
    }),
  );
}

Deno.test(
  "RFC 6665 §4.1.3: a phone that asks for its messages again and again fills no log",
  ladder(async (net) => {
    const alice = net.registered("alice");
    const lines = await logged("info", () => {
      for (let i = 0; i < 100; i++) {
        alice.sendAuthenticated("SUBSCRIBE sip:alice@sip.local SIP/2.0\nEvent: message-summary");
        alice.expect("489");
      }
    });
    assert.equal(lines.length, 30);
    assert.match(lines[0], /Refused SUBSCRIBE of .*: 489 Bad Event \(nothing here serves message-summary\)$/);
  }),
);

Deno.test(
  "RFC 6665: what phones serve themselves reaches them: what is of another, and calls of one's own devices",
  ladder((net) => {
    const alice = net.registered("alice");
    const desk = net.registered("alice", { address: "192.0.2.31" });
    const bob = net.registered("bob");
    for (const event of ["presence", "dialog", "message-summary"]) {
      alice.sendAuthenticated(`SUBSCRIBE sip:bob@sip.local SIP/2.0\nEvent: ${event}`);
      bob.answer(bob.expect("SUBSCRIBE"), "200 OK");
      alice.expect("200");
    }
    alice.sendAuthenticated("SUBSCRIBE sip:alice@sip.local SIP/2.0\nEvent: dialog");
    desk.answer(desk.expect("SUBSCRIBE"), "200 OK");
    alice.takeAll();
  }),
);

Deno.test(
  "RFC 3903: a peer that serves events is asked under its own name",
  ladder({ resources: [peer("events", { device: "eventserver" })] }, (net) => {
    const alice = net.registered("alice");
    const server = net.registered("events", {
      address: "192.0.2.20",
      domain: "eventserver",
      registrar: "192.0.2.1",
    });
    for (const method of ["PUBLISH", "SUBSCRIBE"]) {
      alice.sendAuthenticated(`${method} sip:events@eventserver SIP/2.0\nEvent: message-summary`);
      server.answer(server.expect(method), "200 OK");
      alice.expect("200");
    }
  }),
);

Deno.test(
  "RFC 3903: what a peer publishes for an agent does not ring at the agent",
  ladder({ peers: ["ast"] }, (net) => {
    net.registered("alice");
    const ast = net.registered("ast", { address: "192.0.2.20", domain: "192.0.2.1" });
    ast.sendAuthenticated(
      "PUBLISH sip:alice@sip.local SIP/2.0\nFrom: <sip:alice@sip.local>;tag=1\nEvent: presence",
    );
    ast.expect("489");
  }),
);
