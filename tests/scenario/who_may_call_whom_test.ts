/** Permission to call: every kind of caller with every kind of target. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { did, domain, gateway, peer } from "../support/resources.ts";
import { ladder, type LadderOptions, type Network } from "../support/scenario.ts";
import { ackTo, hasHeader, header, headers, startLine } from "../support/sip_text.ts";

/**
 * The outcome of a call to the URI on the left: the party that rings (bob, the peer pbx), `trunk` when it leaves by the gateway, or
 * the status of the answer. Where a password is asked for and there is one, that came before. The callers are in the
 * order of `CALLERS`.
 *
 * alice, bob and dave belong to sip.local, which has a policy for numbers that begin with a zero; carol, the foreign
 * agent, belongs to other.local, which has none. dave and the peer away have no device on. 17066041487 to 9 are DIDs of
 * the gateway, for bob, dave and pbx; +15550001 is bob's DID of another gateway. 192.0.2.1 is this server.
 */
const TABLE = `
                            agent  foreign peer  peer for peer for gateway stranger … as    … as  … as wrong
                                   agent         an agent a number                  gateway agent peer secret
sip:bob@sip.local           bob    403     bob   bob      bob      bob     403      403     407   407  407
sip:dave@sip.local          480    403     480   480      480      480     403      403     407   407  407
sip:nobody@sip.local        404    403     404   404      404      404     403      403     407   407  407
sip:pbx@pbxserver           pbx    pbx     pbx   pbx      pbx      404     403      403     407   407  407
sip:away@awayserver         480    480     480   480      480      404     403      403     407   407  407
sip:17066041487@sip.local   bob    403     bob   bob      bob      bob     403      403     407   407  407
sip:17066041487@other.local 403    bob     bob   bob      bob      bob     403      403     407   407  407
sip:+15550001@sip.local     bob    403     bob   bob      bob      404     403      403     407   407  407
sip:17066041488@sip.local   480    403     480   480      480      480     403      403     407   407  407
sip:17066041489@sip.local   pbx    403     pbx   pbx      pbx      pbx     403      403     407   407  407
tel:+1-706-604-1487         bob    bob     bob   bob      bob      bob     403      403     407   407  407
sip:004420@sip.local        trunk  403     trunk trunk    trunk    404     403      403     407   407  407
sip:004420@other.local      403    404     404   404      404      404     403      403     407   407  407
tel:004420;phone-context=+1 trunk  404     404   trunk    404      404     403      403     407   407  407
sip:5551234@sip.local       404    403     404   404      404      404     403      403     407   407  407
sip:bob@elsewhere.example   403    403     403   403      403      404     403      403     407   407  407
sip:bob@198.51.100.77       403    403     403   403      403      404     403      403     407   407  407
sip:bob@192.0.2.1           bob    404     404   bob      404      404     403      403     407   407  407
`;

/** Somebody with a phone, and how a call from there says whom it is from. */
interface Caller {
  phone(net: Network): Phone;
  /** From, where it is not the phone's own. */
  readonly from?: string;
  /** Has no password, or is not asked. */
  readonly isUnasked?: boolean;
  /** The password, where it is not the phone's own. */
  readonly secret?: string;
  /** True when asserted identities are believed. */
  readonly isTrusted?: boolean;
}

const TRUNK = { address: "203.0.113.1", domain: "203.0.113.1" };
const STRANGER = { address: "203.0.113.66" };

const CALLERS: Readonly<Record<string, Caller>> = {
  "agent": { phone: (net) => net.phone("alice") },
  "foreign agent": { phone: (net) => net.phone("carol", { domain: "other.local" }) },
  "peer": { phone: registeredAsterisk, isTrusted: true },
  "peer for an agent": { phone: registeredAsterisk, from: "sip:alice@sip.local", isTrusted: true },
  "peer for an outside number": {
    phone: registeredAsterisk,
    from: "sip:+49301@pstn.example",
    isTrusted: true,
  },
  "gateway": { phone: (net) => net.phone("+49301", TRUNK), isUnasked: true, isTrusted: true },
  "stranger": {
    phone: (net) => net.phone("mallory", { ...STRANGER, domain: "elsewhere.example" }),
    isUnasked: true,
  },
  "stranger as the gateway": {
    phone: (net) => net.phone("+49301", { ...STRANGER, domain: TRUNK.domain }),
    isUnasked: true,
  },
  "stranger as our agent": { phone: (net) => net.phone("alice", STRANGER), isUnasked: true },
  "stranger as our peer": {
    phone: (net) => net.phone("ast", { ...STRANGER, domain: "astserver" }),
    isUnasked: true,
  },
  "wrong secret": { phone: (net) => net.phone("alice", STRANGER), secret: "guess" },
};

