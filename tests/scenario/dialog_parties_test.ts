/** A dialog is for its parties, while it lives, and towards a gateway for its remote target: nothing else passes by its Route. */
import assert from "node:assert/strict";
import type { Network } from "../support/scenario.ts";
import { ladder } from "../support/scenario.ts";
import { fromCallee, fromCaller, header, headers } from "../support/sip_text.ts";
import { agent } from "../support/resources.ts";
import { type Call, cseqOf, establish, expectOwn, NUMBER, TRUNK, trunkOf, WORLD } from "../support/trunk.ts";

const KEPT = { ...WORLD, isKept: true };

/** Requests that would cost money, or make somebody else call. */
const COSTLY = ["INVITE", "REFER", "SUBSCRIBE"];

function hangUp({ alice, trunk, invite, ok }: Call): void {
  const bye = alice.send(fromCaller("BYE", { invite, ok, cseq: cseqOf(invite) + 1 }));
  trunk.answer(trunk.expect("BYE "), "200 OK");
  expectOwn(alice.expect("200"), bye);
}

/** A request of the call, with another Request-URI if given. */
function inCall({ invite, ok }: Call, method: string, uri?: string): string {
  const text = fromCaller(method, { invite, ok, cseq: 50 });
  return uri === undefined ? text : text.replace(/^(\S+) \S+/, `$1 ${uri}`);
}

function expectRefusal(
  net: Network,
  call: Call,
  options: { status: string; uri?: string; address?: string },
) {
  const { status, uri, address } = options;
  const sender = address === undefined ? call.alice : net.phone("alice", { address });
  for (const method of COSTLY) {
    sender.send(`${inCall(call, method, uri)}\nContact: <${sender.uri}>\nRefer-To: <sip:+4930@sip.local>`);
    sender.expect(status);
    call.trunk.expectNothing();
  }
}

Deno.test(
  "§12.2.2: after its BYE a call by a gateway is over for everybody: 481",
  ladder(WORLD, (net) => {
    const call = establish(net);
    hangUp(call);
    for (const uri of [undefined, "sip:999888777666@203.0.113.1"]) {
      expectRefusal(net, call, { status: "481", uri });
      expectRefusal(net, call, { status: "481", uri, address: "198.51.100.66" });
    }
    for (const method of ["BYE", "INFO", "MESSAGE", "NOTIFY", "UPDATE", "OPTIONS", "PUBLISH"]) {
      call.alice.send(inCall(call, method));
      call.alice.expect("481");
    }
    call.alice.send(inCall(call, "ACK"));
    call.trunk.expectNothing();
  }),
);

Deno.test(
  "RFC 6026: a 200 that comes again after the BYE begins no call",
  ladder(WORLD, (net) => {
    const call = establish(net);
    hangUp(call);
    call.trunk.sendAsIs(call.accepted);
    call.alice.takeAll();
    expectRefusal(net, call, { status: "481" });
  }),
);

