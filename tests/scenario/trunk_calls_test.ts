/** Calls out by a trunk and in from it: which number is called, and who calls. */
import assert from "node:assert/strict";
import { did, domain, gateway, peer } from "../support/resources.ts";
import { ladder } from "../support/scenario.ts";
import { hasHeader, headers, startLine } from "../support/sip_text.ts";
import { DID, DOMAIN, expectOwn, gatewayAt, NUMBER, TRUNK, trunkOf, WORLD } from "../support/trunk.ts";

const SECOND = "203.0.113.2";

Deno.test(
  "What is dialled goes out as a number alone, however it is written",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    for (
      const [dialled, number] of [
        ["sip:004420@sip.local", "004420"],
        ["sip:004420@192.0.2.1", "004420"],
        ["sip:%2B4420@SIP.local:5060", "+4420"],
        ["sip:+4420@sip.local;user=phone", "+4420"],
        ["tel:+44-20-7946-0018", "+442079460018"],
        ["TEL:+4420", "+4420"],
      ]
    ) {
      alice.sendAuthenticated(`MESSAGE ${dialled} SIP/2.0`);
      trunk.expect(`MESSAGE sip:${number}@${TRUNK} SIP/2.0`);
    }
  }),
);

Deno.test(
  "RFC 3966, RFC 4694: parameters of a number are passed by where it is matched, and go out with it",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    for (
      const [dialled, user] of [
        [
          "sip:15550104180;npdi;rn=15550104111@sip.local;user=phone",
          "15550104180;npdi;rn=15550104111",
        ],
        ["sip:15550104180;npdi@sip.local", "15550104180;npdi"],
        ["sip:%2B15550104180;ext=%31@SIP.local:5060;user=phone", "+15550104180;ext=%31"],
        ["sip:+4420;phone-context=example.com@sip.local;user=phone", "+4420;phone-context=example.com"],
        ["tel:7946(0018);phone-context=+4420", "79460018;phone-context=+4420"],
        ["tel:+1-555-010-4180;npdi;rn=+1-555-010-4111", "+15550104180;npdi;rn=+1-555-010-4111"],
        ["tel:+15550104180;isub=12:34;x=%20", "+15550104180;isub=12%3A34;x=%20"],
      ]
    ) {
      alice.sendAuthenticated(`MESSAGE ${dialled} SIP/2.0`);
      trunk.expect(`MESSAGE sip:${user}@${TRUNK};user=phone SIP/2.0`);
    }
    for (const dialled of ["sip:bob;npdi@sip.local", "sip:x;npdi@sip.local;user=phone"]) {
      alice.sendAuthenticated(`MESSAGE ${dialled} SIP/2.0`);
      alice.expect("404");
    }
  }),
);

Deno.test(
  "RFC 4694: a number of ours with parameters rings its agent, dialled here or by the gateway",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const trunk = trunkOf(net);
    for (
      const uri of [`sip:${NUMBER};npdi@sip.local;user=phone`, `sip:+${NUMBER};rn=+15550104111@sip.local`]
    ) {
      alice.sendAuthenticated(`MESSAGE ${uri} SIP/2.0`);
      bob.expect(`MESSAGE ${bob.uri} SIP/2.0`);
      trunk.send(`MESSAGE ${uri} SIP/2.0`);
      bob.expect(`MESSAGE ${bob.uri} SIP/2.0`);
    }
    trunk.send(`MESSAGE tel:+${NUMBER};npdi;rn=+15550104111 SIP/2.0`);
    bob.expect(`MESSAGE ${bob.uri} SIP/2.0`);
  }),
);

Deno.test(
  "A rule is for the whole of what was dialled",
  ladder({
    ...WORLD,
    resources: [
      domain("sip.local", { egressPolicy: { rule: "00|11.?", didRef: "DID0001" } }),
      gatewayAt(TRUNK),
      DID,
    ],
  }, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    for (const number of ["00", "11", "112"]) {
      alice.sendAuthenticated(`MESSAGE sip:${number}@sip.local SIP/2.0`);
      trunk.expect(`MESSAGE sip:${number}@${TRUNK} SIP/2.0`);
    }
    for (const number of ["001", "1100", "x00", "211", "00%0A", "00%0D%0A"]) {
      alice.sendAuthenticated(`MESSAGE sip:${number}@sip.local SIP/2.0`);
      alice.expect("404");
    }
  }),
);

