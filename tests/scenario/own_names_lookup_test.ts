/** A Route that names us, which only DNS tells: the request waits for the look-up in a transaction of its own. */
import assert from "node:assert/strict";
import { ladder, type LadderOptions, type Network } from "../support/scenario.ts";
import { cancelOf, hasHeader } from "../support/sip_text.ts";

const NAMES: LadderOptions = {
  names: { "proxy.example": ["192.0.2.1"], "elsewhere.example": ["203.0.113.7"] },
};

/** An INVITE of alice with credentials, whose Route is looked up. The look-up ends with the next turn of the event loop. */
function inviteBy(net: Network, route: string): string {
  return net.phone("alice").sendAuthenticated(`
    INVITE sip:bob@sip.local SIP/2.0
    Route: <sip:${route};lr>
    Contact: <sip:alice@192.0.2.11:5060>
  `);
}

Deno.test(
  "A request that is repeated while its Route is looked up is forwarded once",
  ladder(NAMES, async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = inviteBy(net, "proxy.example");
    alice.expect("100");
    alice.sendAsIs(invite);
    alice.expect("100");
    bob.expectNothing();
    await net.settle();
    const arrived = bob.expect("INVITE ");
    assert.ok(!hasHeader(arrived, "Route"));
    alice.sendAsIs(invite);
    alice.expect("100");
    bob.expectNothing();
    bob.accept(arrived);
    alice.expect("200");
  }),
);

Deno.test(
  "§9.2: a request can be cancelled while its Route is looked up, and goes nowhere then",
  ladder(NAMES, async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = inviteBy(net, "proxy.example");
    alice.expect("100");
    alice.sendAsIs(cancelOf(invite));
    alice.expect("200");
    alice.expect("487");
    alice.sendAsIs(cancelOf(invite).replace("CANCEL ", "ACK ").replace(" CANCEL", " ACK"));
    await net.settle();
    bob.expectNothing();
  }),
);

Deno.test(
  "A Route that leads elsewhere is refused in the transaction of the request",
  ladder(NAMES, async (net) => {
    const alice = net.phone("alice");
    const invite = inviteBy(net, "elsewhere.example");
    alice.expect("100");
    await net.settle();
    alice.expect("403");
    alice.sendAsIs(invite);
    alice.expect("403");
  }),
);

Deno.test(
  "§8.2.2.2: a request that comes by two paths while its Route is looked up is forwarded once",
  ladder({ ...NAMES, spec: { allowUnauthenticatedCalls: true } }, async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const invite = alice.send("INVITE sip:bob@sip.local SIP/2.0\nRoute: <sip:proxy.example;lr>");
    alice.expect("100");
    alice.sendAsIs(invite.replace(/(;branch=z9hG4bK[^;\s]*)/, "$1-other"));
    alice.expect("100");
    await net.settle();
    const arrived = bob.expect("INVITE ");
    bob.expectNothing();
    alice.expect("482");
    bob.accept(arrived);
    alice.expect("200");
  }),
);

Deno.test(
  "A server that stops while a Route is looked up answers 503",
  ladder(NAMES, async (net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    inviteBy(net, "proxy.example");
    alice.expect("100");
    net.server.endCalls(0);
    await net.settle();
    alice.expect("503");
    bob.expectNothing();
  }),
);