Deno.test(
  "§12.2.2: a call in by a gateway is over as well, whichever end has hung up",
  ladder(WORLD, (net) => {
    const bob = net.registered("bob");
    const trunk = trunkOf(net);
    const invite = trunk.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0\nContact: <${trunk.uri}>`);
    trunk.expect("100");
    const arrived = bob.expect("INVITE ");
    const accepted = bob.accept(arrived);
    const ok = trunk.expect("200");
    trunk.send(fromCaller("BYE", { invite, ok, cseq: 9 }));
    bob.answer(bob.expect("BYE "), "200 OK");
    trunk.expect("200");
    for (const method of [...COSTLY, "BYE", "NOTIFY"]) {
      bob.send(`${fromCallee(method, { invite: arrived, ok: accepted, cseq: 5 })}\nContact: <${bob.uri}>`);
      bob.expect("481");
    }
  }),
);

Deno.test(
  "§12.2.1.1: towards a gateway a request names the remote target, or is refused",
  ladder(WORLD, (net) => {
    const call = establish(net);
    const { alice, trunk } = call;
    for (
      const uri of [
        "sip:999888777666@203.0.113.1",
        "sip:+49301@203.0.113.1:5080",
        "sip:+49301@203.0.113.2",
        "tel:+49301",
      ]
    ) {
      expectRefusal(net, call, { status: "403", uri });
    }
    const reinvite = alice.send(`${inCall(call, "INVITE")}\nContact: <${alice.uri}>`);
    alice.expect("100");
    trunk.answer(trunk.expect(`INVITE ${trunk.uri} `), "200 OK", {
      lines: "Contact: <sip:moved@203.0.113.1>",
    });
    const ok = expectOwn(alice.expect("200"), reinvite);
    assert.match(header(ok, "Contact"), /moved/);
    alice.send(inCall(call, "ACK", "sip:moved@203.0.113.1"));
    trunk.expect("ACK sip:moved@203.0.113.1 ");
    const info = alice.send(inCall(call, "INFO", "sip:moved@203.0.113.1"));
    trunk.answer(trunk.expect("INFO sip:moved@203.0.113.1 "), "200 OK");
    expectOwn(alice.expect("200"), info);
  }),
);

Deno.test(
  "§12.2.1.1: towards a gateway a request has no other Route than the dialog",
  ladder(WORLD, (net) => {
    const call = establish(net);
    call.alice.send(
      `${inCall(call, "INVITE")}\nRoute: <sip:19005550199@203.0.113.1;lr>\nContact: <${call.alice.uri}>`,
    );
    call.alice.expect("403");
    call.trunk.expectNothing();
  }),
);

Deno.test(
  "§12.1.2: a gateway that records its own route gets its Route back",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const invite = alice.invite("sip:+4420@sip.local");
    const arrived = trunk.expect("INVITE ");
    const answer = trunk.textOf(arrived, "200 OK", { lines: `Contact: <${trunk.uri}>` });
    trunk.sendAsIs(
      answer.replace("Record-Route:", "Record-Route: <sip:edge@203.0.113.1;lr>\r\nRecord-Route:"),
    );
    const ok = expectOwn(alice.expect("200"), invite);
    alice.send(fromCaller("ACK", { invite, ok }));
    assert.equal(header(trunk.expect("ACK "), "Route"), "<sip:edge@203.0.113.1;lr>");
  }),
);

Deno.test(
  "§12.2.1.1: towards a gateway To is the other end of the call",
  ladder(WORLD, (net) => {
    const call = establish(net);
    const text = inCall(call, "INVITE").replace(/To: <[^>]*>/, "To: <sip:999@sip.local>");
    call.alice.send(`${text}\nContact: <${call.alice.uri}>`);
    call.alice.expect("403");
    call.trunk.expectNothing();
  }),
);

Deno.test(
  "design: from elsewhere nothing but ACK and BYE passes without a password, and PUBLISH is nothing of a call",
  ladder(WORLD, (net) => {
    const call = establish(net);
    const mallory = net.phone("alice", { address: "198.51.100.66" });
    for (const method of ["MESSAGE", "INFO", "UPDATE", "OPTIONS", "NOTIFY", "PRACK", "PUBLISH"]) {
      mallory.send(`${inCall(call, method)}\nContact: <sip:evil@198.51.100.66>`);
      mallory.expect("407");
    }
    call.alice.send(inCall(call, "PUBLISH"));
    call.alice.expect("403");
    call.trunk.expectNothing();
  }),
);

Deno.test(
  "design: a party at another address authenticates before anything new begins",
  ladder(WORLD, (net) => {
    const call = establish(net);
    expectRefusal(net, call, { status: "407", address: "198.51.100.66" });
    // The password of somebody else who may call helps nobody.
    const bob = net.phone("bob", { address: "198.51.100.66" });
    const request = bob.send(`${inCall(call, "INVITE")}\nContact: <${bob.uri}>`);
    bob.authenticate(request, bob.expect("407"));
    bob.expect("407");
    // The phone has changed networks.
    const moved = net.phone("alice", { address: "198.51.100.7" });
    moved.sendAuthenticated(`${inCall(call, "INVITE")}\nContact: <${moved.uri}>`);
    moved.expect("100");
    call.trunk.accept(call.trunk.expect("INVITE "));
    moved.expect("200");
  }),
);

Deno.test(
  "design: whose account is gone, or has another password, begins nothing new in a call by a gateway, but ends it",
  ladder(WORLD, (net) => {
    const call = establish(net);
    net.replace({ ...WORLD, agents: WORLD.agents!.filter(({ username }) => username !== "alice") });
    expectRefusal(net, call, { status: "407" });
    const secret = "another";
    net.replace({
      ...WORLD,
      agents: WORLD.agents!.filter(({ username }) => username !== "alice"),
      resources: [
        ...WORLD.resources!,
        agent("alice", { credentials: { username: "alice", secret } }),
      ],
    });
    expectRefusal(net, call, { status: "407" });
    hangUp(call);
  }),
);

for (const [who, address] of [["its party", undefined], ["anybody else", "198.51.100.66"]] as const) {
  Deno.test(
    `design: a call that ended before a restart gives no access after it: ${who} gets 481`,
    ladder(KEPT, async (net) => {
      const call = establish(net);
      hangUp(call);
      await net.restart();
      expectRefusal(net, call, { status: "481", address });
    }),
  );
}

Deno.test(
  "design: a call goes on after a restart, with its parties and its remote target",
  ladder(KEPT, async (net) => {
    const call = establish(net);
    net.clock.advance(1000);
    await net.restart();
    expectRefusal(net, call, { status: "403", uri: "sip:999@203.0.113.1" });
    expectRefusal(net, call, { status: "407", address: "198.51.100.66" });
    const { alice, trunk } = call;
    alice.send(`${inCall(call, "INVITE")}\nContact: <${alice.uri}>`);
    alice.expect("100");
    trunk.accept(trunk.expect("INVITE "));
    alice.expect("200");
    trunk.send(fromCallee("BYE", { invite: call.arrived, ok: call.accepted, cseq: 77 }));
    alice.answer(alice.expect("BYE "), "200 OK");
    trunk.expect("200");
    await net.restart();
    expectRefusal(net, call, { status: "481" });
  }),
);

Deno.test(
  "RFC 3515: a phone may refer a gateway only to targets that it may call itself",
  ladder(WORLD, (net) => {
    const call = establish(net);
    const { alice, trunk } = call;
    const refer = (to: string) =>
      alice.send(`${inCall(call, "REFER")}\nContact: <${alice.uri}>\nRefer-To: ${to}`);
    for (const to of ["<sip:999888777@203.0.113.1>", "<sip:victim@198.51.100.9>", "<https://example.com>"]) {
      refer(to);
      alice.expect("403");
    }
    for (
      const to of [
        "<sip:+4930@sip.local>",
        "sip:bob@sip.local",
        "<sip:+4930@sip.local?Replaces=a%3Bto-tag%3Db>",
      ]
    ) {
      refer(to);
      trunk.answer(trunk.expect("REFER "), "202 Accepted", { lines: `Contact: <${trunk.uri}>` });
      alice.expect("202");
    }
  }),
);

Deno.test(
  "§12.1: a dialog that was never answered is none",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    const invite = alice.invite("sip:+4420@sip.local");
    const arrived = trunk.expect("INVITE ");
    const routes = headers(arrived, "Record-Route").map((value) => `Record-Route: ${value}`).join("\n");
    const refused = trunk.answer(arrived, "404 Not Found", { lines: `${routes}\nContact: <${trunk.uri}>` });
    trunk.expect("ACK ");
    alice.expect("404");
    for (const method of COSTLY) {
      alice.send(`${fromCaller(method, { invite, ok: refused, cseq: 70 })}\nContact: <${alice.uri}>`);
      alice.expect("481");
    }
  }),
);

for (const protocol of ["udp", "tcp"] as const) {
  Deno.test(
    `design: a gateway by TLS is not believed by ${protocol}, whatever its address`,
    ladder({
      ...WORLD,
      resources: WORLD.resources!.map((resource) =>
        resource.kind === "Gateway" ? { ...resource, spec: { ...resource.spec, transport: "tls" } } : resource
      ),
    }, (net) => {
      net.registered("bob");
      const forged = net.phone("+49301", { address: TRUNK, domain: TRUNK, protocol });
      for (
        const method of ["INVITE", "MESSAGE", "SUBSCRIBE", "PUBLISH", "INFO", "UPDATE", "OPTIONS", "BYE"]
      ) {
        forged.send(`${method} sip:${NUMBER}@192.0.2.1 SIP/2.0\nContact: <${forged.uri}>`);
        forged.expect("4");
        forged.send(`${method} sip:bob@sip.local SIP/2.0\nContact: <${forged.uri}>`);
        forged.expect("4");
      }
      const real = net.phone("+49301", { address: TRUNK, domain: TRUNK, protocol: "tls", port: 5061 });
      real.send(`INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0\nContact: <${real.uri}>`);
      real.expect("100");
      net.phone("bob").expect("INVITE ");
    }),
  );
}

Deno.test(
  "design: a gateway that is known by its address calls, and reaches its numbers with messages, nobody else",
  ladder(WORLD, (net) => {
    const bob = net.registered("bob");
    const trunk = trunkOf(net);
    for (
      const method of [
        "MESSAGE",
        "SUBSCRIBE",
        "PUBLISH",
        "INFO",
        "UPDATE",
        "OPTIONS",
        "BYE",
        "REFER",
        "NOTIFY",
      ]
    ) {
      trunk.send(`${method} sip:bob@sip.local SIP/2.0\nContact: <${trunk.uri}>`);
      trunk.expect("403");
    }
    for (const method of ["SUBSCRIBE", "PUBLISH", "INFO", "UPDATE", "BYE", "REFER", "NOTIFY"]) {
      trunk.send(`${method} sip:${NUMBER}@192.0.2.1 SIP/2.0\nContact: <${trunk.uri}>`);
      trunk.expect("403");
    }
    trunk.send(`MESSAGE sip:${NUMBER}@192.0.2.1 SIP/2.0`);
    bob.answer(bob.expect("MESSAGE "), "200 OK");
    trunk.expect("200");
  }),
);