const WORLD: LadderOptions = {
  domains: [],
  agents: [
    ...["alice", "bob", "dave"].map((username) => ({ username, domains: ["sip.local"] })),
    { username: "carol", domains: ["other.local"] },
  ],
  resources: [
    domain("sip.local", { egressPolicy: { rule: "0\\d+", didRef: "DID0001" } }),
    domain("other.local"),
    ...["ast", "pbx", "away"].map((username) => peer(username, { device: `${username}server` })),
    gateway("GW0001", TRUNK.address),
    gateway("GW0002", "203.0.113.2"),
    did("DID0001", { gwRef: "GW0001", telUrl: "tel:17066041487", aorLink: "sip:bob@sip.local" }),
    did("DID0002", { gwRef: "GW0001", telUrl: "tel:17066041488", aorLink: "sip:dave@sip.local" }),
    did("DID0003", { gwRef: "GW0002", telUrl: "tel:+1-555-0001", aorLink: "sip:bob@sip.local" }),
    did("DID0004", { gwRef: "GW0001", telUrl: "tel:+1-706-604-1489", aorLink: "sip:pbx@pbxserver" }),
  ],
};

function registeredAsterisk(net: Network): Phone {
  return net.registered("ast", { address: "192.0.2.20", domain: "astserver", registrar: "192.0.2.1" });
}

/** Everybody whom a call may reach. */
class Callees {
  readonly bob: Phone;
  readonly pbx: Phone;
  readonly trunk: Phone;

  constructor(net: Network) {
    this.bob = net.registered("bob");
    this.pbx = net.registered("pbx", { address: "192.0.2.30", domain: "pbxserver", registrar: "192.0.2.1" });
    this.trunk = net.phone("trunk", TRUNK);
  }
}

const IDENTITY = "<sip:+49777@identity.example>";

/** Calls, with a password when one is asked for and there is one. */
function call(caller: Caller, phone: Phone, uri: string): { sent: string; answer: string } {
  const from = caller.from === undefined ? "" : `From: "Somebody" <${caller.from}>;tag=a-tag\n`;
  const sent = phone.send(
    `INVITE ${uri} SIP/2.0\nContact: <${phone.uri}>\n${from}P-Asserted-Identity: ${IDENTITY}`,
  );
  const answer = phone.expect("");
  if (caller.isUnasked || !startLine(answer).startsWith("SIP/2.0 407")) return { sent, answer };
  phone.sendAsIs(ackTo(sent, answer));
  return {
    sent: phone.authenticate(sent, answer, caller.secret === undefined ? {} : { secret: caller.secret }),
    answer: phone.expect(""),
  };
}

/** The call arrived with the identity of its caller as it was, if the caller may assert one. */
function expectRinging(phone: Phone, caller: Caller, sent: string): void {
  const invite = phone.expect(`INVITE ${phone.uri} SIP/2.0`);
  assert.equal(header(invite, "From"), header(sent, "From"));
  assert.deepEqual(headers(invite, "P-Asserted-Identity"), caller.isTrusted ? [IDENTITY] : []);
  assert.equal(hasHeader(invite, "Proxy-Authorization"), false);
}

/** The call left as one of the gateway's numbers, and without anything that is nobody else's business. */
function expectEgress(trunk: Phone, sent: string): void {
  // The parameters of a number go on with it (RFC 3966).
  const [, parameters = ""] = /^INVITE tel:[^; ]*(;\S+)/.exec(sent) ?? [];
  const mark = parameters === "" ? "" : ";user=phone";
  const invite = trunk.expect(`INVITE sip:004420${parameters}@203.0.113.1${mark} SIP/2.0`);
  const name = /^"[^"]*" /.exec(header(sent, "From")) ?? "";
  const number = `${name}<sip:17066041487@203.0.113.1>`;
  assert.deepEqual(headers(invite, "P-Asserted-Identity"), [number]);
  assert.deepEqual(headers(invite, "Remote-Party-ID"), [`${number};party=calling;screen=yes`]);
  assert.equal(header(invite, "From"), header(sent, "From").replace(/@[^>]*/, "@203.0.113.1"));
  for (const name of ["Proxy-Authorization", "Authorization", "X-Gateway-Ref"]) {
    assert.equal(hasHeader(invite, name), false, name);
  }
}

