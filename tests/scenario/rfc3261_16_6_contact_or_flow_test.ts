/** §10.3, §16.6: where requests for a device go, to its Contact or by the flow that it registered over. */
import assert from "node:assert/strict";
import { gateway } from "../support/resources.ts";
import { ladder, type Network } from "../support/scenario.ts";
import { ackTo, fromCallee, fromCaller, headers } from "../support/sip_text.ts";

const OUTSIDE = "203.0.113.5";

/** Registers bob's device with these lines, from port 41478, and calls him. */
function callAfter(net: Network, lines: string, { address = "192.0.2.12", from = 41478 } = {}): void {
  net.phone("bob", { address, port: from }).register(lines);
  net.phone("alice").invite("sip:bob@sip.local");
}

const via = (parameters = "") => `Via: SIP/2.0/UDP 192.0.2.12:5070;branch=z9hG4bK-registers${parameters}`;

for (const [name, parameters] of [["without rport", ""], ["with rport", ";rport"]]) {
  Deno.test(
    `§10.3: a phone of the local network is called at its Contact, not at the port it sends from, ${name}`,
    ladder((net) => {
      const bob = net.phone("bob", { port: 41478 });
      const request = bob.send(`
        REGISTER sip:sip.local SIP/2.0
        ${via(parameters)}
        Contact: <sip:bob@192.0.2.12:5070>
      `);
      const answerer = parameters === "" ? net.phone("bob", { port: 5070 }) : bob;
      bob.authenticate(request, answerer.expect("401"));
      answerer.expect("200");
      net.phone("alice").invite("sip:bob@sip.local");
      net.phone("bob", { port: 5070 }).expect("INVITE sip:bob@192.0.2.12:5070 SIP/2.0");
    }),
  );
}

Deno.test(
  "§10.3: each of two Contacts in one REGISTER is called at its own port",
  ladder((net) => {
    const bob = net.phone("bob", { port: 25101 });
    bob.register(
      'Contact: <sip:bob@192.0.2.12:25101>;methods="INVITE, ACK";q=0.5;expires=300, ' +
        '"desk, left" <sip:bob@192.0.2.12:25102>;q=0.5;expires=120',
    );
    net.phone("alice").invite("sip:bob@sip.local");
    bob.expect("INVITE sip:bob@192.0.2.12:25101 SIP/2.0");
    net.phone("bob", { port: 25102 }).expect("INVITE sip:bob@192.0.2.12:25102 SIP/2.0");
  }),
);

Deno.test(
  "§10.3: a Contact without port is at 5060",
  ladder((net) => {
    callAfter(net, "Contact: <sip:bob@192.0.2.12>");
    net.phone("bob").expect("INVITE sip:bob@192.0.2.12 SIP/2.0");
  }),
);

Deno.test(
  "§10.2: a third party registers another device of the local network at its address",
  ladder((net) => {
    const registrant = net.phone("bob", { address: "192.0.2.70" });
    registrant.register("From: <sip:desk@sip.local>;tag=r\nContact: <sip:bob@192.0.2.71:5090>");
    net.phone("alice").invite("sip:bob@sip.local");
    net.phone("bob", { address: "192.0.2.71", port: 5090 }).expect("INVITE sip:bob@192.0.2.71:5090 ");
  }),
);

for (
  const [name, contact] of [
    ["outside of the local network", "sip:bob@198.51.100.9:5060"],
    ["that is a gateway", "sip:+4930@192.0.2.50"],
    ["that is a gateway by maddr", "sip:+4930@192.0.2.71;maddr=192.0.2.50"],
    ["outside of the local network by maddr", "sip:bob@192.0.2.71;maddr=198.51.100.9"],
    ["that is this server", "sip:alice@192.0.2.1:5060"],
  ]
) {
  Deno.test(
    `design, no open relay: nobody registers an address ${name} for others`,
    ladder({ resources: [gateway("GW1", "192.0.2.50")] }, (net) => {
      const registrant = net.phone("bob", { address: "192.0.2.70" });
      registrant.register(`From: <sip:desk@sip.local>;tag=r\nContact: <${contact}>`);
      net.phone("alice").invite("sip:bob@sip.local");
      registrant.expect(`INVITE ${contact} `);
    }),
  );
}

