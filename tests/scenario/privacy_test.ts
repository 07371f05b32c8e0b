/** The visibility of caller identities: `spec.privacy` of agents, Privacy and P-Asserted-Identity (RFC 3323, RFC 3325). */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { agent, did, domain, gateway, peer } from "../support/resources.ts";
import { ladder, type LadderOptions, type Network, SERVER } from "../support/scenario.ts";
import {
  ackTo,
  cancelOf,
  fromCallee,
  fromCaller,
  hasHeader,
  header,
  headers,
  tagOf,
} from "../support/sip_text.ts";
import { TRUNK, trunkOf } from "../support/trunk.ts";

const ANONYMOUS = `"Anonymous" <sip:anonymous@anonymous.invalid>;tag=tag-of-alice`;
const OWN = "<sip:alice@sip.local>;tag=tag-of-alice";
const NUMBER = `<sip:17066041487@${TRUNK}>`;
/** False identities that an agent may claim. */
const CLAIMS = `
  P-Asserted-Identity: "Boss" <sip:boss@sip.local>
  P-Asserted-Identity: <tel:+15550000>
  P-Preferred-Identity: <sip:boss@sip.local>
  Remote-Party-ID: <sip:boss@sip.local>;party=calling
`;
const IDENTITIES = ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID"];

function world(privacy: "none" | "private"): LadderOptions {
  return {
    domains: [],
    agents: [],
    resources: [
      domain("sip.local", { egressPolicy: { rule: "\\+?\\d+", didRef: "DID0001" } }),
      agent("alice", { privacy }),
      agent("bob"),
      peer("ast", { device: "astserver" }),
      gateway("GW0001", TRUNK),
      did("DID0001", { gwRef: "GW0001", telUrl: "tel:17066041487", aorLink: "sip:bob@sip.local" }),
      did("DID0002", { gwRef: "GW0001", telUrl: "tel:17066041488", aorLink: "sip:ast@astserver" }),
    ],
  };
}

function asterisk(net: Network): Phone {
  return net.registered("ast", { address: "192.0.2.20", domain: "astserver", registrar: SERVER });
}

/** The values of all header fields that name a caller. */
function identities(message: string): string[] {
  return IDENTITIES.flatMap((name) => headers(message, name).map((value) => `${name}: ${value}`));
}

Deno.test(
  "A private agent calls an agent: it is anonymous for the whole dialog, and itself to its own phone",
  ladder(world("private"), (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local", CLAIMS);
    const arrived = bob.expect("INVITE ");
    assert.equal(header(arrived, "From"), ANONYMOUS);
    assert.deepEqual(headers(arrived, "Privacy"), ["id"]);
    assert.deepEqual(identities(arrived), []);
    bob.answer(arrived, "180 Ringing");
    assert.equal(header(alice.expect("180"), "From"), OWN);
    const accepted = bob.accept(arrived);
    const ok = alice.expect("200");
    assert.equal(header(ok, "From"), OWN);
    alice.send(fromCaller("ACK", { invite, ok }));
    assert.equal(header(bob.expect("ACK "), "From"), ANONYMOUS);
    const info = alice.send(fromCaller("INFO", { invite, ok, cseq: 50 }));
    const infoAtBob = bob.expect("INFO ");
    assert.equal(header(infoAtBob, "From"), ANONYMOUS);
    bob.answer(infoAtBob, "200 OK");
    assert.equal(header(alice.expect("200"), "From"), header(info, "From"));
    // bob knows nobody else by that tag.
    const back = bob.send(fromCallee("INFO", { invite: arrived, ok: accepted }));
    const infoAtAlice = alice.expect("INFO ");
    assert.equal(tagOf(header(infoAtAlice, "To")), "tag-of-alice");
    alice.answer(infoAtAlice, "200 OK");
    assert.equal(header(bob.expect("200"), "To"), header(back, "To"));
    alice.send(fromCaller("BYE", { invite, ok, cseq: 51 }));
    assert.equal(header(bob.expect("BYE "), "From"), ANONYMOUS);
  }),
);

