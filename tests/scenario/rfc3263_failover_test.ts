/** Forwarding without a known flow: lookup, endpoints, and failover. */
import assert from "node:assert/strict";
import { RemoteFlow } from "../../src/core/flows/remote_flow.ts";
import { FlowTexts } from "../../src/core/flows/flow_text.ts";
import { DialogRoutes } from "../../src/core/proxy/dialog_route.ts";
import { ProxyCore } from "../../src/core/proxy/proxy_core.ts";
import { UNROUTED } from "../../src/core/proxy/route_preprocessing.ts";
import { PriorityTargets } from "../../src/core/proxy/target_set.ts";
import { TimerWheel } from "../../src/runtime/timer_wheel.ts";
import { TransactionLayer } from "../../src/transaction/transaction_layer.ts";
import type { TransactionUser } from "../../src/transaction/transaction_user.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryTransport } from "../support/memory_transport.ts";
import { header, responseTo, startLine } from "../support/sip_text.ts";
import { messageText } from "../unit/message/sample_message.ts";
import { transportRig } from "../support/transport_rig.ts";

const CALLER = { address: "192.0.2.99", port: 5060 };
const FIRST = "192.0.2.11";
const SECOND = "192.0.2.12";
const LARGE = "x".repeat(1300);

/** A device at another node. */
const DISTANT = new RemoteFlow(
  { protocol: "udp", local: "192.0.2.11:5060", remoteAddress: "192.0.2.12", remotePort: 5060, token: "t" },
  { address: `${FIRST}:5060`, epoch: "e" },
  { isAlive: () => true, isOver: () => false },
);

/** A proxy that forwards every request by its Request-URI; `pbx.example` has two addresses. */
class Hop {
  readonly clock = new FakeClock();
  readonly udp = new MemoryTransport("udp", "192.0.2.1", 5060);
  readonly tcp = new MemoryTransport("tcp", "192.0.2.1", 5060);
  /** Lets the look-up of names end. */
  answerLookup = () => {};

  static async start(options: { isLookupSlow?: boolean; remoteFlow?: RemoteFlow } = {}): Promise<Hop> {
    const hop = new Hop();
    const lookup = async () => {
      if (options.isLookupSlow) await new Promise<void>((resolve) => hop.answerLookup = resolve);
      return [FIRST, SECOND];
    };
    const { layer: transport, metrics } = transportRig({ clock: hop.clock, lookup });
    const wheel = new TimerWheel(hop.clock);
    const transactions = new TransactionLayer({ transport, wheel, metrics });
    const proxy = new ProxyCore({
      seed: 1,
      transactions,
      transport,
      nodeRoutes: undefined,
      dialogRoutes: new DialogRoutes({ flows: new FlowTexts(transport, "epoch"), key: "key" }),
      recordsRoute: false,
      ownsRealm: () => false,
    });
    const user: TransactionUser = {
      onRequest(request, flow) {
        const { requestUri, uri } = request;
        const target = { requestUri, routes: [], flow: undefined, q: 1000, remoteFlow: options.remoteFlow };
        proxy.forward({ request, flow, routed: { ...UNROUTED, requestUri, uri } }, {
          kind: "forward",
          targets: new PriorityTargets([target]),
          isCallerTrusted: false,
          credentialsRow: -1,
        });
      },
      onAck() {},
      onRejected() {},
      onFlowClosed() {},
    };
    transactions.attach(user);
    await transport.open(hop.udp, transactions);
    await transport.open(hop.tcp, transactions);
    return hop;
  }

  /** Lets the caller send a request to this URI. */
  async send(method: string, uri: string, { body = "", id = "1" } = {}): Promise<void> {
    const changes = { "Via": `SIP/2.0/UDP 192.0.2.99;branch=z9hG4bK${id}`, "CSeq": `1 ${method}` };
    this.udp.receive(messageText(changes, { startLine: `${method} ${uri} SIP/2.0`, body }), CALLER);
    await settle();
  }