for (
  const [name, lines] of [
    ["names another address", "Contact: <sip:bob@10.0.0.9:5070>"],
    ["has a flow number", 'Contact: <sip:bob@192.0.2.12:5070>;reg-id=1;+sip.instance="<urn:uuid:1>"'],
    ["says ob", "Contact: <sip:bob@192.0.2.12:5070;ob>"],
    ["came along a Path", "Supported: path\nPath: <sip:192.0.2.90;lr>\nContact: <sip:bob@192.0.2.12:5070>"],
  ]
) {
  Deno.test(
    `RFC 5626: a phone whose Contact ${name} is called by its flow`,
    ladder((net) => {
      callAfter(net, lines);
      net.phone("bob", { port: 41478 }).expect("INVITE ");
    }),
  );
}

Deno.test(
  "registrarIntf: Internal: a phone is called by its flow, whatever its Contact",
  ladder({ spec: { registrarIntf: "Internal" } }, (net) => {
    callAfter(net, "Contact: <sip:bob@192.0.2.12:5070>");
    net.phone("bob", { port: 41478 }).expect("INVITE sip:bob@192.0.2.12:41478 ");
  }),
);

Deno.test(
  "RFC 3581: a phone behind NAT that found out its address, but sends by another port, is called by its flow",
  ladder((net) => {
    const bob = net.phone("bob", { address: OUTSIDE, port: 22301 });
    bob.register(
      `Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK-n1;rport\nContact: <sip:bob@${OUTSIDE}:9999>`,
    );
    net.phone("alice").invite("sip:bob@sip.local");
    bob.expect(`INVITE sip:bob@${OUTSIDE}:9999 `);
  }),
);

Deno.test(
  "§12.2: requests within a dialog go to the caller's Contact, not to its source port",
  ladder({ spec: { recordRoute: true } }, (net) => {
    const alice = net.phone("alice", { port: 41478 });
    const listening = net.phone("alice", { port: 5070 });
    const bob = net.registered("bob");
    alice.sendAuthenticated(`INVITE sip:bob@sip.local SIP/2.0\nContact: <${listening.uri}>`);
    alice.expect("100");
    const invite = bob.expect("INVITE ");
    const ok = bob.accept(invite);
    alice.expect("200");
    bob.send(fromCallee("BYE", { invite, ok }));
    listening.expect(`BYE ${listening.uri} `);
  }),
);

Deno.test(
  "§12.2: requests within a dialog go to the callee's Contact, if it differs from the registered one",
  ladder({ spec: { recordRoute: true } }, (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const answering = net.phone("bob", { port: 6000 });
    const invite = alice.invite("sip:bob@sip.local");
    bob.answer(bob.expect("INVITE "), "200 OK", { lines: `Contact: <${answering.uri}>` });
    const ok = alice.expect("200");
    alice.send(fromCaller("ACK", { invite, ok }));
    answering.expect(`ACK ${answering.uri} `);
  }),
);

/** Returns the number of Record-Route entries that bob's device gets in a call of alice's. */
function entriesOf(net: Network, { alice = "", bob = "" }: { alice?: string; bob?: string }): number {
  const caller = net.phone("alice", alice === "" ? {} : { address: alice });
  const callee = net.registered("bob", bob === "" ? {} : { address: bob });
  caller.invite("sip:bob@sip.local");
  return headers(callee.expect("INVITE "), "Record-Route").length;
}

