/** §16.7: which responses go upstream, when, and what is taken off them. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import {
  ackTo,
  bodyOf,
  branchOf,
  hasHeader,
  header,
  headers,
  responseTo,
  tagOf,
} from "../support/sip_text.ts";

Deno.test(
  "§16.7 step 3: a response goes upstream without our Via, and otherwise as it came",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local", "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKalice");
    const lines = `
      Contact: <sip:bob@192.0.2.12>
      X-Unknown:  kept
      Content-Type: text/plain

      body
    `;
    bob.answer(bob.expect("INVITE"), "200 Fine By Me", { lines });
    const ok = alice.expect("200 Fine By Me");
    assert.deepEqual(headers(ok, "Via"), headers(invite, "Via"));
    assert.equal(header(ok, "X-Unknown"), "kept");
    assert.equal(bodyOf(ok), "body");
    assert.equal(tagOf(header(ok, "To")), "tag-at-192.0.2.12");
  }),
);

Deno.test(
  "§16.7 step 3: our Via is taken out of a line that holds several",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local", "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKalice");
    const atBob = bob.expect("INVITE");
    const [ours, theirs] = headers(atBob, "Via");
    bob.sendAsIs(
      responseTo(atBob, "180 Ringing").replace(`${ours}\r\nVia: ${theirs}`, `${ours} , ${theirs}`),
    );
    assert.deepEqual(headers(alice.expect("180"), "Via"), headers(invite, "Via"));
  }),
);

Deno.test(
  "§16.7 step 5: every provisional response but 100 goes upstream at once",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    bob.answer(atBob, "100 Trying");
    alice.expectNothing();
    for (
      const status of [
        "180 Ringing",
        "181 Forwarded",
        "182 Queued",
        "183 Progress",
        "199 Early",
        "180 Ringing",
      ]
    ) {
      bob.answer(atBob, status);
      alice.expect(status);
    }
  }),
);

Deno.test(
  "§16.7 step 5: the first 2xx goes upstream at once, and the other branches are cancelled",
  ladder((net) => {
    const alice = net.phone("alice");
    const [desk, mobile, silent] = [31, 32, 33].map((host) =>
      net.registered("bob", { address: `192.0.2.${host}` })
    );
    alice.invite("sip:bob@sip.local");
    const [atDesk, atMobile, atSilent] = [desk, mobile, silent].map((device) => device.expect("INVITE"));
    desk.answer(atDesk, "180 Ringing");
    mobile.answer(atMobile, "180 Ringing");
    alice.expect("180");
    alice.expect("180");
    mobile.accept(atMobile);
    alice.expect("200");
    const cancel = desk.expect("CANCEL");
    assert.equal(branchOf(cancel), branchOf(atDesk));
    desk.answer(cancel, "200 OK");
    desk.answer(atDesk, "487 Request Terminated");
    desk.expect("ACK");
    mobile.expectNothing();
    // One that has not said a word cannot be cancelled yet (§9.1).
    silent.expectNothing();
    silent.answer(atSilent, "180 Ringing");
    silent.answer(silent.expect("CANCEL"), "200 OK");
    alice.expectNothing();
  }),
);

Deno.test(
  "§16.7 step 5: a later 2xx of another branch goes upstream, too",
  ladder((net) => {
    const alice = net.phone("alice");
    const [desk, mobile] = [31, 32].map((host) => net.registered("bob", { address: `192.0.2.${host}` }));
    alice.invite("sip:bob@sip.local");
    const [atDesk, atMobile] = [desk.expect("INVITE"), mobile.expect("INVITE")];
    mobile.accept(atMobile);
    desk.accept(atDesk);
    const tags = [alice.expect("200"), alice.expect("200")].map((ok) => tagOf(header(ok, "To")));
    assert.deepEqual(tags, ["tag-at-192.0.2.32", "tag-at-192.0.2.31"]);
  }),
);

Deno.test(
  "§16.7 step 5: a non-2xx after the 2xx is acknowledged and goes no further",
  ladder((net) => {
    const alice = net.phone("alice");
    const [desk, mobile] = [31, 32].map((host) => net.registered("bob", { address: `192.0.2.${host}` }));
    alice.invite("sip:bob@sip.local");
    const [atDesk, atMobile] = [desk.expect("INVITE"), mobile.expect("INVITE")];
    mobile.accept(atMobile);
    alice.expect("200");
    desk.answer(atDesk, "180 Ringing");
    desk.expect("CANCEL");
    desk.answer(atDesk, "600 Busy Everywhere");
    desk.expect("ACK");
    alice.expectNothing();
  }),
);

Deno.test(
  "§16.7 step 5: a 6xx cancels the other branches, and goes upstream when they have ended",
  ladder((net) => {
    const alice = net.phone("alice");
    const [desk, mobile] = [31, 32].map((host) => net.registered("bob", { address: `192.0.2.${host}` }));
    const invite = alice.invite("sip:bob@sip.local");
    const [atDesk, atMobile] = [desk.expect("INVITE"), mobile.expect("INVITE")];
    desk.answer(atDesk, "180 Ringing");
    alice.expect("180");
    mobile.answer(atMobile, "603 Decline");
    mobile.expect("ACK");
    alice.expectNothing();
    desk.answer(desk.expect("CANCEL"), "200 OK");
    desk.answer(atDesk, "487 Request Terminated");
    desk.expect("ACK");
    alice.sendAsIs(ackTo(invite, alice.expect("603")));
  }),
);

Deno.test(
  "§16.7 step 5: a 2xx that comes after a 6xx wins all the same",
  ladder((net) => {
    const alice = net.phone("alice");
    const [desk, mobile] = [31, 32].map((host) => net.registered("bob", { address: `192.0.2.${host}` }));
    alice.invite("sip:bob@sip.local");
    const [atDesk, atMobile] = [desk.expect("INVITE"), mobile.expect("INVITE")];
    desk.answer(atDesk, "180 Ringing");
    alice.expect("180");
    mobile.answer(atMobile, "603 Decline");
    mobile.expect("ACK");
    desk.accept(atDesk);
    desk.expect("CANCEL");
    alice.expect("200");
  }),
);

Deno.test(
  "§16.7 step 3: a response without a second Via is not forwarded; the caller gets an answer, and the callee a BYE",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    const onlyOurs = (status: string) => {
      const [ours, theirs] = headers(atBob, "Via");
      return responseTo(atBob, status, { tag: "b" })
        .replace(`Via: ${ours}\r\nVia: ${theirs}\r\n`, `Via: ${ours}\r\n`);
    };
    bob.sendAsIs(onlyOurs("180 Ringing"));
    alice.expectNothing();
    const ok = onlyOurs("200 OK").replace(
      "\r\n\r\n",
      `\r\nContact: <${bob.uri}>\r\nRecord-Route: <sip:192.0.2.70;lr>\r\nRecord-Route: <sip:192.0.2.1;lr>\r\n\r\n`,
    );
    bob.sendAsIs(ok);
    alice.sendAsIs(ackTo(invite, alice.expect("50")));
    // The callee is not left in a call with nobody.
    for (const method of ["ACK", "BYE"]) {
      const request = bob.expect(`${method} ${bob.uri} SIP/2.0`);
      assert.equal(tagOf(header(request, "To")), "b");
      assert.deepEqual(headers(request, "Route"), ["<sip:192.0.2.70;lr>"]);
      if (method === "BYE") bob.answer(request, "200 OK");
    }
    bob.sendAsIs(ok);
    bob.expectNothing();
  }),
);

Deno.test(
  "§16.7 step 3: a refusal that carries no Via but ours still ends the call with its status",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    const [ours, theirs] = headers(atBob, "Via");
    bob.sendAsIs(
      responseTo(atBob, "486 Busy Here", { tag: "b" })
        .replace(`Via: ${ours}\r\nVia: ${theirs}\r\n`, `Via: ${ours}\r\n`),
    );
    bob.expect("ACK");
    const busy = alice.expect("486");
    assert.deepEqual(headers(busy, "Via"), headers(invite, "Via"));
    alice.sendAsIs(ackTo(invite, busy));
  }),
);

Deno.test(
  "§18.1.2: a response whose topmost sent-by is not ours is dropped",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    bob.sendAsIs(
      responseTo(atBob, "180 Ringing").replace(
        "Via: SIP/2.0/UDP 192.0.2.1:5060",
        "Via: SIP/2.0/UDP x.example",
      ),
    );
    alice.expectNothing();
  }),
);

Deno.test(
  "§17.1.3: a response of another branch or another method fits nothing and is dropped",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    const ringing = responseTo(atBob, "180 Ringing");
    bob.sendAsIs(ringing.replace(/branch=\S+?;/, "branch=z9hG4bKother;"));
    bob.sendAsIs(ringing.replace(/ INVITE\r/, " UPDATE\r"));
    bob.sendAsIs(ringing.replace(/ INVITE\r/, " CANCEL\r"));
    alice.expectNothing();
    bob.sendAsIs(ringing);
    assert.ok(!hasHeader(alice.expect("180"), "Record-Route"));
  }),
);

Deno.test(
  "§16.7: retransmissions of a 200 by the callee reach the caller one by one",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    const ok = bob.accept(bob.expect("INVITE"));
    const first = alice.expect("200");
    bob.sendAsIs(ok);
    assert.equal(alice.expect("200"), first);
  }),
);

Deno.test(
  "§7.3.3: compact and folded headers of a response are understood, and go upstream as they came",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local", "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKalice");
    const atBob = bob.expect("INVITE");
    const compact = bob.textOf(atBob, "200 OK")
      .replaceAll("Via: SIP/2.0/UDP 192", "v:\r\n SIP / 2.0 / UDP\t192")
      .replace("From:", "f :").replace("To:", "t:").replace("Call-ID:", "i:").replace(
        "Content-Length:",
        "l:",
      );
    bob.sendAsIs(compact);
    const ok = alice.expect("200");
    assert.ok(ok.includes("\r\nv:\r\n SIP / 2.0 / UDP\t192.0.2.11:5060;branch=z9hG4bKalice"), ok);
    assert.equal(ok.match(/^v:/gm)?.length, 1);
  }),
);

/** Changes downstream to the Via lines below ours, as functions of those lines. */
const DAMAGED_VIAS: Readonly<Record<string, (theirs: string) => string>> = {
  "one of them is another": (theirs) => theirs.replace("branch=z9hG4bKfirst", "branch=z9hG4bKother"),
  "parameters are missing": (theirs) => theirs.replace(/;rport=[^;\r]*/, ""),
  "one was added below": (theirs) => `${theirs}Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKadded\r\n`,
  "one was added above": (theirs) => `Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKadded\r\n${theirs}`,
  "one is missing": (theirs) => theirs.replace(/\r\nVia: .*\r\n$/, "\r\n"),
  "their order is another": (theirs) => theirs.split("\r\n").slice(0, -1).reverse().join("\r\n") + "\r\n",
};

