/** Mappings of NATs that phones over UDP do not keep open themselves (`spec.registrar.natKeepAliveSeconds`). */
import assert from "node:assert/strict";
import { ladder, type Network } from "../support/scenario.ts";

const KEEP_ALIVE = "\r\n\r\n";

/** Takes the keep-alives, and counts them by address. */
function keepAlives(net: Network): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const flow of Object.values(net.transports).flatMap(({ flows }) => flows)) {
    const count = flow.sent.filter((text) => text === KEEP_ALIVE).length;
    if (count > 0) counts[`${flow.protocol} ${flow.remoteAddress}`] = count;
    flow.sent.splice(0, flow.sent.length, ...flow.sent.filter((text) => text !== KEEP_ALIVE));
  }
  return counts;
}

/** Registers at an address that is not that of the Contact, if one is given. */
function register(net: Network, username: string, contact?: string, protocol: "udp" | "tcp" = "udp"): void {
  const phone = net.phone(username, { protocol });
  if (contact === undefined) return void phone.register();
  const request = phone.send(`REGISTER sip:sip.local SIP/2.0\nContact: <${contact}>\nExpires: 120`);
  phone.authenticate(request, phone.expect("401"));
  phone.expect("200");
}

Deno.test(
  "phones whose Contact is not where they are, or was corrected (ob), hear once a round, and others do not",
  ladder({ spec: { registrar: { natKeepAliveSeconds: 20 } } }, (net) => {
    register(net, "alice", "sip:alice@10.0.0.5:5060");
    register(net, "bob");
    register(net, "carol", "sip:carol@192.0.2.13:5060;ob");
    register(net, "dave", "sip:dave@10.0.0.7:5060", "tcp");
    net.clock.advance(20_000);
    assert.deepEqual(keepAlives(net), { "udp 192.0.2.11": 1, "udp 192.0.2.13": 1 });
    net.clock.advance(60_000);
    assert.deepEqual(keepAlives(net), { "udp 192.0.2.11": 3, "udp 192.0.2.13": 3 });
    // Registrations end, and with them what they need.
    net.clock.advance(60_000);
    keepAlives(net);
    net.clock.advance(60_000);
    assert.deepEqual(keepAlives(net), {});
  }),
);

Deno.test(
  "a round of many phones is spread over its time",
  ladder({
    spec: { registrar: { natKeepAliveSeconds: 10 } },
  }, (net) => {
    for (const [i, username] of ["alice", "bob", "carol", "dave"].entries()) {
      register(net, username, `sip:${username}@10.0.0.${i}:5060`);
    }
    for (let second = 1; second <= 10; second++) {
      net.clock.advance(1000);
      const heard = Object.values(keepAlives(net)).reduce((sum, count) => sum + count, 0);
      assert.equal(heard, second <= 4 ? 1 : 0);
    }
  }),
);

Deno.test(
  "without the property nothing is sent",
  ladder((net) => {
    register(net, "alice", "sip:alice@10.0.0.5:5060");
    net.clock.advance(100_000);
    assert.deepEqual(keepAlives(net), {});
  }),
);