Deno.test(
  "§16.6 step 4: the server leaves the path of calls within one local network only",
  async () => {
    const found: Record<string, number> = {};
    const ways: Record<string, { alice?: string; bob?: string }> = {
      local: {},
      "callee outside": { bob: OUTSIDE },
      "caller outside": { alice: OUTSIDE },
      "both outside": { alice: "203.0.113.6", bob: OUTSIDE },
    };
    for (const [name, way] of Object.entries(ways)) {
      await ladder((net) => void (found[name] = entriesOf(net, way)))();
    }
    assert.deepEqual(found, { local: 0, "callee outside": 1, "caller outside": 1, "both outside": 1 });
  },
);

Deno.test(
  "§16.6 step 4: localnets say what is local: other networks of the interfaces are not",
  async () => {
    const found: number[] = [];
    for (const localnets of [["192.0.2.0/24"], ["192.0.2.0/29"], ["192.0.2.0/24", "203.0.113.0/24"]]) {
      await ladder({ spec: { localnets } }, (net) => void found.push(entriesOf(net, {})))();
    }
    await ladder({ spec: { localnets: ["192.0.2.0/24", "203.0.113.0/24"] } }, (net) => {
      found.push(entriesOf(net, { bob: OUTSIDE }));
    })();
    assert.deepEqual(found, [0, 1, 0, 1]);
  },
);

Deno.test(
  "RFC 5626 §4.3: a Contact with ob is reached by its flow alone, so the server stays",
  ladder((net) => {
    const bob = net.phone("bob");
    bob.register("Contact: <sip:bob@192.0.2.12:5060;ob>");
    net.phone("alice").invite("sip:bob@sip.local");
    assert.equal(headers(bob.expect("INVITE "), "Record-Route").length, 1);
  }),
);

Deno.test(
  "RFC 3581: a Contact that was corrected is no proof of reachability: Via shows that a NAT is between",
  ladder((net) => {
    const bob = net.phone("bob", { port: 48139 });
    const via = (branch: string) => `Via: SIP/2.0/UDP 192.168.2.10:5071;branch=z9hG4bK-${branch};rport`;
    bob.register(`${via("r")}\nContact: <sip:bob@192.0.2.12:48139>`);
    const alice = net.phone("alice");
    const invite = alice.invite("sip:bob@sip.local");
    const arrived = bob.expect("INVITE ");
    assert.equal(headers(arrived, "Record-Route").length, 1);
    bob.answer(arrived, "486 Busy Here");
    bob.expect("ACK ");
    alice.sendAsIs(ackTo(invite, alice.expect("486")));
    const carol = net.registered("carol");
    bob.sendAuthenticated(
      `INVITE sip:carol@sip.local SIP/2.0\n${via("i")}\nContact: <sip:bob@192.0.2.12:48139>`,
    );
    bob.expect("100");
    assert.equal(headers(carol.expect("INVITE "), "Record-Route").length, 1);
  }),
);

Deno.test(
  "recordRoute: never leaves the path, whichever end is outside",
  ladder({ spec: { recordRoute: "never" } }, (net) => {
    assert.equal(entriesOf(net, { bob: OUTSIDE }), 0);
  }),
);

Deno.test(
  "A call with a phone behind NAT that corrects its own Contact: ACK, re-INVITE and BYE come by the server",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.phone("bob", { address: OUTSIDE, port: 22301 });
    const contact = `Contact: <sip:bob@${OUTSIDE}:22301;ob>`;
    bob.register(contact);
    const invite = alice.invite("sip:bob@sip.local");
    const arrived = bob.expect("INVITE ");
    const accepted = bob.answer(arrived, "200 OK", { lines: contact });
    const ok = alice.expect("200");
    alice.send(fromCaller("ACK", { invite, ok }));
    bob.expect(`ACK sip:bob@${OUTSIDE}:22301;ob `);
    bob.send(`${fromCallee("INVITE", { invite: arrived, ok: accepted })}\n${contact}`);
    bob.expect("100");
    alice.accept(alice.expect("INVITE "));
    bob.expect("200");
    bob.send(fromCallee("BYE", { invite: arrived, ok: accepted, cseq: 3 }));
    alice.answer(alice.expect("BYE "), "200 OK");
    bob.expect("200");
  }),
);
