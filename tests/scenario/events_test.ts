/** Events of registrations, gateways and refusals. For events of calls see `calls_test.ts`. */
import assert from "node:assert/strict";
import type { ServerEvent } from "../../src/core/server_events.ts";
import { gateway } from "../support/resources.ts";
import { ladder, type LadderOptions } from "../support/scenario.ts";
import { header, withoutHeader } from "../support/sip_text.ts";

/** Takes the events since the last time. */
function take(events: ServerEvent[]): readonly unknown[] {
  return events.splice(0).map(({ type, data: { contact, reason, expires } }) => [
    type,
    contact,
    reason,
    expires,
  ]);
}

const BOB = "sip:bob@192.0.2.12:5060";

Deno.test(
  "A registration is told with its place, its refreshes are not, and its end is with the reason",
  ladder((net) => {
    const events = net.listen();
    const bob = net.registered("bob");
    assert.deepEqual(events.splice(0), [{
      type: "registration.added",
      time: net.clock.wallTime(),
      data: {
        aor: "sip:bob@sip.local",
        contact: BOB,
        expires: 3600,
        transport: "udp",
        address: "192.0.2.12:5060",
        reason: "registered",
      },
    }]);
    bob.register();
    bob.register("");
    assert.deepEqual(events, []);
    bob.register("Contact: *\nExpires: 0");
    assert.deepEqual(take(events), [["registration.removed", BOB, "unregistered", 3600]]);
    bob.register(`Contact: <${bob.uri}>;expires=60`);
    take(events);
    net.clock.advance(100_000);
    assert.deepEqual(take(events), [["registration.expired", BOB, "expired", 0]]);
  }),
);

Deno.test(
  "Of several devices, the one that comes or goes is told",
  ladder((net) => {
    const first = net.registered("bob");
    const events = net.listen();
    const second = net.registered("bob", { address: "192.0.2.31" });
    assert.deepEqual(take(events), [["registration.added", second.uri, "registered", 3600]]);
    first.register(`Contact: <${first.uri}>;expires=0`);
    assert.deepEqual(take(events), [["registration.removed", first.uri, "unregistered", 3600]]);
  }),
);

Deno.test(
  "A device that makes room for a newer one was evicted",
  ladder({ agents: [{ username: "bob", domains: ["sip.local"], maxContacts: 1 }] }, (net) => {
    net.registered("bob");
    const events = net.listen();
    const newer = net.registered("bob", { address: "192.0.2.31" });
    assert.deepEqual(take(events), [
      ["registration.added", newer.uri, "registered", 3600],
      ["registration.removed", BOB, "evicted", 3600],
    ]);
  }),
);

Deno.test(
  "A connection that ends takes its registrations with it",
  ladder((net) => {
    const bob = net.registered("bob", { protocol: "tcp", port: 40_000 });
    // Its Contact names the port that it came from, where nobody listens.
    bob.register(`Contact: <sip:bob@192.0.2.200:4444;transport=tcp>`);
    bob.register(`Contact: <${bob.uri}>;expires=0`);
    const events = net.listen();
    bob.hangUpConnection();
    assert.deepEqual(take(events), [
      ["registration.removed", "sip:bob@192.0.2.200:4444;transport=tcp", "connection lost", 3600],
    ]);
  }),
);

Deno.test(
  "An agent with a new password, or one that was removed for a minute, loses its registrations",
  ladder((net) => {
    net.registered("bob");
    const events = net.listen();
    net.replace({ agents: [{ username: "alice", domains: ["sip.local"] }] });
    assert.deepEqual(take(events), []);
    net.clock.advance(60_000);
    assert.deepEqual(take(events), [["registration.removed", BOB, "credentials changed", 3540]]);
  }),
);

Deno.test(
  "An administrator binds a device, which is called there at once, and evicts it again",
  ladder(async (net) => {
    const events = net.listen();
    const { server } = net;
    const contact = { user: "bob", address: "192.0.2.77", port: 5070, expires: 600 };
    server.bind("sip:bob@sip.local", contact);
    const uri = "sip:bob@192.0.2.77:5070";
    assert.deepEqual(take(events), [["registration.added", uri, "registered", 600]]);
    const device = net.phone("bob", { address: "192.0.2.77", port: 5070 });
    net.phone("alice").sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
    device.expect(`MESSAGE ${uri} SIP/2.0`);
    assert.equal(server.evict("sip:bob@sip.local"), true);
    assert.equal(server.evict("sip:bob@sip.local"), false);
    assert.deepEqual(take(events), [["registration.removed", uri, "evicted", 600]]);
    net.registered("carol");
    net.registered("dave");
    take(events);
    await server.evictAll();
    assert.deepEqual(take(events).map((event) => (event as unknown[])[2]), ["evicted", "evicted"]);
    assert.equal(server.location.size, 0);
    assert.throws(() => server.bind("sip:nobody@sip.local", contact), TypeError);
    assert.throws(() => server.bind("sip:bob@sip.local", { ...contact, address: "2001:db8::1" }), TypeError);
  }),
);

