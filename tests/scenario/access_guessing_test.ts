/** Guessing of passwords: who is silenced, how soon, and who is not (`spec.access`). */
import assert from "node:assert/strict";
import { challengeFor, guess, guesser, guessOn, guessWith } from "../support/guesser.ts";
import { secretOf } from "../support/phone.ts";
import { ladder, type Network } from "../support/scenario.ts";
import { fromCaller } from "../support/sip_text.ts";

const SHARED = "203.0.113.7";
const LONELY = "198.51.100.7";
const USERS = [
  { username: "alice", domains: ["sip.local"] },
  { username: "bob", domains: ["sip.local"] },
  { username: "bob", domains: ["other.local"] },
];

for (const protocol of ["udp", "tcp"] as const) {
  Deno.test(
    `an address that guesses by ${protocol} hears nothing after 10 wrong passwords`,
    ladder((net) => {
      const events = net.listen("address.");
      const mallory = guesser(net, { address: LONELY, protocol });
      assert.equal(guessOn(mallory, 30, () => net.clock.advance(100)), 10);
      assert.deepEqual(events.map(({ type }) => type), ["address.banned"]);
      // Neither at another port nor by another transport.
      assert.equal(guess(guesser(net, { address: LONELY, port: 40001, protocol: "udp" })), undefined);
      assert.equal(guess(guesser(net, { address: LONELY, port: 40002, protocol: "tcp" })), undefined);
      // The right password is of no use now.
      assert.equal(guess(mallory, "bob"), undefined);
    }),
  );

  Deno.test(
    `a phone behind the address that guesses by ${protocol} stays registered, refreshes and calls`,
    ladder((net) => {
      const alice = net.registered("alice", { address: SHARED, port: 5062 });
      const bob = net.registered("bob");
      const answered = guessOn(guesser(net, { address: SHARED, protocol, username: "carol" }), 30);
      assert.equal(answered, 10);
      assert.deepEqual(net.contactsOf("alice").length, 1);
      for (let i = 0; i < 50; i++) alice.register();
      call(net, alice, bob);
      // And is called.
      const incoming = bob.invite("sip:alice@sip.local");
      alice.accept(alice.expect("INVITE"));
      assert.match(bob.expect("200"), /alice/);
      assert.ok(incoming);
    }),
  );
}

Deno.test(
  "a rebooted phone behind an address that guesses gets in from a new port",
  ladder((net) => {
    net.registered("alice", { address: SHARED, port: 5062 });
    assert.equal(guessOn(guesser(net, { address: SHARED, username: "carol" }), 30), 10);
    net.clock.advance(6000);
    const rebooted = net.registered("alice", { address: SHARED, port: 5099 });
    // It is known by its flow now, and as quick as ever.
    for (let i = 0; i < 50; i++) rebooted.register();
  }),
);

Deno.test(
  "a rebooted phone gets in while its neighbour behind the banned address goes on guessing",
  ladder((net) => {
    net.registered("alice", { address: SHARED, port: 5062 });
    const mallory = [1, 2, 3].map((i) =>
      guesser(net, { address: SHARED, port: 40000 + i, username: "carol" })
    );
    for (let i = 0; i < 4; i++) for (const one of mallory) guess(one);
    const rebooted = net.phone("alice", { address: SHARED, port: 5099 });
    for (let time = 0; time < 10_000; time += 500) {
      net.clock.advance(500);
      for (const one of mallory) for (let i = 0; i < 10; i++) assert.equal(guess(one), undefined);
      const request = rebooted.send(`REGISTER sip:sip.local SIP/2.0\nContact: <${rebooted.uri}>`);
      const [challenge] = rebooted.takeAll();
      if (challenge === undefined) continue;
      for (;;) {
        rebooted.authenticate(request, challenge);
        const [answer] = rebooted.takeAll();
        if (answer !== undefined) return assert.match(answer, /^SIP\/2\.0 200 /);
        net.clock.advance(500);
      }
    }
    assert.fail("the phone was not heard within 10 seconds");
  }),
);

Deno.test(
  "a client that answers each challenge at once with its wrong password does not ban itself",
  ladder((net) => {
    const events = net.listen("address.");
    const phone = guesser(net, { address: LONELY });
    // As libre before 2.0 does it; after a minute, two, four … it begins again.
    for (let pause = 60_000; pause < 1_000_000; pause *= 2) {
      let { challenge } = challengeFor(phone)!;
      const statuses: string[] = [];
      while (challenge.startsWith("SIP/2.0 401 ")) {
        challenge = guessWith(phone, challenge)!;
        statuses.push(challenge.slice(8, 11));
      }
      assert.equal(statuses.at(-1), "403");
      assert.ok(statuses.length <= 3, statuses.join());
      net.clock.advance(pause);
    }
    // It is corrected.
    phone.register();
    assert.deepEqual(events, []);
  }),
);

Deno.test(
  "silence comes after as many tries at users that exist as at users that do not",
  ladder((net) => {
    for (const protocol of ["udp", "tcp"] as const) {
      const known = guesser(net, { address: "198.51.100.20", protocol, username: "bob" });
      const unknown = guesser(net, { address: "198.51.100.21", protocol, username: "nobody" });
      assert.equal(guessOn(known, 30), protocol === "udp" ? 10 : 0);
      assert.equal(guessOn(unknown, 30), protocol === "udp" ? 10 : 0);
    }
  }),
);

Deno.test(
  "answers to tries at users that exist and at users that do not are alike",
  ladder((net) => {
    const answers = ["bob", "nobody"].map((username, i) => {
      const one = guesser(net, { address: `198.51.100.3${i}`, username });
      return Array.from({ length: 10 }, () => blank(guess(one)!));
    });
    assert.deepEqual(answers[0], answers[1].map((answer) => answer.replaceAll("nobody", "bob")));
  }),
);

