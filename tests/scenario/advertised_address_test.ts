/** The advertised address of the server, which depends on the receiver: `spec.externAddr`, `spec.localnets`. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { did, domain, gateway } from "../support/resources.ts";
import { ladder, type LadderOptions } from "../support/scenario.ts";
import { fromCallee, fromCaller, headers } from "../support/sip_text.ts";

const TRUNK = "203.0.113.1";

/** Inside is 192.0.2.0/24, where the server is, too. */
function world(spec: object): LadderOptions {
  return {
    domains: [],
    agents: ["alice", "bob"].map((username) => ({ username, domains: ["sip.local"] })),
    resources: [
      domain("sip.local", { egressPolicy: { rule: "\\d+", didRef: "DID0001" } }),
      gateway("GW0001", TRUNK),
      did("DID0001", { gwRef: "GW0001", telUrl: "tel:17066041487", aorLink: "sip:bob@sip.local" }),
    ],
    spec: { recordRoute: true, localnets: ["192.0.2.0/24"], ...spec },
  };
}

/** The server's Via and its Record-Route entries, without branch and seal. */
function ownRows(request: string): string[] {
  const [via] = headers(request, "Via");
  return [`Via: ${via.replace(/;branch=[^;]*/, "")}`, ...recordRoutes(request)];
}

function recordRoutes(message: string): string[] {
  return headers(message, "Record-Route").map((value) => `Record-Route: ${value.replace(/:[^@]*@/, ":*@")}`);
}

/** A call as each end sees it. */
interface Snapshot {
  readonly inviteAtCallee: readonly string[];
  readonly okAtCaller: readonly string[];
  readonly byeAtCallee: readonly string[];
  readonly infoAtCaller: readonly string[];
}

/** A whole call, with a request within the dialog each way. */
function snapshotOf(caller: Phone, callee: Phone, target: string): Snapshot {
  const invite = caller.send(`INVITE ${target} SIP/2.0\nContact: <${caller.uri}>`);
  let sent = invite;
  let answer = caller.expect("");
  if (answer.startsWith("SIP/2.0 407")) {
    sent = caller.authenticate(invite, answer);
    answer = caller.expect("100");
  }
  const arrived = callee.expect("INVITE ");
  const accepted = callee.accept(arrived);
  const ok = caller.expect("200");
  caller.send(fromCaller("ACK", { invite: sent, ok }));
  assert.deepEqual(ownRows(callee.expect("ACK ")), ownRows(arrived).slice(0, 1));
  callee.send(fromCallee("INFO", { invite: arrived, ok: accepted }));
  const info = caller.expect("INFO ");
  caller.answer(info, "200 OK");
  callee.expect("200");
  caller.send(fromCaller("BYE", { invite: sent, ok, cseq: 100 }));
  const bye = callee.expect("BYE ");
  callee.answer(bye, "200 OK");
  caller.expect("200");
  assert.deepEqual([headers(bye, "Route"), headers(info, "Route")], [[], []]);
  return {
    inviteAtCallee: ownRows(arrived),
    okAtCaller: recordRoutes(ok),
    byeAtCallee: ownRows(bye),
    infoAtCaller: ownRows(info),
  };
}

const INSIDE = { alice: "192.0.2.11", bob: "192.0.2.12" };
const OUTSIDE = { alice: "203.0.113.11", bob: "203.0.113.12" };

function via(host: string): string {
  return `Via: SIP/2.0/UDP ${host};rport`;
}

function recordRoute(host: string): string {
  return `Record-Route: <sip:*@${host};lr>`;
}

/** Checks a call to which the server is `facingCaller` at one end and `facingCallee` at the other. */
function expected(facingCaller: string, facingCallee: string): Snapshot {
  const entries = [...new Set([facingCallee, facingCaller])].map(recordRoute);
  return {
    inviteAtCallee: [via(facingCallee), ...entries],
    okAtCaller: entries,
    byeAtCallee: [via(facingCallee)],
    infoAtCaller: [via(facingCaller)],
  };
}

const INTERNAL = "192.0.2.1:5060";
const EXTERNAL = "198.51.100.1:5060";

/** `spec`, then what inside and outside are told. */
const CASES: readonly { name: string; spec: object; inside: string; outside: string }[] = [
  { name: "without externAddr", spec: {}, inside: INTERNAL, outside: INTERNAL },
  { name: "with externAddr", spec: { externAddr: "198.51.100.1" }, inside: INTERNAL, outside: EXTERNAL },
  {
    name: "with externAddr and a port",
    spec: { externAddr: "198.51.100.1:15060" },
    inside: INTERNAL,
    outside: "198.51.100.1:15060",
  },
  {
    name: "with a name as externAddr",
    spec: { externAddr: "sip.example.com" },
    inside: INTERNAL,
    outside: "sip.example.com:5060",
  },
  {
    name: "with externAddr and a mask as localnets",
    spec: { externAddr: "198.51.100.1", localnets: ["10.0.0.0/8", "192.0.2.0/255.255.255.0"] },
    inside: INTERNAL,
    outside: EXTERNAL,
  },
  {
    name: "with externAddr and no localnets",
    spec: { externAddr: "198.51.100.1", localnets: [] },
    inside: EXTERNAL,
    outside: EXTERNAL,
  },
];