Deno.test(
  "A private agent hangs up, is refused, and writes: anonymous each time",
  ladder(world("private"), (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const arrived = bob.expect("INVITE ");
    bob.answer(arrived, "180 Ringing");
    alice.expect("180");
    alice.sendAsIs(cancelOf(invite));
    assert.equal(header(alice.expect("200"), "From"), OWN);
    assert.equal(header(bob.expect("CANCEL "), "From"), ANONYMOUS);
    bob.answer(arrived, "487 Request Terminated");
    assert.equal(header(bob.expect("ACK "), "From"), ANONYMOUS);
    const terminated = alice.expect("487");
    assert.equal(header(terminated, "From"), OWN);
    alice.sendAsIs(ackTo(invite, terminated));
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    const message = bob.expect("MESSAGE ");
    assert.equal(header(message, "From"), ANONYMOUS);
    bob.answer(message, "200 OK");
    assert.equal(header(alice.expect("200"), "From"), OWN);
  }),
);

Deno.test(
  "A private agent calls out: the gateway alone learns the number, and is asked to keep it (RFC 3325 §9.3)",
  ladder(world("private"), (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const invite = alice.invite("sip:+4420@sip.local", CLAIMS);
    const arrived = trunk.expect("INVITE ");
    assert.equal(header(arrived, "From"), ANONYMOUS);
    assert.deepEqual(headers(arrived, "Privacy"), ["id"]);
    assert.deepEqual(identities(arrived), [
      `P-Asserted-Identity: ${NUMBER}`,
      `Remote-Party-ID: ${NUMBER};party=calling;screen=yes;privacy=full`,
    ]);
    trunk.accept(arrived);
    const ok = alice.expect("200");
    assert.equal(header(ok, "From"), OWN);
    alice.send(fromCaller("ACK", { invite, ok }));
    assert.equal(header(trunk.expect("ACK "), "From"), ANONYMOUS);
    alice.send(fromCaller("BYE", { invite, ok, cseq: 50 }));
    const bye = trunk.expect("BYE ");
    assert.equal(header(bye, "From"), ANONYMOUS);
    trunk.answer(bye, "200 OK");
    assert.equal(header(alice.expect("200"), "From"), OWN);
  }),
);

Deno.test(
  "A private agent's own Privacy header does not stand beside ours",
  ladder(world("private"), (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    for (const target of ["sip:bob@sip.local", "sip:+4420@sip.local"]) {
      alice.sendAuthenticated(`MESSAGE ${target} SIP/2.0\nPrivacy: none\nPrivacy: user;critical`);
    }
    for (const phone of [bob, trunkOf(net)]) {
      assert.deepEqual(headers(phone.expect("MESSAGE "), "Privacy"), ["id"]);
    }
  }),
);

Deno.test(
  "An agent that is not private is seen as it says, and asserts nothing",
  ladder(world("none"), (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.sendAuthenticated(
      `MESSAGE sip:bob@sip.local SIP/2.0\nFrom: "Alice" ${OWN}\nP-Asserted-Identity: <sip:boss@sip.local>`,
    );
    const message = bob.expect("MESSAGE ");
    assert.equal(header(message, "From"), `"Alice" ${OWN}`);
    assert.deepEqual(headers(message, "P-Asserted-Identity"), []);
    assert.deepEqual(headers(message, "Privacy"), []);
  }),
);

Deno.test(
  "P-Asserted-Identity of an agent is taken out however it is written",
  ladder(world("none"), (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const trunk = trunkOf(net);
    for (const target of ["sip:bob@sip.local", "sip:+4420@sip.local"]) {
      alice.sendAuthenticated(
        `MESSAGE ${target} SIP/2.0\np-asserted-IDENTITY : <sip:boss@sip.local>,\n <tel:+15550000>\nP-Asserted-Identity:\n\t<sip:chief@sip.local>`,
      );
    }
    assert.equal(/boss|chief|15550000/.test(bob.expect("MESSAGE ")), false);
    assert.equal(/boss|chief|15550000/.test(trunk.expect("MESSAGE ")), false);
  }),
);