Deno.test(
  "a user who is registered cannot guess the passwords of others on his own flow",
  ladder((net) => {
    const mallory = net.registered("alice", { address: LONELY, port: 40000 });
    const events = net.listen("address.");
    const from = (username: string) => guesser(net, { address: LONELY, port: 40000, username });
    const others = new Set(["bob", "carol", "dave"]);
    for (let i = 0; i < 99; i++) guess(from([...others][i % 3]), "wrong");
    // Right passwords tell when one was tried.
    const times: number[] = [];
    for (let time = 0; time < 30_000 && others.size > 0; time += 100) {
      net.clock.advance(100);
      const told = [...others].filter((username) =>
        guess(from(username), secretOf(username))!.startsWith("SIP/2.0 200")
      );
      for (const username of told) others.delete(username);
      times.push(...told.map(() => time));
    }
    assert.equal(times.length, 3);
    assert.ok(times[1] - times[0] >= 2500 && times[2] - times[1] >= 2500, `told after ${times} ms`);
    assert.equal(events.length, 1);
    // His own phone goes on.
    mallory.register();
  }),
);

Deno.test(
  "while an address is banned, a right guess on a flow that is registered is not told more than each 2.5 seconds",
  ladder((net) => {
    net.registered("alice", { address: LONELY, port: 40000 });
    const mallory = guesser(net, { address: LONELY, port: 40000, username: "bob" });
    guessOn(mallory, 10);
    assert.match(guess(mallory, "wrong")!, /^SIP\/2\.0 401 /, "the first slow try");
    net.clock.advance(2000);
    assert.match(guess(mallory, "bob")!, /^SIP\/2\.0 401 /, "the right password, too early");
    net.clock.advance(1000);
    assert.match(guess(mallory, "bob")!, /^SIP\/2\.0 200 /, "the right password, in time");
  }),
);

Deno.test(
  "a phone that shares its flow with one that guesses keeps its registration, whoever is guessed",
  ladder((net) => {
    // As a proxy at the edge of a network has it: many users, one flow.
    const edge = { address: LONELY, port: 40000 };
    const alice = net.registered("alice", edge);
    guessOn(guesser(net, { ...edge, username: "bob" }), 300, () => net.clock.advance(100));
    for (let i = 0; i < 20; i++) alice.register();
    // Who was not guessed there registers for the first time.
    net.registered("carol", edge);
  }),
);

Deno.test(
  "nonces of another address are answered alike whether the password is right or wrong",
  ladder((net) => {
    const events = net.listen();
    const helper = guesser(net, { address: "198.51.100.8" });
    const mallory = guesser(net, { address: LONELY });
    for (let i = 0; i < 50; i++) {
      net.clock.advance(1000);
      const { challenge } = challengeFor(helper)!;
      assert.ok(isStale(guessWith(mallory, challenge, `wrong ${i}`)!));
      assert.ok(isStale(guessWith(mallory, challenge, "bob")!));
    }
    assert.deepEqual(events, []);
  }),
);

Deno.test(
  "a success takes back what was wrong with the password of this user, of nobody else",
  ladder({ domains: ["sip.local", "other.local"], agents: USERS }, (net) => {
    const events = net.listen("address.");
    // The same name in a domain of his own, another user, and an address that is not known.
    for (
      const own of [{ username: "bob", domain: "other.local" }, { username: "alice", domain: "sip.local" }]
    ) {
      const address = own.username === "bob" ? LONELY : "198.51.100.9";
      const mallory = net.phone(own.username, { address, port: 40000, domain: own.domain });
      const victim = guesser(net, { address, port: 40001, username: "bob" });
      assert.equal(guessOn(victim, 9), 9);
      mallory.register();
      assert.equal(guessOn(victim, 9), 1, `after a success of ${own.username}@${own.domain}`);
    }
    assert.equal(events.length, 2);
    // The same user: typing errors are forgiven.
    const bob = guesser(net, { address: "192.0.2.12", username: "bob" });
    for (let i = 0; i < 5; i++) {
      assert.equal(guessOn(bob, 8), 8);
      bob.register();
    }
    assert.equal(events.length, 2);
  }),
);

Deno.test(
  "own mistakes that time has forgiven do not pay for guesses at others",
  ladder((net) => {
    const events = net.listen("address.");
    const own = guesser(net, { address: LONELY, username: "alice" });
    const victim = guesser(net, { address: LONELY, username: "bob", port: 40001 });
    assert.equal(guessOn(own, 9), 9);
    net.clock.advance(530_000);
    assert.equal(guessOn(victim, 8), 8);
    own.register();
    assert.equal(guessOn(victim, 9), 2);
    assert.equal(events.length, 1);
  }),
);

/** Returns an answer without what is of its time and place. */
function blank(answer: string): string {
  return answer.replace(/^(?:Via|From|Call-ID|CSeq): .*\r\n/gim, "").replace(/(nonce="|tag=)[^"\r;]*/g, "$1");
}

function isStale(answer: string): boolean {
  return /stale="?true/i.test(answer);
}

type Phone = ReturnType<Network["phone"]>;

function call(_net: Network, from: Phone, to: Phone): void {
  const invite = from.invite("sip:bob@sip.local");
  const ringing = to.expect("INVITE");
  to.answer(ringing, "180 Ringing");
  from.expect("180");
  to.accept(ringing);
  const ok = from.expect("200");
  from.send(fromCaller("ACK", { invite, ok }));
  to.expect("ACK");
  from.send(fromCaller("BYE", { invite, ok, cseq: 90 }));
  to.answer(to.expect("BYE"), "200 OK");
  from.expect("200");
}