  /** Takes the messages to an address since the last time. */
  taken(protocol: "udp" | "tcp", address: string, port = 5060): string[] {
    return this[protocol].flowTo(address, port).sent.splice(0);
  }

  /** Start lines of what the caller has got since the last look. */
  heard(): string[] {
    return this.taken("udp", CALLER.address).map(startLine);
  }

  async respond(request: string, status: string, address: string): Promise<void> {
    const copied = ["From", "To", "Call-ID", "CSeq"].map((name) => `${name}: ${header(request, name)}\r\n`);
    const vias = [...request.matchAll(/^Via: .*\r\n/gm)].join("");
    this.udp.receive(`SIP/2.0 ${status}\r\n${vias}${copied.join("")}Content-Length: 0\r\n\r\n`, {
      address,
      port: 5060,
    });
    await settle();
  }

  async pass(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

function only(messages: readonly string[]): string {
  assert.deepEqual(messages.map(startLine).length, 1, messages.map(startLine).join("\n"));
  return messages[0];
}

Deno.test("§4.3: a place that cannot be sent to is followed by the next, with a branch of its own", async () => {
  const hop = await Hop.start();
  hop.udp.unreachable.add(`${FIRST}:5060`);
  await hop.send("INVITE", "sip:bob@pbx.example:5060");
  const invite = only(hop.taken("udp", SECOND));
  assert.equal(startLine(invite), "INVITE sip:bob@pbx.example:5060 SIP/2.0");
  await hop.respond(invite, "200 OK", SECOND);
  assert.deepEqual(hop.heard(), ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]);
});

Deno.test("§4.3: a 503 goes to the next place, not to the caller, also after a 100", async () => {
  const hop = await Hop.start();
  await hop.send("INVITE", "sip:bob@pbx.example:5060");
  const first = only(hop.taken("udp", FIRST));
  await hop.respond(first, "100 Trying", FIRST);
  await hop.respond(first, "503 Service Unavailable", FIRST);
  assert.match(only(hop.taken("udp", FIRST)), /^ACK /);
  const second = only(hop.taken("udp", SECOND));
  assert.notEqual(header(second, "Via"), header(first, "Via"));
  await hop.respond(second, "486 Busy Here", SECOND);
  assert.deepEqual(hop.heard(), ["SIP/2.0 100 Trying", "SIP/2.0 486 Busy Here"]);
});

Deno.test("§4.3: a final answer that is no 503 is the answer", async () => {
  const hop = await Hop.start();
  await hop.send("INVITE", "sip:bob@pbx.example:5060");
  await hop.respond(only(hop.taken("udp", FIRST)), "500 Server Internal Error", FIRST);
  assert.deepEqual(hop.taken("udp", SECOND), []);
  assert.deepEqual(hop.heard(), ["SIP/2.0 100 Trying", "SIP/2.0 500 Server Internal Error"]);
});

Deno.test("§4.3: silence is followed by the next place after 12·T1; the last one has the whole of Timer B", async () => {
  const hop = await Hop.start();
  await hop.send("INVITE", "sip:bob@pbx.example:5060");
  await hop.pass(5_900);
  assert.deepEqual(hop.taken("udp", SECOND), []);
  await hop.pass(200);
  assert.equal(hop.taken("udp", SECOND).length, 1);
  await hop.pass(31_500);
  assert.deepEqual(hop.heard(), ["SIP/2.0 100 Trying"]);
  await hop.pass(1_000);
  assert.equal(hop.heard()[0], "SIP/2.0 408 Request Timeout");
});

Deno.test("§4.3: an endpoint that answers after another was tried is cancelled, unnoticed by the caller", async () => {
  const hop = await Hop.start();
  await hop.send("INVITE", "sip:bob@pbx.example:5060");
  const late = hop.taken("udp", FIRST)[0];
  await hop.pass(6_100);
  const asked = only(hop.taken("udp", SECOND));
  hop.taken("udp", FIRST);
  await hop.respond(late, "180 Ringing", FIRST);
  assert.match(only(hop.taken("udp", FIRST)), /^CANCEL /);
  await hop.respond(late, "487 Request Terminated", FIRST);
  await hop.respond(asked, "200 OK", SECOND);
  assert.deepEqual(hop.heard(), ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]);
});