Deno.test(
  "An agent may ask for privacy itself: the gateway gets its Privacy, and the number",
  ladder(world("none"), (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    alice.sendAuthenticated(`MESSAGE sip:+4420@sip.local SIP/2.0\nFrom: "Alice" ${OWN}\nPrivacy: id`);
    const message = trunk.expect("MESSAGE ");
    assert.deepEqual(headers(message, "Privacy"), ["id"]);
    assert.deepEqual(identities(message), [
      `P-Asserted-Identity: ${NUMBER}`,
      `Remote-Party-ID: ${NUMBER};party=calling;screen=yes;privacy=full`,
    ]);
  }),
);

Deno.test(
  "An agent that writes an anonymous From is asked for its password all the same (RFC 3323 §4.1.1.3)",
  ladder(world("none"), (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const trunk = trunkOf(net);
    const lines = `From: ${ANONYMOUS}\nPrivacy: id`;
    alice.sendAuthenticated(`MESSAGE sip:bob@sip.local SIP/2.0\n${lines}`);
    assert.equal(header(bob.expect("MESSAGE "), "From"), ANONYMOUS);
    alice.sendAuthenticated(`MESSAGE sip:+4420@sip.local SIP/2.0\n${lines}`);
    const message = trunk.expect("MESSAGE ");
    assert.equal(header(message, "From"), ANONYMOUS);
    assert.deepEqual(headers(message, "P-Asserted-Identity"), [NUMBER]);
    const mallory = net.phone("mallory");
    const request = mallory.send(`MESSAGE sip:bob@sip.local SIP/2.0\n${lines}`);
    mallory.authenticate(request, mallory.expect("407"));
    mallory.expect("407");
  }),
);

Deno.test(
  "A call in by the gateway: agents see the asserted identity, unless its caller wants none to (RFC 3325 §7)",
  ladder(world("none"), (net) => {
    const bob = net.registered("bob");
    const ast = asterisk(net);
    const trunk = trunkOf(net);
    const lines =
      `P-Asserted-Identity: "Caller" <tel:+49301>\nRemote-Party-ID: <sip:+49301@${TRUNK}>;party=calling`;
    for (
      const [privacy, isSeen] of [["", true], ["none", true], ["id", false], ["ID ; critical", false], [
        "user, id",
        false,
      ]] as const
    ) {
      const more = privacy === "" ? "" : `\nPrivacy: ${privacy}`;
      trunk.send(`MESSAGE sip:17066041487@192.0.2.1 SIP/2.0\n${lines}${more}`);
      const message = bob.expect("MESSAGE ");
      assert.equal(identities(message).length, isSeen ? 2 : 0, privacy);
      // Peers are trusted, and told.
      trunk.send(`MESSAGE sip:17066041488@192.0.2.1 SIP/2.0\n${lines}${more}`);
      const atPeer = ast.expect("MESSAGE ");
      assert.equal(identities(atPeer).length, 2, privacy);
      assert.equal(hasHeader(atPeer, "Privacy"), privacy !== "");
    }
  }),
);

Deno.test(
  "A peer asserts identities, and may want them to be withheld from agents",
  ladder(world("none"), (net) => {
    const bob = net.registered("bob");
    const ast = asterisk(net);
    const lines = "P-Asserted-Identity: <sip:alice@sip.local>";
    ast.sendAuthenticated(`MESSAGE sip:bob@sip.local SIP/2.0\n${lines}`);
    assert.deepEqual(headers(bob.expect("MESSAGE "), "P-Asserted-Identity"), ["<sip:alice@sip.local>"]);
    ast.sendAuthenticated(`MESSAGE sip:bob@sip.local SIP/2.0\n${lines}\nPrivacy: id`);
    assert.deepEqual(headers(bob.expect("MESSAGE "), "P-Asserted-Identity"), []);
  }),
);

/** Header lines about a phone and the path of a call. */
const STATEMENTS = [
  "Diversion: <sip:boss@sip.local>;reason=unconditional",
  "History-Info: <sip:boss@sip.local>;index=1",
  "Referred-By: <sip:boss@sip.local>",
  "b: <sip:boss@sip.local>",
  "P-Charge-Info: <sip:boss@sip.local>",
  "p-CHARGING-vector: icid-value=boss",
  "P-Access-Network-Info: 3GPP-UTRAN-TDD; utran-cell-id-3gpp=boss",
  "Identity: boss;info=<https://boss.example>",
  "Reply-To: <sip:boss@sip.local>",
  "Organization: boss",
  "P-Preferred-Identity: <sip:boss@sip.local>",
];