for (const row of TABLE.split("\n").filter((line) => /^\S/.test(line))) {
  const [uri, ...outcomes] = row.trimEnd().split(/ +/);
  assert.equal(outcomes.length, Object.keys(CALLERS).length, uri);
  Object.entries(CALLERS).forEach(([kind, caller], column) => {
    const outcome = outcomes[column];
    Deno.test(
      `${kind} calls ${uri}: ${outcome}`,
      ladder(WORLD, (net) => {
        const callees = new Callees(net);
        const { sent, answer } = call(caller, caller.phone(net), uri);
        const isRefusal = /^\d/.test(outcome);
        assert.equal(startLine(answer).split(" ")[1], isRefusal ? outcome : "100");
        if (!isRefusal) assert.equal(hasHeader(sent, "Proxy-Authorization"), caller.isUnasked !== true);
        if (outcome === "trunk") expectEgress(callees.trunk, sent);
        if (outcome === "bob" || outcome === "pbx") expectRinging(callees[outcome], caller, sent);
      }),
    );
  });
}

Deno.test(
  "spec.interDomainCalls lets agents call the agents of other domains, not go out by their policies",
  ladder({ ...WORLD, spec: { interDomainCalls: true } }, (net) => {
    const { bob } = new Callees(net);
    const caller = CALLERS["foreign agent"];
    const carol = caller.phone(net);
    expectRinging(bob, caller, call(caller, carol, "sip:bob@sip.local").sent);
    expectRinging(bob, caller, call(caller, carol, "sip:17066041487@sip.local").sent);
    for (
      const [uri, status] of [["sip:dave@sip.local", 480], ["sip:nobody@sip.local", 404], [
        "sip:004420@sip.local",
        404,
      ]]
    ) {
      assert.equal(startLine(call(caller, carol, String(uri)).answer).split(" ")[1], String(status));
    }
  }),
);

Deno.test(
  "An agent of two domains is reached in either, calls in either, and goes out by the policy of the one that is dialled",
  ladder({
    ...WORLD,
    agents: [...WORLD.agents!, { username: "erin", domains: ["sip.local", "other.local"] }],
  }, (net) => {
    const { bob, trunk } = new Callees(net);
    const erin = net.registered("erin", { domain: "other.local" });
    const caller: Caller = { phone: () => erin };
    expectRinging(bob, caller, call(caller, erin, "sip:bob@sip.local").sent);
    expectEgress(trunk, call(caller, erin, "sip:004420@sip.local").sent);
    for (const [username, domain] of [["alice", "sip.local"], ["carol", "other.local"]]) {
      const other: Caller = { phone: (net) => net.phone(username, { domain }) };
      expectRinging(erin, other, call(other, other.phone(net), `sip:erin@${domain}`).sent);
    }
  }),
);

Deno.test(
  "An agent that names itself as another agent is refused, with the password that it has",
  ladder(WORLD, (net) => {
    new Callees(net);
    const caller: Caller = { phone: (net) => net.phone("alice"), from: "sip:dave@sip.local" };
    assert.match(call(caller, caller.phone(net), "sip:bob@sip.local").answer, /^SIP\/2\.0 403 /);
  }),
);

Deno.test(
  "A provider may name callers in a domain of ours, but not its users, who need their passwords",
  ladder(WORLD, (net) => {
    const { bob } = new Callees(net);
    const caller: Caller = { ...CALLERS["gateway"], from: "sip:+49301@sip.local" };
    expectRinging(bob, caller, call(caller, caller.phone(net), "sip:17066041487@sip.local").sent);
    const spoofed = { ...caller, from: "sip:alice@sip.local" };
    assert.match(call(spoofed, caller.phone(net), "sip:17066041487@sip.local").answer, /^SIP\/2\.0 407 /);
  }),
);

Deno.test(
  "Out-of-dialog requests of other methods have the same rights, but that only calls and messages go out",
  ladder(WORLD, (net) => {
    const { bob, trunk } = new Callees(net);
    const alice = net.phone("alice");
    const mallory = net.phone("mallory", { ...STRANGER, domain: "elsewhere.example" });
    for (const method of ["MESSAGE", "INFO", "REFER", "NOTIFY", "SUBSCRIBE", "PUBLISH", "OPTIONS"]) {
      alice.sendAuthenticated(`${method} sip:bob@sip.local SIP/2.0`);
      bob.expect(`${method} ${bob.uri} SIP/2.0`);
      alice.sendAuthenticated(`${method} sip:004420@sip.local SIP/2.0`);
      if (method === "MESSAGE") trunk.expect(`${method} sip:004420@203.0.113.1 SIP/2.0`);
      else alice.expect("403");
      alice.sendAuthenticated(`${method} sip:bob@elsewhere.example SIP/2.0`);
      alice.expect("403");
      mallory.send(`${method} sip:004420@sip.local SIP/2.0`);
      mallory.expect("403");
    }
  }),
);

