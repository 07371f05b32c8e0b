/** Route entries from node to node. */
import assert from "node:assert/strict";
import { RemoteFlow } from "../../../../src/core/flows/remote_flow.ts";
import { NodeRoutes } from "../../../../src/core/cluster/node_route.ts";
import { FlowTexts } from "../../../../src/core/flows/flow_text.ts";
import { parseNameAddr } from "../../../../src/message/name_addr.ts";
import { SipUri } from "../../../../src/message/sip_uri.ts";
import { MemoryTransport } from "../../../support/memory_transport.ts";
import { IDLE_USER, transportRig } from "../../../support/transport_rig.ts";

const CALL = { method: "INVITE", callId: "call", from: { tag: "caller" } };

/** The node that has the phone, and how another one would send it a request. */
async function start({ key = "key", epoch = "epoch" } = {}) {
  const { layer: transport } = transportRig();
  const tcp = new MemoryTransport("tcp", "192.0.2.1", 5060);
  await transport.open(tcp, IDLE_USER);
  tcp.receive("\r\n\r\n", { address: "192.0.2.9", port: 4000 });
  const phone = tcp.flowTo("192.0.2.9", 4000);
  const texts = new FlowTexts(transport, epoch);
  const routes = new NodeRoutes(texts, key);
  const record = {
    protocol: "tcp",
    local: "192.0.2.1:5060",
    remoteAddress: "192.0.2.9",
    remotePort: 4000,
    token: new FlowTexts(transport, "epoch").textOf(phone),
  };
  const node = { address: "192.0.2.1:5060", epoch: "epoch" };
  const remote = new RemoteFlow(record, node, { isAlive: () => true, isOver: () => false });
  return { tcp, phone, routes, remote };
}

function uriOf(route: string): SipUri {
  return SipUri.parse(parseNameAddr(route, 0, route.length)!.uriText)!;
}

Deno.test("a node accepts what another one has signed, and finds the device's flow", async () => {
  const { routes, remote, phone } = await start();
  const route = routes.routeFor(CALL, remote);
  assert.match(route, /^<sip:[0-9a-f]{24}=c[0-9a-z]+-epoch@192\.0\.2\.1:5060;lr>$/);
  assert.equal(routes.verify(uriOf(route), CALL)?.flow, phone);
});

Deno.test("an entry is good for its own request only", async () => {
  const { routes, remote } = await start();
  const entry = uriOf(routes.routeFor(CALL, remote));
  const others = [{ callId: "other" }, { method: "MESSAGE" }, { from: { tag: "other" } }];
  for (const other of others) assert.equal(routes.verify(entry, { ...CALL, ...other }), undefined);
});

Deno.test("an entry can neither be made nor changed without the key", async () => {
  const { routes, remote } = await start();
  const other = await start({ key: "another" });
  assert.equal(routes.verify(uriOf(other.routes.routeFor(CALL, remote)), CALL), undefined);
  const [signature, flow] = uriOf(routes.routeFor(CALL, remote)).user!.split("=");
  for (
    const user of [
      `${signature}=${flow}x`,
      `${signature}=`,
      signature,
      `=${flow}`,
      `${"0".repeat(24)}=${flow}`,
    ]
  ) {
    assert.equal(routes.verify(SipUri.parse(`sip:${user}@192.0.2.1;lr`)!, CALL), undefined, user);
  }
  assert.equal(routes.verify(SipUri.parse("sip:192.0.2.1;lr")!, CALL), undefined);
});

Deno.test("a connection that has ended, or was one of an earlier process, is told from a forged entry", async () => {
  const { tcp, routes, remote } = await start();
  const entry = uriOf(routes.routeFor(CALL, remote));
  tcp.closeConnection("192.0.2.9", 4000);
  assert.deepEqual(routes.verify(entry, CALL), { flow: undefined });
  const later = await start({ epoch: "later" });
  assert.deepEqual(later.routes.verify(entry, CALL), { flow: undefined });
});