Deno.test(
  "A rule that makes other engines try for years is answered at once",
  ladder({
    ...WORLD,
    resources: [
      domain("sip.local", { egressPolicy: { rule: "(1+)+(1|1)*2", didRef: "DID0001" } }),
      gatewayAt(TRUNK),
      DID,
    ],
  }, (net) => {
    const alice = net.phone("alice");
    const ones = "1".repeat(120);
    alice.sendAuthenticated(`MESSAGE sip:${ones}@sip.local SIP/2.0`);
    alice.expect("404");
    alice.sendAuthenticated(`MESSAGE sip:${ones}2@sip.local SIP/2.0`);
    trunkOf(net).expect(`MESSAGE sip:${ones}2@${TRUNK} SIP/2.0`);
  }),
);

Deno.test(
  "What is dialled cannot write into the request that goes out",
  ladder({
    ...WORLD,
    resources: [
      domain("sip.local", { egressPolicy: { rule: "[\\s\\S]*", didRef: "DID0001" } }),
      gatewayAt(TRUNK),
      DID,
    ],
  }, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    for (
      const [dialled, uri] of [
        ["1%0D%0AX-Evil%3A%20yes%0D%0A", "sip:1%0D%0AX-Evil%3A%20yes%0D%0A@"],
        ["1%40evil.example", "sip:1%40evil.example@"],
        ["1%3E", "sip:1%3E@"],
        ["1%20SIP/2.0", "sip:1%20SIP/2.0@"],
        ["%C3%A9", "sip:%C3%A9@"],
      ]
    ) {
      alice.sendAuthenticated(`MESSAGE sip:${dialled}@sip.local SIP/2.0`);
      const message = trunk.expect("MESSAGE ");
      assert.equal(startLine(message), `MESSAGE ${uri}${TRUNK} SIP/2.0`);
      assert.equal(hasHeader(message, "X-Evil"), false);
    }
  }),
);

Deno.test(
  "A DID is known by its digits, however it is dialled, and rings without the trunk",
  ladder({
    ...WORLD,
    resources: [
      DOMAIN,
      gatewayAt(TRUNK),
      did("DID0001", { gwRef: "GW0001", telUrl: "tel:+1-(706)-604.1487", aorLink: "sip:bob@sip.local" }),
    ],
  }, (net) => {
    const bob = net.registered("bob");
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    for (
      const user of ["17066041487", "+17066041487", "+1-706-604-1487", "1(706)6041487", "%2b17066041487"]
    ) {
      alice.sendAuthenticated(`MESSAGE sip:${user}@sip.local SIP/2.0`);
      bob.expect(`MESSAGE ${bob.uri} SIP/2.0`);
      trunk.send(`MESSAGE sip:${user}@sip.local;user=phone SIP/2.0`);
      bob.expect(`MESSAGE ${bob.uri} SIP/2.0`);
    }
    alice.sendAuthenticated("MESSAGE tel:+1-706-604-1487;ext=12 SIP/2.0");
    bob.expect(`MESSAGE ${bob.uri} SIP/2.0`);
    trunk.send("MESSAGE sip:x17066041487@sip.local SIP/2.0");
    trunk.expect("404");
  }),
);

