/** Resources that change while the server runs: what was allowed by the old ones ends, and nothing else does. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { agent, did, domain, gateway, peer } from "../support/resources.ts";
import { ladder, type LadderResources, SERVER } from "../support/scenario.ts";
import { fromCallee, fromCaller } from "../support/sip_text.ts";

const TRUNK = "203.0.113.1";

const ALICE = agent("alice");
const BOB = agent("bob");

const NUMBER = did("DID0001", { gwRef: "GW0001", telUrl: "tel:17066041487", aorLink: "sip:bob@sip.local" });

function world(...resources: NonNullable<LadderResources["resources"]>): LadderResources {
  return { domains: [], agents: [], resources: [domain("sip.local"), ...resources] };
}

const BEFORE = world(ALICE, BOB, peer("ast", { device: "astserver" }));

/** The status with which a MESSAGE is answered, "" when it went on to somebody. */
function statusOf(phone: Phone, target: string): string {
  phone.sendAuthenticated(`MESSAGE ${target} SIP/2.0`);
  return phone.takeAll()[0]?.split(" ")[1] ?? "";
}

Deno.test(
  "An agent's secret is changed: its bindings go, the old password is refused, the new one is taken",
  ladder(BEFORE, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const changed = agent("bob", { credentials: { username: "bob", secret: "another" } });
    net.replace(world(ALICE, changed, peer("ast", { device: "astserver" })));
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "480");
    assert.match(bob.tryRegister(), /^SIP\/2\.0 401 /);
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "480");
    const request = bob.send(`REGISTER sip:sip.local SIP/2.0\nContact: <${bob.uri}>`);
    bob.authenticate(request, bob.expect("401"), { secret: "another" });
    bob.expect("200");
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "");
    bob.expect("MESSAGE ");
  }),
);

Deno.test(
  "An agent's old password is good for no calls, either, also with a nonce from before",
  ladder(BEFORE, (net) => {
    net.registered("bob");
    const alice = net.phone("alice");
    const request = alice.send("MESSAGE sip:bob@sip.local SIP/2.0");
    const challenge = alice.expect("407");
    net.replace(world(agent("alice", { credentials: { username: "alice", secret: "another" } }), BOB));
    alice.authenticate(request, challenge);
    alice.expect("407");
  }),
);

Deno.test(
  "An agent is removed by an administrator: it is nobody, and its bindings are gone when it comes back",
  ladder(BEFORE, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    net.replace(world(ALICE), true);
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "404");
    assert.match(bob.tryRegister(), /^SIP\/2\.0 401 /);
    net.replace(BEFORE, true);
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "480");
  }),
);

Deno.test(
  "Agents and peers that are away for a moment are nobody meanwhile, and are reached again without registering",
  ladder(BEFORE, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const ast = net.registered("ast", { registrar: SERVER });
    net.replace(world(ALICE));
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "404");
    assert.match(bob.tryRegister(), /^SIP\/2\.0 401 /);
    assert.equal(statusOf(alice, "sip:ast@astserver"), "403");
    net.clock.advance(59_000);
    net.replace(BEFORE);
    net.clock.advance(60_000);
    assert.equal(net.server.location.size, 2);
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "");
    bob.expect("MESSAGE ");
    assert.equal(statusOf(alice, "sip:ast@astserver"), "");
    ast.expect("MESSAGE ");
  }),
);

Deno.test(
  "An agent that is away for more than a minute, or comes back with another secret, has to register again",
  ladder(BEFORE, (net) => {
    const alice = net.phone("alice");
    net.registered("bob");
    net.replace(world(ALICE));
    net.clock.advance(60_000);
    assert.equal(net.server.location.size, 0);
    net.replace(BEFORE);
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "480");
    net.phone("bob").register();
    net.replace(world(ALICE));
    net.replace(world(ALICE, agent("bob", { credentials: { username: "bob", secret: "another" } })));
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "480");
  }),
);

Deno.test(
  "An agent leaves a domain: it is reached there no longer, and in its other one again when it registers",
  ladder({
    domains: ["sip.local", "other.local"],
    agents: [],
    resources: [ALICE, agent("bob", { domains: ["sip.local", "other.local"] })],
  }, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob", { domain: "other.local" });
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "");
    bob.expect("MESSAGE ");
    net.replace({
      domains: ["sip.local", "other.local"],
      agents: [],
      resources: [ALICE, agent("bob", { domains: ["sip.local"] })],
    });
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "480");
    assert.match(bob.tryRegister(), /^SIP\/2\.0 401 /);
    net.registered("bob");
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "");
    bob.expect("MESSAGE ");
  }),
);

Deno.test(
  "What is not changed stays: other resources may come and go",
  ladder(BEFORE, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    net.replace(world(
      agent("bob"),
      ALICE,
      agent("erin"),
      gateway("GW0001", TRUNK),
      NUMBER,
    ));
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "");
    bob.expect("MESSAGE ");
  }),
);