Deno.test(
  "What an agent says about itself and the way of a call does not reach a gateway, nor its display names",
  ladder(world("none"), (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    alice.sendAuthenticated(
      `MESSAGE sip:+4420@sip.local SIP/2.0\nFrom: "The Boss" ${OWN}\n` +
        `Contact: "The Boss" <${alice.uri};ob>;expires=60\nX-Kept: yes\n${STATEMENTS.join("\n")}`,
    );
    const message = trunk.expect("MESSAGE ");
    assert.doesNotMatch(message, /boss/i);
    assert.equal(header(message, "From"), `<sip:alice@${TRUNK}>;tag=tag-of-alice`);
    assert.equal(header(message, "Contact"), `<${alice.uri};ob>;expires=60`);
    assert.equal(header(message, "X-Kept"), "yes");
    assert.deepEqual(identities(message), [
      `P-Asserted-Identity: ${NUMBER}`,
      `Remote-Party-ID: ${NUMBER};party=calling;screen=yes`,
    ]);
  }),
);

Deno.test(
  "Nor within a call",
  ladder(world("none"), (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const invite = alice.invite("sip:+4420@sip.local");
    trunk.accept(trunk.expect("INVITE "));
    const ok = alice.expect("200");
    alice.send(fromCaller("ACK", { invite, ok }));
    trunk.expect("ACK ");
    alice.send(
      fromCaller("INFO", { invite, ok, cseq: 50 }).replace("From: ", 'From: "The Boss" ') +
        `\n${STATEMENTS.join("\n")}`,
    );
    assert.doesNotMatch(trunk.expect("INFO "), /boss/i);
  }),
);

Deno.test(
  "Agents are told of each other, and a peer is believed towards a gateway",
  ladder(world("none"), (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const ast = asterisk(net);
    const trunk = trunkOf(net);
    const lines = `${STATEMENTS.slice(0, 3).join("\n")}\nP-Preferred-Identity: <sip:x@sip.local>`;
    alice.sendAuthenticated(`MESSAGE sip:bob@sip.local SIP/2.0\nFrom: "Alice" ${OWN}\n${lines}`);
    const atBob = bob.expect("MESSAGE ");
    assert.equal(header(atBob, "Diversion"), "<sip:boss@sip.local>;reason=unconditional");
    assert.equal(hasHeader(atBob, "P-Preferred-Identity"), false);
    ast.sendAuthenticated(
      `MESSAGE sip:+4420@sip.local SIP/2.0\nFrom: "Asterisk" <sip:ast@astserver>;tag=1\n${lines}`,
    );
    const atTrunk = trunk.expect("MESSAGE ");
    assert.equal(header(atTrunk, "History-Info"), "<sip:boss@sip.local>;index=1");
    assert.equal(header(atTrunk, "From"), `"Asterisk" <sip:ast@${TRUNK}>;tag=1`);
    assert.deepEqual(headers(atTrunk, "P-Asserted-Identity"), [`"Asterisk" ${NUMBER}`]);
  }),
);

const ANSWERER = "P-Asserted-Identity: <sip:boss@sip.local>\nP-Preferred-Identity: <sip:boss@sip.local>\n" +
  "Remote-Party-ID: <sip:boss@sip.local>;party=called";

Deno.test(
  "RFC 3325 §5: identities in responses of agents are removed, whatever the caller",
  ladder(world("none"), (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const trunk = trunkOf(net);
    for (const caller of [alice, trunk]) {
      if (caller === alice) alice.invite("sip:bob@sip.local");
      else trunk.send(`INVITE sip:17066041487@${SERVER} SIP/2.0\nContact: <${trunk.uri}>`);
      if (caller === trunk) trunk.expect("100");
      const arrived = bob.expect("INVITE ");
      for (const status of ["180 Ringing", "183 Session Progress"]) {
        bob.answer(arrived, status, { lines: `${ANSWERER}\nX-Kept: yes` });
        const ringing = caller.expect(status.slice(0, 3));
        assert.deepEqual(identities(ringing), []);
        assert.equal(header(ringing, "X-Kept"), "yes");
      }
      bob.accept(arrived, ANSWERER);
      assert.deepEqual(identities(caller.expect("200")), []);
    }
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    bob.answer(bob.expect("MESSAGE "), "302 Moved Temporarily", { lines: ANSWERER });
    assert.deepEqual(identities(alice.expect("302")), []);
  }),
);