Deno.test(
  "A stranger does not reach a trunk by Route headers, by To, or by saying that it is in a dialog",
  ladder({ ...WORLD, spec: { useToAsAOR: true } }, (net) => {
    new Callees(net);
    const mallory = net.phone("mallory", { ...STRANGER, domain: "elsewhere.example" });
    mallory.send(`
      INVITE sip:bob@sip.local SIP/2.0
      To: <sip:004420@sip.local>
    `);
    mallory.expect("403");
    for (
      const route of [
        "<sip:203.0.113.1;lr>",
        "<sip:192.0.2.1;lr>, <sip:203.0.113.1;lr>",
        "<sip:0123456789abcdef.a0-cb007101-13c4.a0-cb007101-13c4@192.0.2.1:5060;lr>",
      ]
    ) {
      mallory.send(`
        INVITE sip:004420@203.0.113.1 SIP/2.0
        Route: ${route}
        To: <sip:004420@203.0.113.1>;tag=x
      `);
      assert.match(mallory.expect(""), /^SIP\/2\.0 4/);
    }
  }),
);

Deno.test(
  "spec.allowUnauthenticatedCalls: anybody may call agents; a From of an agent or peer may call trunks",
  ladder({ ...WORLD, spec: { allowUnauthenticatedCalls: true } }, (net) => {
    const { bob, trunk } = new Callees(net);
    const mallory = CALLERS["stranger"];
    const phone = mallory.phone(net);
    expectRinging(bob, mallory, call(mallory, phone, "sip:bob@sip.local").sent);
    for (const [uri, status] of [["sip:004420@sip.local", 404], ["sip:bob@elsewhere.example", 403]]) {
      assert.equal(startLine(call(mallory, phone, String(uri)).answer).split(" ")[1], String(status));
    }
    const alice: Caller = { ...CALLERS["agent"], isUnasked: true };
    expectEgress(trunk, call(alice, alice.phone(net), "sip:004420@sip.local").sent);
    const ast: Caller = { phone: (net) => net.phone("ast", { domain: "astserver" }), isUnasked: true };
    expectEgress(trunk, call(ast, ast.phone(net), "sip:004420@sip.local").sent);
  }),
);

Deno.test(
  "Emergency services and other URNs are nobody here: 404",
  ladder(WORLD, (net) => {
    new Callees(net);
    for (
      const uri of [
        "urn:service:sos",
        "urn:service:sos.police",
        "urn:nena:service:police",
        "tel:112",
        "sip:911@sip.local",
      ]
    ) {
      const { answer } = call(CALLERS["agent"], net.phone("alice"), uri);
      assert.match(answer, /^SIP\/2\.0 404 /, uri);
      const fromTrunk = call(CALLERS["gateway"], net.phone("+49301", TRUNK), uri);
      assert.match(fromTrunk.answer, /^SIP\/2\.0 404 /, uri);
    }
  }),
);

Deno.test(
  "A gateway names its callers as it likes: by tel: URI, or not at all; a stranger that does so is a stranger",
  ladder(WORLD, (net) => {
    const { bob } = new Callees(net);
    const trunk = net.phone("trunk", TRUNK);
    const mallory = net.phone("mallory", STRANGER);
    for (
      const [from, status] of [
        ["<tel:+49301>", "403"],
        ['"Anonymous" <sip:anonymous@anonymous.invalid>', "403"],
        ["<sip:203.0.113.1>", "403"],
        // A peer may be at the address of this server; nobody learns which names peers have.
        ["<sip:+49301@192.0.2.1>", "407"],
      ]
    ) {
      trunk.send(`MESSAGE sip:17066041487@192.0.2.1 SIP/2.0\nFrom: ${from};tag=a`);
      bob.expect("MESSAGE ");
      mallory.send(`MESSAGE sip:17066041487@192.0.2.1 SIP/2.0\nFrom: ${from};tag=a`);
      mallory.expect(status);
    }
  }),
);

Deno.test(
  "Two gateways at one address: the numbers of either ring",
  ladder({
    ...WORLD,
    resources: [
      ...WORLD.resources!,
      gateway("GW0003", TRUNK.address),
      did("DID0005", { gwRef: "GW0003", telUrl: "tel:15550005", aorLink: "sip:bob@sip.local" }),
    ],
  }, (net) => {
    const { bob, trunk } = new Callees(net);
    for (const number of ["17066041487", "15550005"]) {
      trunk.send(`MESSAGE sip:${number}@192.0.2.1 SIP/2.0`);
      bob.expect("MESSAGE ");
    }
    trunk.send("MESSAGE sip:15550001@192.0.2.1 SIP/2.0");
    trunk.expect("404");
  }),
);