Deno.test(
  "A change that has nothing to do with passwords leaves an agent's bindings",
  ladder(BEFORE, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    net.replace(
      world(ALICE, { ...agent("bob", { privacy: "private", maxContacts: 3 }), metadata: { name: "Robert" } }),
    );
    assert.equal(statusOf(alice, "sip:bob@sip.local"), "");
    bob.expect("MESSAGE ");
  }),
);

Deno.test(
  "A removed domain is foreign, and its users are unauthenticated",
  ladder({
    ...BEFORE,
    resources: [...BEFORE.resources!, domain("other.local"), agent("carol", { domains: ["other.local"] })],
  }, (net) => {
    const carol = net.registered("carol", { domain: "other.local" });
    net.replace(BEFORE);
    carol.send("MESSAGE sip:bob@sip.local SIP/2.0");
    carol.expect("403");
    assert.equal(statusOf(net.phone("alice"), "sip:carol@other.local"), "403");
  }),
);

Deno.test(
  "A peer's secret or device is changed: its bindings go",
  ladder(BEFORE, (net) => {
    const alice = net.phone("alice");
    const place = { address: "192.0.2.20", domain: "astserver", registrar: SERVER };
    const changes = [
      {
        spec: { device: "astserver", credentials: { username: "ast", secret: "another" } },
        target: "sip:ast@astserver",
      },
      { spec: { device: "newserver" }, target: "sip:ast@newserver" },
    ];
    for (const { spec, target } of changes) {
      net.replace(BEFORE);
      const ast = net.registered("ast", place);
      assert.equal(statusOf(alice, "sip:ast@astserver"), "");
      ast.expect("MESSAGE ");
      net.replace(world(ALICE, peer("ast", spec)));
      assert.equal(statusOf(alice, target), "480");
    }
    net.replace(world(ALICE));
    assert.equal(statusOf(alice, "sip:ast@astserver"), "403");
  }),
);

Deno.test(
  "A call goes on when its agents and their domain are removed",
  ladder({ ...BEFORE, spec: { recordRoute: true } }, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.invite("sip:bob@sip.local");
    const arrived = bob.expect("INVITE ");
    const accepted = bob.accept(arrived);
    const ok = alice.expect("200");
    net.replace({ domains: [], agents: [] });
    alice.send(fromCaller("ACK", { invite, ok }));
    bob.expect("ACK ");
    bob.send(fromCallee("BYE", { invite: arrived, ok: accepted }));
    alice.answer(alice.expect("BYE "), "200 OK");
    bob.expect("200");
  }),
);

Deno.test(
  "A gateway is added: its calls come in; removed: they do no longer",
  ladder(BEFORE, (net) => {
    const bob = net.registered("bob");
    const trunk = net.phone("+49301", { address: TRUNK, domain: TRUNK });
    const call = () => trunk.send("MESSAGE sip:17066041487@192.0.2.1 SIP/2.0");
    call();
    trunk.expect("403");
    net.replace(
      world(
        ALICE,
        BOB,
        gateway("GW0001", TRUNK),
        NUMBER,
      ),
    );
    call();
    bob.expect("MESSAGE ");
    net.replace(BEFORE);
    call();
    trunk.expect("403");
  }),
);

Deno.test(
  "An egress policy is changed: the next call obeys it",
  ladder(BEFORE, (net) => {
    const alice = net.phone("alice");
    const trunk = net.phone("trunk", { address: TRUNK });
    const withRule = (rule: string): LadderResources => ({
      domains: [],
      agents: [],
      resources: [
        domain("sip.local", { egressPolicy: { rule, didRef: "DID0001" } }),
        gateway("GW0001", TRUNK),
        NUMBER,
        ALICE,
      ],
    });
    assert.equal(statusOf(alice, "sip:004420@sip.local"), "404");
    net.replace(withRule("00.*"));
    assert.equal(statusOf(alice, "sip:004420@sip.local"), "");
    trunk.expect("MESSAGE ");
    net.replace(withRule("11.*"));
    assert.equal(statusOf(alice, "sip:004420@sip.local"), "404");
  }),
);

Deno.test(
  "A DID is linked to somebody else: the next call rings there",
  ladder(BEFORE, (net) => {
    const phones = { bob: net.registered("bob"), alice: net.registered("alice") };
    const trunk = net.phone("+49301", { address: TRUNK, domain: TRUNK });
    for (const username of ["bob", "alice"] as const) {
      const aorLink = `sip:${username}@sip.local`;
      net.replace(
        world(
          ALICE,
          BOB,
          gateway("GW0001", TRUNK),
          did("DID0001", { gwRef: "GW0001", telUrl: "tel:17066041487", aorLink }),
        ),
      );
      trunk.send("MESSAGE sip:17066041487@192.0.2.1 SIP/2.0");
      phones[username].expect("MESSAGE ");
    }
  }),
);
