// Route entries between nodes lead to phones without a password: they can be neither forged nor reused.

import assert from "node:assert/strict";
import type { Endpoint } from "../../contract/transport_peers.ts";
import { udpPeers } from "../../contract/peers/udp_peers.ts";
import { domain } from "../../support/routr_process.ts";
import { header, headers, sip, uriIn } from "../../support/sip_text.ts";
import type { WirePhone } from "../matrix/wire_phone.ts";
import { contactsAt, phoneAt, registeredAt } from "./node_phone.ts";
import { bindingsIn, type RedisNodes, startRedisNodes } from "./redis_nodes.ts";
import { until } from "./until.ts";

/** Forgeries of a Route and of its Call-ID. */
const forgeries: Readonly<Record<string, (route: string, callId: string) => readonly [string, string]>> = {
  "of another call": (route) => [route, "another-call"],
  "of a call with a longer Call-ID": (route, callId) => [route, `${callId}x`],
  "of no call": (route) => [route, ""],
  "with another seal": (route, callId) => [route.replace(/sip:\w{24}=/, `sip:${"0".repeat(24)}=`), callId],
  "with a cut signature": (route, callId) => [route.replace(/(sip:\w{20})\w{4}=/, "$1="), callId],
  "without a seal": (route, callId) => [route.replace(/sip:\w{24}=/, "sip:="), callId],
  "without a token": (route, callId) => [route.replace(/=[^@]*@/, "=@"), callId],
  "with an address for a token": (route, callId) => [route.replace(/=[^@]*@/, "=a0-7f000001-13c4@"), callId],
};

Deno.test("Route headers from node to node cannot be forged", async (t) => {
  await using nodes = await startRedisNodes({ agents: ["alice", "victim", "trap", "mallory"] });
  const { a, b } = nodes;
  await using victim = await registeredAt(a, { user: "victim", protocol: "tcp" });
  await using alice = await registeredAt(b, { user: "alice", protocol: "udp" });
  const { route, callId, callerTag } = await sealedRoute(nodes, alice);
  const stranger = await phoneAt(a, { user: "mallory", protocol: "udp" });
  const known = await registeredAt(a, { user: "mallory", protocol: "tcp" });
  await using attackers = new AsyncDisposableStack();
  for (const attacker of [stranger, known]) attackers.use(attacker);

  for (const [what, forge] of Object.entries(forgeries)) {
    for (const attacker of [stranger, known]) {
      await t.step(`an entry ${what}, by ${attacker.way.protocol}`, async () => {
        const [forged, forgedCallId] = forge(`<${route}>`, callId);
        for (const method of ["INVITE", "MESSAGE", "BYE", "REGISTER"]) {
          await attacker.sendAsIs(
            requestTo(victim, attacker, { method, route: forged, callId: forgedCallId }),
          );
          // Without a Call-ID it is no request.
          const expected = forgedCallId === "" ? /^SIP\/2\.0 400 / : /^SIP\/2\.0 40[347] /;
          assert.match(await attacker.expect(""), expected);
        }
        await attacker.sendAsIs(
          requestTo(victim, attacker, { method: "ACK", route: forged, callId: forgedCallId }),
        );
        await victim.expectNothing(10);
      });
    }
  }

  await t.step("the entry itself leads nowhere by another method, or from another caller", async () => {
    for (const attacker of [stranger, known]) {
      for (const [method, tag] of [["MESSAGE", callerTag], ["INVITE", "another"]]) {
        await attacker.sendAsIs(requestTo(victim, attacker, { method, route: `<${route}>`, callId, tag }));
        assert.match(await attacker.expect(""), /^SIP\/2\.0 40[347] /);
      }
    }
    await victim.expectNothing(10);
  });

  await t.step("the entry itself, in its own request, is what leads to the phone", async () => {
    const genuine = { method: "INVITE", route: `<${route}>`, callId, tag: callerTag };
    await stranger.sendAsIs(requestTo(victim, stranger, genuine));
    await stranger.expect("100");
    assert.deepEqual(headers(await victim.expect("INVITE"), "Route"), []);
  });
});

/**
 * A Route of node B's by node A to the victim: somebody who can write to Redis pretends that a user is at a node with
 * the victim's token, and has that user called. It stands for what could be overheard between nodes.
 */
async function sealedRoute(
  { redis, a, b }: RedisNodes,
  caller: WirePhone,
): Promise<{ route: string; callId: string; callerTag: string }> {
  using listener = listen();
  const { place } = listener;
  const address = `${place.address}:${place.port}`;
  const node = { address, epoch: "trap" };
  await until(async () => (await bindingsIn(redis, "victim")).length === 1);
  const [{ key, entry }] = await bindingsIn(redis, "victim");
  assert.equal(entry.node.address, a.address);
  const aor = `sip:trap@${domain}`;
  const contact = "sip:trap@192.0.2.9";
  const trap = { ...entry, aor, id: contact, contact, callId: "trap", node };
  await redis.run("SET", `routr:node:${address}`, node.epoch, "EX", "60");
  await redis.run("SET", key.replace(/\{.*$/, `{${aor}}${contact}`), JSON.stringify(trap), "EX", "60");
  // It reads everything there is.
  await b.end();
  await b.start();
  await until(async () => (await contactsAt(b, "trap")).length === 1);
  await caller.invite(aor);
  const invite = await listener.message();
  await caller.expectNothing(0);
  const route = uriIn(header(invite, "Route"));
  assert.ok(route.includes(`=${entry.flow.token}@${address}`), route);
  const callerTag = /;tag=([^;\s]+)/.exec(header(invite, "From"))?.[1] ?? "";
  return { route: route.replace(address, a.address), callId: header(invite, "Call-ID"), callerTag };
}

function listen(): Disposable & { readonly place: Endpoint; message(): Promise<string> } {
  const listener = udpPeers.listen("127.0.0.1");
  return {
    place: { address: listener.address, port: listener.port },
    message: async () => await (await listener.accept()).readMessage() ?? "",
    [Symbol.dispose]: () => listener.close(),
  };
}

/** A request to a phone as another node would send it on. */
function requestTo(
  phone: WirePhone,
  from: WirePhone,
  { method, route, callId, tag = "stranger" }: {
    method: string;
    route: string;
    callId: string;
    tag?: string;
  },
): string {
  return sip(`
    ${method} ${phone.contact} SIP/2.0
    Via: SIP/2.0/${from.way.protocol.toUpperCase()} ${from.sentBy};branch=z9hG4bK${crypto.randomUUID()};rport
    Route: ${route}
    Max-Forwards: 70
    From: <sip:alice@${domain}>;tag=${tag}
    To: <sip:${phone.username}@${domain}>
    Call-ID: ${callId}
    CSeq: 1 ${method}
    Contact: <${from.contact}>
    Content-Length: 0
  `);
}