for (const { name, spec, inside, outside } of CASES) {
  for (
    const [way, from, to, facing] of [
      ["inside to inside", INSIDE, INSIDE, [inside, inside]],
      ["inside to outside", INSIDE, OUTSIDE, [inside, outside]],
      ["outside to inside", OUTSIDE, INSIDE, [outside, inside]],
      ["outside to outside", OUTSIDE, OUTSIDE, [outside, outside]],
    ] as const
  ) {
    Deno.test(
      `${name}, a call from ${way}: Via and Record-Route name the server as each side knows it`,
      ladder(world(spec), (net) => {
        const alice = net.phone("alice", { address: from.alice });
        const bob = net.registered("bob", { address: to.bob });
        assert.deepEqual(snapshotOf(alice, bob, "sip:bob@sip.local"), expected(facing[0], facing[1]));
      }),
    );
  }
  Deno.test(
    `${name}, calls out by a trunk and in from it: likewise`,
    ladder(world(spec), (net) => {
      const bob = net.registered("bob");
      const trunk = net.phone("+49301", { address: TRUNK, domain: TRUNK });
      assert.deepEqual(snapshotOf(bob, trunk, "sip:4420@sip.local"), expected(inside, outside));
      assert.deepEqual(snapshotOf(trunk, bob, `sip:17066041487@${outside}`), expected(outside, inside));
    }),
  );
}

Deno.test(
  "The external address is this server: users are called and devices registered at it",
  ladder(world({ externAddr: "198.51.100.1" }), (net) => {
    const alice = net.phone("alice", { address: OUTSIDE.alice });
    const bob = net.registered("bob");
    alice.send("OPTIONS sip:198.51.100.1 SIP/2.0");
    alice.expect("200");
    alice.sendAuthenticated("MESSAGE sip:bob@198.51.100.1 SIP/2.0");
    bob.expect("MESSAGE ");
    alice.sendAuthenticated("MESSAGE sip:bob@198.51.100.1:5099 SIP/2.0");
    alice.expect("403");
    alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0\nRoute: <sip:198.51.100.1;lr>");
    bob.expect("MESSAGE ");
  }),
);

Deno.test(
  "Without spec.recordRoute a call from inside to outside has both entries all the same, one within a side none",
  ladder(world({ externAddr: "198.51.100.1", recordRoute: false }), (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob", { address: OUTSIDE.bob });
    alice.invite("sip:bob@sip.local");
    assert.deepEqual(recordRoutes(bob.expect("INVITE ")), [recordRoute(EXTERNAL), recordRoute(INTERNAL)]);
    const near = net.registered("alice");
    bob.invite("sip:alice@sip.local");
    assert.deepEqual(recordRoutes(near.expect("INVITE ")), [recordRoute(INTERNAL), recordRoute(EXTERNAL)]);
    const beside = net.registered("bob", { address: INSIDE.bob });
    alice.sendAuthenticated(`SUBSCRIBE sip:bob@sip.local SIP/2.0\nContact: <${alice.uri}>`);
    assert.deepEqual(recordRoutes(beside.expect("SUBSCRIBE ")), []);
    bob.expect("SUBSCRIBE ");
  }),
);

Deno.test(
  "By TCP the entries name the transport",
  ladder(world({ externAddr: "198.51.100.1" }), (net) => {
    const alice = net.phone("alice", { address: OUTSIDE.alice, protocol: "tcp", port: 40_000 });
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local");
    assert.deepEqual(recordRoutes(bob.expect("INVITE ")), [
      recordRoute(INTERNAL),
      recordRoute(`${EXTERNAL};transport=tcp`),
    ]);
  }),
);

Deno.test(
  "No answer to the outside names the address inside",
  ladder(world({ externAddr: "198.51.100.1" }), (net) => {
    const alice = net.phone("alice", { address: OUTSIDE.alice });
    for (
      const request of [
        "OPTIONS sip:198.51.100.1 SIP/2.0",
        "INVITE sip:bob@sip.local SIP/2.0",
        "REGISTER sip:sip.local SIP/2.0",
      ]
    ) {
      alice.send(request);
      assert.equal(alice.expect("").includes("192.0.2.1"), false);
    }
  }),
);