Deno.test("§16.7 step 5: a place that is answered after another was asked has won, and the other is cancelled", async () => {
  const hop = await Hop.start();
  await hop.send("INVITE", "sip:bob@pbx.example:5060");
  const late = hop.taken("udp", FIRST)[0];
  await hop.pass(6_100);
  const asked = only(hop.taken("udp", SECOND));
  hop.taken("udp", FIRST);
  await hop.respond(asked, "180 Ringing", SECOND);
  await hop.respond(late, "200 OK", FIRST);
  assert.match(only(hop.taken("udp", SECOND)), /^CANCEL [^]*\r\nReason: SIP;cause=200;/);
  await hop.respond(asked, "487 Request Terminated", SECOND);
  // Nobody upstream has acknowledged the first one.
  await hop.respond(late, "200 OK", FIRST);
  assert.deepEqual(hop.heard(), [
    "SIP/2.0 100 Trying",
    "SIP/2.0 180 Ringing",
    "SIP/2.0 200 OK",
    "SIP/2.0 200 OK",
  ]);
});

Deno.test("§13.2.2.4: one that is answered late and cannot be passed on is hung up where it was answered", async () => {
  const hop = await Hop.start();
  await hop.send("INVITE", "sip:bob@pbx.example:5060");
  const late = hop.taken("udp", FIRST)[0];
  await hop.pass(6_100);
  hop.taken("udp", FIRST);
  hop.taken("udp", SECOND);
  const withoutCaller = late.replace(/^Via: SIP\/2\.0\/UDP 192\.0\.2\.99.*\r\n/m, "");
  const ok = responseTo(withoutCaller, "200 OK", { tag: "t", lines: `Contact: <sip:bob@${FIRST}>` });
  hop.udp.receive(ok, { address: FIRST, port: 5060 });
  await settle();
  const [ack, bye] = hop.taken("udp", FIRST);
  assert.match(ack, /^ACK /);
  assert.match(bye, /^BYE /);
  assert.deepEqual(hop.heard(), ["SIP/2.0 100 Trying", "SIP/2.0 502 Bad Gateway"]);
});

Deno.test("Another node that does not say 100 within 4·T1 has died: its device is not waited for any longer", async () => {
  const hop = await Hop.start({ remoteFlow: DISTANT });
  await hop.send("INVITE", `sip:bob@${FIRST}`);
  await hop.pass(1_900);
  assert.equal(hop.taken("udp", FIRST).length, 3);
  assert.deepEqual(hop.heard(), ["SIP/2.0 100 Trying"]);
  await hop.pass(200);
  assert.equal(hop.heard()[0], "SIP/2.0 408 Request Timeout");
});

Deno.test("Another node that says 100 is given the time that its device takes", async () => {
  const hop = await Hop.start({ remoteFlow: DISTANT });
  await hop.send("INVITE", `sip:bob@${FIRST}`);
  await hop.respond(only(hop.taken("udp", FIRST)), "100 Trying", FIRST);
  await hop.pass(60_000);
  assert.deepEqual(hop.heard(), ["SIP/2.0 100 Trying"]);
});

Deno.test("§4.3: an endpoint with any response gets all the time it takes", async () => {
  const hop = await Hop.start();
  await hop.send("INVITE", "sip:bob@pbx.example:5060");
  await hop.respond(only(hop.taken("udp", FIRST)), "180 Ringing", FIRST);
  await hop.pass(100_000);
  assert.deepEqual(hop.taken("udp", SECOND), []);
  assert.deepEqual(hop.heard(), ["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing"]);
});

Deno.test("§4.3: when all endpoints of a device fail, the caller gets 480", async () => {
  const hop = await Hop.start();
  hop.udp.unreachable.add(`${FIRST}:5060`).add(`${SECOND}:5060`);
  await hop.send("MESSAGE", "sip:bob@pbx.example:5060");
  assert.deepEqual(hop.heard(), ["SIP/2.0 480 Temporarily Unavailable"]);
});