for (const [damage, change] of Object.entries(DAMAGED_VIAS)) {
  Deno.test(
    `§16.7 step 3: the caller's Vias are as it sent them, although of those below ours ${damage}`,
    ladder((net) => {
      const alice = net.phone("alice");
      const bob = net.registered("bob");
      alice.invite(
        "sip:bob@sip.local",
        `
          Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKfirst;rport
          Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKsecond
        `,
      );
      const atBob = bob.expect("INVITE");
      const [, ...theirs] = headers(atBob, "Via");
      const lines = theirs.map((via) => `Via: ${via}\r\n`).join("");
      const damaged = (status: string) => bob.textOf(atBob, status).replace(lines, change(lines));
      for (const status of ["180 Ringing", "200 OK", "200 OK"]) {
        bob.sendAsIs(damaged(status));
        assert.deepEqual(headers(alice.expect(status), "Via"), theirs);
      }
    }),
  );
}

Deno.test(
  "§16.7 step 3: a refusal with damaged Vias reaches the caller with its own",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const atBob = bob.expect("INVITE");
    const [, theirs] = headers(atBob, "Via");
    bob.sendAsIs(bob.textOf(atBob, "486 Busy Here").replace(theirs, "SIP/2.0/UDP x.example;branch=z9hG4bKx"));
    bob.expect("ACK");
    const busy = alice.expect("486");
    assert.deepEqual(headers(busy, "Via"), headers(invite, "Via"));
    alice.sendAsIs(ackTo(invite, busy));
  }),
);

Deno.test(
  "§17.1.3: a response whose CSeq names another method is not the answer, whatever its branch",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    const atBob = bob.expect("MESSAGE");
    for (const method of ["INFO", "INVITE", "CANCEL", "message"]) {
      bob.sendAsIs(bob.textOf(atBob, "200 OK").replace(/ MESSAGE\r/, ` ${method}\r`));
    }
    alice.expectNothing();
    bob.answer(atBob, "200 OK");
    alice.expect("200");
    assert.equal(net.server.metrics.snapshot().routr_stray_responses_total, 4);
  }),
);