Deno.test(
  "RFC 3325 §7: peers and gateways may name the answering party, to agents unless it asks for privacy",
  ladder(world("none"), (net) => {
    const alice = net.phone("alice");
    const ast = asterisk(net);
    const trunk = trunkOf(net);
    for (const [target, callee] of [["sip:ast@astserver", ast], ["sip:+4420@sip.local", trunk]] as const) {
      for (const [privacy, count] of [["", 3], ["\nPrivacy: none", 3], ["\nPrivacy: id", 0]] as const) {
        alice.sendAuthenticated(`MESSAGE ${target} SIP/2.0`);
        callee.answer(callee.expect("MESSAGE "), "200 OK", { lines: ANSWERER + privacy });
        assert.equal(identities(alice.expect("200")).length, count, target + privacy);
      }
    }
    trunk.send(`MESSAGE sip:17066041488@${SERVER} SIP/2.0`);
    ast.answer(ast.expect("MESSAGE "), "200 OK", { lines: `${ANSWERER}\nPrivacy: id` });
    assert.equal(identities(trunk.expect("200")).length, 3);
  }),
);

for (const [target, address] of [["sip:bob@sip.local", "192.0.2.12"], ["sip:+4420@sip.local", TRUNK]]) {
  Deno.test(
    `RFC 3323 §5.3: ${target} learns nothing of a private agent from Contact, Referred-By and the like, in the whole dialog`,
    ladder(world("private"), (net) => {
      const alice = net.phone("alice");
      const callee = address === TRUNK ? trunkOf(net) : net.registered("bob");
      const contact = `"Alice" <sip:alice@192.0.2.11:5060;ob;x=alice>;+sip.instance="<urn:uuid:alice>"`;
      const invite = alice.sendAuthenticated(
        `INVITE ${target} SIP/2.0\nContact: ${contact}\nContact: <sip:alice@192.0.2.99>\nUser-Agent: alice\n` +
          `Subject: alice\nCall-Info: <http://alice>\n${STATEMENTS.join("\n")}`,
      );
      alice.expect("100");
      const arrived = callee.expect("INVITE ");
      assert.equal(header(arrived, "Contact"), "<sip:anonymous@192.0.2.11:5060;ob>");
      assert.doesNotMatch(arrived.replace(/^Via: .*$|;tag=tag-of-alice/gm, ""), /alice|boss/i);
      const accepted = callee.accept(arrived);
      const ok = alice.expect("200");
      alice.send(fromCaller("ACK", { invite, ok }));
      callee.expect("ACK ");
      alice.send(`${fromCaller("INVITE", { invite, ok, cseq: 50 })}\nContact: ${contact}`);
      alice.expect("100");
      const again = callee.expect("INVITE ");
      assert.equal(header(again, "Contact"), "<sip:anonymous@192.0.2.11:5060;ob>");
      callee.accept(again);
      alice.expect("200");
      callee.send(fromCallee("UPDATE", { invite: arrived, ok: accepted, cseq: 60 }));
      // Who is called has the anonymous Contact; the phone gets the URI that it gave.
      assert.match(header(arrived, "Contact"), /anonymous/);
      const update = alice.expect("UPDATE sip:alice@192.0.2.11:5060;ob;x=alice SIP/2.0");
      alice.answer(update, "200 OK", { lines: `Contact: ${contact}` });
      const updated = callee.expect("200");
      assert.equal(header(updated, "Contact"), "<sip:anonymous@192.0.2.11:5060;ob>");
      assert.equal(header(updated, "To"), header(update, "To"));
      callee.send(fromCallee("BYE", { invite: arrived, ok: accepted, cseq: 61 }));
      alice.expect("BYE sip:alice@192.0.2.11:5060;ob;x=alice SIP/2.0");
    }),
  );
}