Deno.test("A place that failed comes last for a minute; other requests are not slowed down by it", async () => {
  const hop = await Hop.start();
  hop.udp.unreachable.add(`${FIRST}:5060`);
  await hop.send("MESSAGE", "sip:bob@pbx.example:5060");
  await hop.respond(only(hop.taken("udp", SECOND)), "200 OK", SECOND);
  hop.udp.unreachable.clear();
  await hop.send("MESSAGE", "sip:bob@pbx.example:5060", { id: "2" });
  await hop.respond(only(hop.taken("udp", SECOND)), "200 OK", SECOND);
  assert.deepEqual(hop.taken("udp", FIRST), []);
  await hop.pass(61_000);
  await hop.send("MESSAGE", "sip:bob@pbx.example:5060", { id: "3" });
  assert.equal(hop.taken("udp", FIRST).length, 1);
});

Deno.test("§9.1: a cancelled request tries no further place", async () => {
  const hop = await Hop.start();
  await hop.send("INVITE", "sip:bob@pbx.example:5060");
  hop.taken("udp", FIRST);
  await hop.send("CANCEL", "sip:bob@pbx.example:5060");
  await hop.pass(40_000);
  assert.deepEqual(hop.taken("udp", SECOND), []);
  // Nobody acknowledges the 487, so it comes again.
  const heard = [...new Set(hop.heard())];
  assert.deepEqual(heard, ["SIP/2.0 100 Trying", "SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]);
});

Deno.test("A slow look-up delays its own request only", async () => {
  const hop = await Hop.start({ isLookupSlow: true });
  await hop.send("MESSAGE", "sip:bob@pbx.example:5060");
  await hop.send("MESSAGE", `sip:carol@${SECOND}`, { id: "2" });
  assert.match(only(hop.taken("udp", SECOND)), /^MESSAGE sip:carol/);
  assert.deepEqual(hop.taken("udp", FIRST), []);
  hop.answerLookup();
  await settle();
  assert.match(only(hop.taken("udp", FIRST)), /^MESSAGE sip:bob/);
});

Deno.test("A look-up that never ends is answered 480 after some seconds", async () => {
  const hop = await Hop.start({ isLookupSlow: true });
  await hop.send("MESSAGE", "sip:bob@pbx.example:5060");
  await hop.pass(5_100);
  assert.equal(hop.heard().at(-1), "SIP/2.0 480 Temporarily Unavailable");
});

Deno.test("§18.1.1: a request of more than 1300 bytes goes by TCP where nobody asked for UDP", async () => {
  const hop = await Hop.start();
  await hop.send("MESSAGE", `sip:bob@${FIRST}`, { body: LARGE });
  assert.match(header(only(hop.taken("tcp", FIRST)), "Via"), /^SIP\/2\.0\/TCP /);
  await hop.send("MESSAGE", `sip:bob@${FIRST}`, { id: "2" });
  assert.equal(hop.taken("udp", FIRST).length, 1);
  assert.deepEqual(hop.taken("tcp", FIRST), []);
});

Deno.test("§18.1.1: where the URI asks for UDP, UDP it is", async () => {
  const hop = await Hop.start();
  await hop.send("MESSAGE", `sip:bob@${FIRST};transport=udp`, { body: LARGE });
  assert.equal(hop.taken("udp", FIRST).length, 1);
});

Deno.test("§18.1.1: where TCP is refused, a large request goes by UDP after all", async () => {
  const hop = await Hop.start();
  hop.tcp.unreachable.add(`${FIRST}:5060`);
  await hop.send("MESSAGE", `sip:bob@${FIRST}`, { body: LARGE });
  const message = only(hop.taken("udp", FIRST));
  assert.match(header(message, "Via"), /^SIP\/2\.0\/UDP /);
  await hop.respond(message, "200 OK", FIRST);
  assert.deepEqual(hop.heard(), ["SIP/2.0 200 OK"]);
});