Deno.test(
  "A DID rings every device of its agent, or of its peer",
  ladder({
    ...WORLD,
    resources: [
      DOMAIN,
      gatewayAt(TRUNK),
      DID,
      did("DID0002", { gwRef: "GW0001", telUrl: "tel:17066041488", aorLink: "sip:ast@astserver" }),
      peer("ast", { device: "astserver" }),
    ],
  }, (net) => {
    const desk = net.registered("bob");
    const mobile = net.registered("bob", { address: "192.0.2.112" });
    const asterisk = net.registered("ast", { domain: "astserver", registrar: "192.0.2.1" });
    const trunk = trunkOf(net);
    const invite = trunk.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0`);
    trunk.expect("100");
    const refused = desk.expect("INVITE ");
    desk.answer(refused, "486 Busy Here");
    desk.expect("ACK ");
    mobile.accept(mobile.expect("INVITE "));
    expectOwn(trunk.expect("200"), invite);
    trunk.send("INVITE sip:17066041488@192.0.2.1 SIP/2.0");
    trunk.expect("100");
    asterisk.expect(`INVITE ${asterisk.uri} SIP/2.0`);
  }),
);

Deno.test(
  "The number that was called is in the Request-URI, else in To, else in the first header of spec.addressInfo that has one",
  ladder({
    ...WORLD,
    spec: { addressInfo: ["X-Called", "P-Called-Party-ID"] },
  }, (net) => {
    const bob = net.registered("bob");
    const trunk = trunkOf(net);
    for (
      const lines of [
        `To: "Number" <sip:+${NUMBER}@provider.example>`,
        `To: <tel:+${NUMBER}>`,
        `X-Called: tel:+${NUMBER}`,
        `x-called: "Number" <sip:${NUMBER}@provider.example>;party=called`,
        `P-Called-Party-ID: <sip:${NUMBER}@provider.example;user=phone>`,
        `X-Called: ${NUMBER}\nP-Called-Party-ID: <tel:${NUMBER}>`,
        `X-Called: <mailto:bob@sip.local>\nP-Called-Party-ID: <tel:${NUMBER}>`,
        `X-Called:\nP-Called-Party-ID: <tel:${NUMBER}>`,
      ]
    ) {
      trunk.send(`MESSAGE sip:trunk-user@192.0.2.1 SIP/2.0\n${lines}`);
      bob.expect(`MESSAGE ${bob.uri} SIP/2.0`);
    }
    for (
      const lines of [`X-Called: tel:+4420\nP-Called-Party-ID: tel:${NUMBER}`, `X-Other: tel:${NUMBER}`, ""]
    ) {
      trunk.send(`MESSAGE sip:trunk-user@192.0.2.1 SIP/2.0\n${lines}`);
      trunk.expect("404");
    }
  }),
);

Deno.test(
  "spec.useToAsAOR: To names the callee, the Request-URI only where To names no user",
  ladder({
    ...WORLD,
    agents: [...WORLD.agents!, { username: "carol", domains: ["sip.local"] }],
    resources: [
      DOMAIN,
      gatewayAt(TRUNK),
      DID,
      did("DID0002", { gwRef: "GW0001", telUrl: "tel:17066041488", aorLink: "sip:carol@sip.local" }),
    ],
    spec: { useToAsAOR: true },
  }, (net) => {
    const bob = net.registered("bob");
    const carol = net.registered("carol");
    const trunk = trunkOf(net);
    trunk.send(`MESSAGE sip:17066041488@192.0.2.1 SIP/2.0\nTo: <sip:${NUMBER}@192.0.2.1>`);
    bob.expect("MESSAGE ");
    trunk.send("MESSAGE sip:17066041488@192.0.2.1 SIP/2.0\nTo: <sip:trunk@192.0.2.1>");
    carol.expect("MESSAGE ");
    const alice = net.phone("alice");
    alice.sendAuthenticated("MESSAGE sip:carol@sip.local SIP/2.0\nTo: <sip:bob@sip.local>");
    bob.expect("MESSAGE ");
  }),
);

Deno.test(
  "A peer calls as the number that it names, if that is one of the gateway's",
  ladder({
    ...WORLD,
    resources: [
      DOMAIN,
      gatewayAt(TRUNK),
      DID,
      did("DID0002", { gwRef: "GW0001", telUrl: "tel:+17066041488", aorLink: "sip:bob@sip.local" }),
      gateway("GW0002", SECOND),
      did("DID0003", { gwRef: "GW0002", telUrl: "tel:15550001", aorLink: "sip:bob@sip.local" }),
      peer("ast", { device: "astserver" }),
    ],
  }, (net) => {
    const asterisk = net.phone("ast", { address: "192.0.2.20", domain: "astserver" });
    const trunk = trunkOf(net);
    for (
      const [lines, number] of [
        ["", NUMBER],
        ["P-Asserted-Identity: <sip:17066041488@astserver>", "+17066041488"],
        ["P-Asserted-Identity: <tel:+1-706-604-1488>", "+17066041488"],
        ["P-Asserted-Identity: <sip:15550001@astserver>", NUMBER],
        ["P-Asserted-Identity: <sip:+4930@astserver>", NUMBER],
      ]
    ) {
      asterisk.sendAuthenticated(`MESSAGE sip:+4420@sip.local SIP/2.0\n${lines}`);
      const message = trunk.expect("MESSAGE ");
      assert.deepEqual(headers(message, "P-Asserted-Identity"), [`<sip:${number}@${TRUNK}>`]);
    }
    // An agent is not believed.
    const alice = net.phone("alice");
    alice.sendAuthenticated("MESSAGE sip:+4420@sip.local SIP/2.0\nP-Asserted-Identity: <tel:+17066041488>");
    assert.deepEqual(headers(trunk.expect("MESSAGE "), "P-Asserted-Identity"), [`<sip:${NUMBER}@${TRUNK}>`]);
  }),
);
