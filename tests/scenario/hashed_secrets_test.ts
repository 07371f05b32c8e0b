/** Accounts of which the server knows hashes only (RFC 7616 §3.4.2): `spec.credentials.ha1`. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import type { Phone } from "../support/phone.ts";
import { secretOf } from "../support/phone.ts";
import { agent, domain, gateway, peer } from "../support/resources.ts";
import { ladder, type LadderResources, type Network, SERVER } from "../support/scenario.ts";
import { hasHeader } from "../support/sip_text.ts";
import { challenge, challengeOnce, DID, DOMAIN, TRUNK, trunkOf, WORLD } from "../support/trunk.ts";

const ALGORITHMS = ["MD5", "SHA-256"] as const;

/** The text that both hashes of an account are made of. */
function secretPart(username: string, realm: string, secret = secretOf(username)): string {
  return `${username}:${realm}:${secret}`;
}

function md5(text: string): { md5: string } {
  return { md5: hash("md5", text) };
}

function sha256(text: string): { sha256: string } {
  return { sha256: hash("sha256", text) };
}

/** An agent of sip.local. */
function hashedAgent(username: string, ha1: object): NonNullable<LadderResources["resources"]>[number] {
  return agent(username, { credentials: { username, ha1 } });
}

function world(...resources: NonNullable<LadderResources["resources"]>): LadderResources {
  return { domains: [], agents: [], resources: [domain("sip.local"), ...resources] };
}

const ALICE = secretPart("alice", "sip.local");
const BOTH = hashedAgent("alice", { ...md5(ALICE), ...sha256(ALICE) });

/** The status that answers a REGISTER with credentials of one algorithm. */
function registerBy(algorithm: string, phone: Phone, secret = phone.secret): string {
  const request = phone.send(`REGISTER sip:sip.local SIP/2.0\nContact: <${phone.uri}>`);
  phone.authenticate(request, phone.expect("401"), { algorithm, secret });
  return phone.expect("").split(" ")[1];
}

for (const algorithm of ALGORITHMS) {
  Deno.test(
    `An agent with hashes registers and calls by ${algorithm}, with the right password only`,
    ladder(world(BOTH, agent("bob")), (net) => {
      const alice = net.phone("alice");
      assert.equal(registerBy(algorithm, alice, "wrong"), "401");
      assert.equal(registerBy(algorithm, alice, hash("md5", ALICE)), "401");
      assert.equal(registerBy(algorithm, alice), "200");
      const bob = net.registered("bob");
      alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
      bob.expect("MESSAGE ");
    }),
  );
}

Deno.test(
  "A hash of one algorithm is good for that one; the other is still offered, and refused as a wrong password is",
  ladder(world(hashedAgent("alice", md5(ALICE))), (net) => {
    const alice = net.phone("alice");
    const statuses = ALGORITHMS.map((algorithm) => registerBy(algorithm, alice));
    assert.deepEqual(statuses, ["200", "401"]);
  }),
);

Deno.test(
  "A hash is good for its realm only",
  ladder(
    world(hashedAgent("alice", { realm: "elsewhere", ...md5(secretPart("alice", "elsewhere")) })),
    (net) => {
      assert.match(net.phone("alice").tryRegister(), /^SIP\/2\.0 401 /);
    },
  ),
);

Deno.test(
  "A peer with a hash for its device registers there",
  ladder(
    world(peer("ast", {
      device: "astserver",
      credentials: { username: "ast", ha1: md5(secretPart("ast", "astserver")) },
    })),
    (net) => {
      net.phone("ast", { domain: "astserver", address: "192.0.2.40", registrar: SERVER }).register();
    },
  ),
);

Deno.test(
  "Registrations stay when a secret gives way to its hash, and go when it is the hash of another",
  ladder(world(agent("alice")), (net) => {
    net.registered("alice");
    net.replace(world(BOTH));
    assert.equal(net.server.location.size, 1);
    net.replace(world(hashedAgent("alice", md5(secretPart("alice", "sip.local", "another")))));
    assert.equal(net.server.location.size, 0);
  }),
);

/** A trunk of the realm `provider` that asks by MD5 unless it says otherwise. */
function trunkWorld(ha1: object): LadderResources {
  const credentials = { username: "trunk-user", ha1 };
  return {
    ...WORLD,
    resources: [DOMAIN, gateway("GW0001", TRUNK, { credentials, sendRegister: false }), DID],
  };
}

const TRUNK_HASH = { realm: "provider", ...md5("trunk-user:provider:trunk-secret") };

Deno.test(
  "A gateway is answered by the hash for its realm and algorithm",
  ladder(trunkWorld(TRUNK_HASH), (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    alice.invite("sip:+4420@sip.local");
    const again = challengeOnce(trunk, trunk.expect("INVITE "));
    assert.ok(hasHeader(again, "Proxy-Authorization"));
    trunk.answer(again, "180 Ringing");
    alice.expect("180");
  }),
);

/** Returns the response to a caller whose call the trunk challenges. */
function challengedCall(net: Network, offer: string): string {
  const alice = net.phone("alice");
  const trunk = trunkOf(net);
  alice.invite("sip:+4420@sip.local");
  const lines = `Proxy-Authenticate: ${offer}`;
  trunk.answer(trunk.expect("INVITE "), "407 Proxy Authentication Required", { lines });
  trunk.expect("ACK ");
  trunk.expectNothing();
  return alice.expect("").split(" ")[1];
}

for (
  const [what, offer] of [
    ["another algorithm", challenge("n1", { more: ", algorithm=SHA-256" })],
    ["another realm", challenge("n1", { realm: "victim" })],
  ]
) {
  Deno.test(
    `A gateway that asks for ${what} than that of the hash gets nothing, as one without credentials`,
    async () => {
      const statuses: string[] = [];
      const without = gateway("GW0001", TRUNK);
      for (const world of [trunkWorld(TRUNK_HASH), { ...WORLD, resources: [DOMAIN, without, DID] }]) {
        await ladder(world, (net) => void statuses.push(challengedCall(net, offer)))();
      }
      assert.equal(statuses[0], statuses[1]);
    },
  );
}