Deno.test(
  "The user of a bound contact is written as a URI has it",
  ladder((net) => {
    net.server.bind("sip:bob@sip.local", {
      user: "b b@x>\r\nRoute: <sip:x>",
      address: "192.0.2.77",
      port: 5060,
      expires: 60,
    });
    const [{ contact }] = net.server.location.lookup("sip:bob@sip.local");
    assert.match(contact, /^sip:b%20b%40x%3E%0D%0ARoute[^@<>\s]*@192\.0\.2\.77:5060$/);
  }),
);

Deno.test(
  "Wrong credentials are told with the address they came from, whatever their Via says",
  ladder((net) => {
    const events = net.listen();
    const bob = net.phone("bob");
    const username = "u".repeat(2000);
    for (const name of ["bob", username]) {
      const request = bob.send("REGISTER sip:sip.local SIP/2.0");
      const forged = withoutHeader(request, "Via").replace(
        "\r\n",
        `\r\nVia: SIP/2.0/UDP 198.51.100.9;received=198.51.100.9;rport;branch=z9hG4bK${name.slice(0, 4)}\r\n`,
      );
      bob.authenticate(forged, bob.expect("401"), { username: name, secret: "wrong" });
      bob.expect("401");
    }
    const failures = events.map(({ type, data }) => [type, data]);
    const failed = {
      address: "192.0.2.12",
      transport: "udp",
      method: "REGISTER",
      from: "sip:bob@sip.local",
      to: "sip:sip.local",
      status: 401,
    };
    const reason = `no such user: ${username} in realm sip.local`.slice(0, 256);
    assert.deepEqual(failures, [
      ["authentication.failed", {
        ...failed,
        username: "bob",
        reason: "wrong password: bob in realm sip.local",
      }],
      ["authentication.failed", { ...failed, username: "u".repeat(64), reason }],
    ]);
  }),
);

Deno.test(
  "Of a flood of wrong passwords fifty a second are told, the others counted",
  ladder({ spec: { access: { preset: "off" } } }, (net) => {
    const events = net.listen();
    const bob = net.phone("bob");
    const attack = (count: number) => {
      const challenge = (bob.send("REGISTER sip:sip.local SIP/2.0"), bob.expect("401"));
      for (let i = 0; i < count; i++) {
        bob.authenticate(bob.send("REGISTER sip:sip.local SIP/2.0"), challenge, { secret: `wrong ${i}` });
      }
      bob.takeAll();
    };
    net.clock.advance(5000);
    attack(70);
    assert.equal(events.length, 50);
    net.clock.advance(1000);
    attack(10);
    assert.equal(events.length, 60);
    assert.equal(net.server.metrics.snapshot()["routr_events_suppressed_total"], 20);
  }),
);

Deno.test(
  "A denied address is told once a minute",
  ladder({ spec: { accessControlList: { deny: ["192.0.2.12"] } } }, (net) => {
    const events = net.listen();
    const bob = net.phone("bob");
    for (let i = 0; i < 3; i++) bob.send("OPTIONS sip:192.0.2.1 SIP/2.0");
    bob.takeAll();
    assert.deepEqual(events.map(({ type, data }) => [type, data]), [
      ["request.denied", {
        address: "192.0.2.12",
        transport: "udp",
        method: "OPTIONS",
        from: "sip:bob@sip.local",
        to: "sip:192.0.2.1",
        status: 403,
        reason: "access control list of the server",
      }],
    ]);
  }),
);

const TRUNK: LadderOptions = {
  resources: [
    gateway("GW1", "203.0.113.1", { credentials: { username: "trunk-user", secret: "trunk-secret" } }),
  ],
};

Deno.test(
  "A gateway that refuses us is told once for each reason, and when it has registered us, but not its refreshes",
  ladder(TRUNK, async (net) => {
    const events = net.listen();
    const registrar = net.phone("registrar", { address: "203.0.113.1" });
    const told = () => events.splice(0).map(({ type, data }) => [type, data.lastStatus]);
    /** Lets time pass until there is a REGISTER, and answers it. */
    const next = async (status: string, expires?: number) => {
      await net.settle();
      let [request] = registrar.takeAll();
      for (let second = 0; request === undefined && second < 3600; second++) {
        net.clock.advance(1000);
        [request] = registrar.takeAll();
      }
      const lines = expires === undefined ? "" : `${header(request, "Contact")};expires=${expires}`;
      registrar.answer(request, status, { lines: lines && `Contact: ${lines}` });
      await net.settle();
    };
    await next("403 Forbidden");
    assert.deepEqual(told(), [["gateway.failed", 403]]);
    await next("403 Forbidden");
    assert.deepEqual(told(), []);
    await next("500 Server Internal Error");
    assert.deepEqual(told(), [["gateway.failed", 500]]);
    await next("200 OK", 600);
    assert.deepEqual(told(), [["gateway.registered", 200]]);
    await next("200 OK", 600);
    assert.deepEqual(told(), []);
    net.replace({});
    await next("200 OK");
    assert.deepEqual(told(), [["gateway.unregistered", 200]]);
  }),
);
