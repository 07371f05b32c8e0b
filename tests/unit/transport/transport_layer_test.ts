import assert from "node:assert/strict";
import { Header } from "../../../src/message/header_name.ts";
import { configureLogging } from "../../../src/runtime/log.ts";
import type { RejectedMessage, SipRequest, SipResponse } from "../../../src/message/sip_message.ts";
import { SipUri } from "../../../src/message/sip_uri.ts";
import { type AdvertisedAddress, LocalAddresses } from "../../../src/transport/local_addresses.ts";
import type { Lookup } from "../../../src/transport/dns/system_lookup.ts";
import type { Destination } from "../../../src/transport/dns/destination.ts";
import type { Flow, TransportProtocol } from "../../../src/transport/transport.ts";
import type { TransportUser } from "../../../src/transport/transport_layer.ts";
import { MemoryTransport } from "../../support/memory_transport.ts";
import { messageText, readRequest } from "../message/sample_message.ts";
import { transportRig } from "../../support/transport_rig.ts";

configureLogging({ level: "fatal", format: "text" });

const INTERFACES = [
  { family: "IPv4", address: "127.0.0.1", cidr: "127.0.0.1/8" },
  { family: "IPv4", address: "10.0.0.5", cidr: "10.0.0.5/24" },
  { family: "IPv6", address: "2001:db8::5", cidr: "2001:db8::5/64" },
] as const;

/** A user that records its calls. */
class Recorder implements TransportUser {
  readonly requests: SipRequest[] = [];
  readonly responses: SipResponse[] = [];
  readonly rejected: RejectedMessage[] = [];
  readonly closed: Flow[] = [];
  readonly flows: Flow[] = [];

  onRequest(request: SipRequest, flow: Flow): void {
    this.requests.push(request);
    this.flows.push(flow);
  }

  onResponse(response: SipResponse, flow: Flow): void {
    this.responses.push(response);
    this.flows.push(flow);
  }

  onRejected(rejected: RejectedMessage, flow: Flow): void {
    this.rejected.push(rejected);
    this.flows.push(flow);
  }

  onFlowClosed(flow: Flow): void {
    this.closed.push(flow);
  }

  get total(): number {
    return this.requests.length + this.responses.length + this.rejected.length;
  }
}

type Listener = [protocol: TransportProtocol, address: string, port: number];

interface BenchOptions {
  readonly advertised?: AdvertisedAddress;
  readonly lookup?: Lookup;
}

async function newBench(listeners: readonly Listener[], options: BenchOptions = {}) {
  const { advertised, lookup = () => Promise.reject(new Error("ENOTFOUND")) } = options;
  const localAddresses = new LocalAddresses(INTERFACES, advertised);
  const { layer, metrics } = transportRig({ localAddresses, lookup, maxDatagramSize: 4_000 });
  const user = new Recorder();
  const transports = listeners.map((listener) => new MemoryTransport(...listener));
  for (const transport of transports) await layer.open(transport, user);
  return { layer, user, metrics, transports };
}

function destination(protocol: TransportProtocol, address: string, port: number): Destination {
  return { protocol, address, port, domain: address, isTransportFixed: true };
}

const UDP: Listener = ["udp", "127.0.0.1", 5060];
const TCP: Listener = ["tcp", "127.0.0.1", 5060];
const OUR_VIA = "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKours";
const ANYONE = { address: "192.0.2.7", port: 4000 };

Deno.test("This server is address and port and transport, never an address alone", async () => {
  const { layer } = await newBench([["udp", "127.0.0.1", 5060], ["tcp", "127.0.0.1", 5070], [
    "udp",
    "[::1]",
    5060,
  ]]);
  const table: [host: string, port: number, protocol: string | undefined, local: boolean][] = [
    ["127.0.0.1", 5060, undefined, true],
    ["127.0.0.1", 5060, "udp", true],
    ["127.0.0.1", 5060, "tcp", false],
    ["127.0.0.1", 5070, undefined, true],
    ["127.0.0.1", 5070, "udp", false],
    ["127.0.0.1", 5061, undefined, false],
    ["127.0.0.2", 5060, undefined, false],
    ["10.0.0.5", 5060, undefined, false],
    ["[::1]", 5060, "udp", true],
    ["[::1]", 5070, undefined, false],
    ["sip.local", 5060, undefined, false],
  ];
  for (const [host, port, protocol, local] of table) {
    assert.equal(layer.isLocal(host, port, protocol), local, `${host}:${port};${protocol}`);
  }
  assert.deepEqual([5060, 5070, 5080].map((port) => layer.hasPort(port)), [true, true, false]);
});

Deno.test("A socket bound to all addresses is this server under each of them, and under externAddr", async () => {
  const advertised = { externAddr: "203.0.113.5" };
  const { layer } = await newBench([["udp", "0.0.0.0", 5060]], { advertised });
  for (const host of ["127.0.0.1", "10.0.0.5", "203.0.113.5"]) {
    assert.equal(layer.isLocal(host, 5060), true, host);
  }
  for (const host of ["0.0.0.0", "[2001:db8::5]", "10.0.0.6"]) {
    assert.equal(layer.isLocal(host, 5060), false, host);
  }
  const dual = await newBench([["udp", "[::]", 5060]]);
  for (const host of ["10.0.0.5", "[2001:db8::5]"]) {
    assert.equal(dual.layer.isLocal(host, 5060, "udp"), true, host);
  }
});

Deno.test("A URI names this server by address, port or the default one, and transport if it says so", async () => {
  const { layer } = await newBench([UDP, TCP, ["udp", "127.0.0.1", 5070], ["tls", "127.0.0.1", 5061]]);
  const table: [uri: string, local: boolean][] = [
    ["sip:127.0.0.1", true],
    ["sip:anyone@127.0.0.1;lr", true],
    ["sip:127.0.0.1:5060;transport=tcp", true],
    ["sip:127.0.0.1;transport=UDP", true],
    ["sip:127.0.0.1:5070", true],
    ["sip:127.0.0.1:5070;transport=tcp", false],
    ["sip:127.0.0.1:5080", false],
    ["sips:127.0.0.1", true],
    ["sip:127.0.0.1;transport=tls", true],
    ["sips:127.0.0.1:5060;transport=tls", false],
    ["sip:127.0.0.1;transport=sctp", false],
    ["sip:sip.local", false],
  ];
  for (const [uri, local] of table) assert.equal(layer.isLocalUri(SipUri.parse(uri)!), local, uri);
});

Deno.test("RFC 5954: this server is the same in every spelling of its IPv6 address", async () => {
  const { layer } = await newBench([["udp", "[2001:db8::5]", 5060]]);
  for (const host of ["[2001:db8::5]", "[2001:DB8::5]", "[2001:db8:0:0:0:0:0:5]", "[2001:0db8::0005]"]) {
    assert.equal(layer.isLocalUri(SipUri.parse(`sip:a@${host}`)!), true, host);
  }
});

Deno.test("A request goes up with its source in the top Via", async () => {
  const { transports: [udp], user } = await newBench([UDP]);
  udp.receive(messageText({ "Via": "SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bK1" }), ANYONE);
  const [request] = user.requests;
  assert.equal(request.topViaText, "SIP/2.0/UDP 10.1.1.1:4540;rport=4000;branch=z9hG4bK1;received=192.0.2.7");
  assert.equal(user.flows[0], udp.flowTo(ANYONE.address, ANYONE.port));
});

Deno.test("A response goes up as it came", async () => {
  const { transports: [udp], user } = await newBench([UDP]);
  udp.receive(messageText({ "Via": OUR_VIA }, { startLine: "SIP/2.0 200 OK" }), ANYONE);
  assert.deepEqual([user.responses[0].status, user.responses[0].isViaStamped], [200, false]);
});

Deno.test("§18.1.2: a response whose top Via is not ours goes nowhere", async () => {
  const { transports: [udp], user, metrics } = await newBench([UDP]);
  udp.receive(
    messageText({ "Via": OUR_VIA.replace(":5060", ":5061") }, { startLine: "SIP/2.0 200 OK" }),
    ANYONE,
  );
  assert.equal(user.responses.length, 0);
  assert.equal(metrics.snapshot()["routr_transport_violations_total"], 1);
});

Deno.test("What is malformed goes up and is counted; a request among it can be answered", async () => {
  const { transports: [udp], user, metrics } = await newBench([UDP]);
  udp.receive("hello", ANYONE);
  udp.receive(messageText({ "CSeq": "x", "Via": "SIP/2.0/UDP pc;rport;branch=b" }), ANYONE);
  assert.deepEqual(user.rejected.map(({ kind, status }) => `${kind} ${status}`), [
    "malformed 400",
    "malformed 400",
  ]);
  assert.equal(user.rejected[0].request, undefined);
  assert.equal(
    user.rejected[1].request?.topViaText,
    "SIP/2.0/UDP pc;rport=4000;branch=b;received=192.0.2.7",
  );
  assert.equal(metrics.snapshot()["routr_malformed_messages_total"], 2);
});

Deno.test("A request larger than a datagram may be is answered 513; a connection takes it", async () => {
  const { transports: [udp, tcp], user } = await newBench([UDP, TCP]);
  const ofSize = (size: number) => messageText({}, { body: "x".repeat(size - messageText().length - 3) });
  udp.receive(ofSize(4_000), ANYONE);
  assert.equal(user.requests.length, 1);
  udp.receive(ofSize(4_001), ANYONE);
  const [{ kind, status }] = user.rejected;
  assert.deepEqual([user.requests.length, kind, status], [1, "oversized", 513]);
  assert.equal(user.rejected[0].request?.topViaText.includes("received=192.0.2.7"), true);
  tcp.receive(ofSize(40_000), ANYONE);
  assert.equal(user.requests.length, 2);
});

Deno.test("What a message does to the layers above ends with that message", async () => {
  const { layer, transports: [udp], user } = await newBench([UDP]);
  const fail = () => {
    throw new TypeError("Cannot handle this");
  };
  user.onRequest = fail;
  udp.receive(messageText(), ANYONE);
  udp.receive(messageText({ "Via": OUR_VIA }, { startLine: "SIP/2.0 200 OK" }), ANYONE);
  assert.equal(user.responses.length, 1);
  user.onFlowClosed = fail;
  layer.onFlowClosed(udp.flowTo(ANYONE.address, ANYONE.port));
});

Deno.test("Keep-alives are no messages: CRLFs, zeros, STUN", async () => {
  const { transports: [udp], user, metrics } = await newBench([UDP]);
  const stun = "\0\x01\0\0\x21\x12\xa4\x42" + "x".repeat(12);
  for (const text of ["\r\n\r\n", "\r\n", "\0\0\0\0", "\0", stun, "\x01\x01\0\0"]) {
    udp.receive(text, ANYONE);
    assert.equal(user.total, 0, JSON.stringify(text));
  }
  assert.equal(metrics.snapshot()["routr_malformed_messages_total"], 0);
  udp.receive(`\r\n\r\n${messageText()}`, ANYONE);
  assert.equal(user.requests.length, 1);
});

/** Returns the destination of the response to a request from 192.0.2.7:4000 with a Via. */
async function responseTarget(protocol: TransportProtocol, via: string, isOpen = true): Promise<string> {
  const { layer, transports: [transport] } = await newBench([[protocol, "127.0.0.1", 5060]]);
  const flow = transport.flowTo(ANYONE.address, ANYONE.port);
  if (!isOpen) transport.closeConnection(ANYONE.address, ANYONE.port);
  const request = readRequest(messageText({ "Via": via }));
  request.stampTopVia(flow.remoteAddress, flow.remotePort);
  const target = layer.responseFlow(request, flow);
  assert.equal(target.transport, transport);
  assert.equal(target.isOpen, true);
  return `${target.remoteAddress}:${target.remotePort}`;
}

Deno.test("§18.2.2 and RFC 3581 §4: by UDP a response goes to the source, at the port that Via wants", async () => {
  const table: [via: string, target: string][] = [
    ["192.0.2.7:4000", "192.0.2.7:4000"],
    ["192.0.2.7:5070", "192.0.2.7:5070"],
    ["192.0.2.7", "192.0.2.7:5060"],
    ["10.1.1.1:5070", "192.0.2.7:5070"],
    ["pc33.atlanta.com", "192.0.2.7:5060"],
    ["10.1.1.1:5070;rport", "192.0.2.7:4000"],
    ["pc33.atlanta.com;rport", "192.0.2.7:4000"],
    ["10.1.1.1:5070;rport=1", "192.0.2.7:4000"],
    ["10.1.1.1:5070;received=203.0.113.9", "192.0.2.7:5070"],
  ];
  for (const [via, target] of table) {
    assert.equal(await responseTarget("udp", `SIP/2.0/UDP ${via};branch=b`), target, via);
  }
});

Deno.test("§18.2.2: by TCP a response returns on its connection", async () => {
  for (const via of ["192.0.2.7:5070", "pc33.atlanta.com", "10.1.1.1;rport"]) {
    assert.equal(await responseTarget("tcp", `SIP/2.0/TCP ${via};branch=b`), "192.0.2.7:4000");
  }
});

Deno.test("§18.2.2: when the connection is gone, the source gets a new one at the port of sent-by", async () => {
  const table: [protocol: TransportProtocol, via: string, target: string][] = [
    ["tcp", "SIP/2.0/TCP 10.1.1.1:5070", "192.0.2.7:5070"],
    ["tcp", "SIP/2.0/TCP pc33.atlanta.com", "192.0.2.7:5060"],
    ["tls", "SIP/2.0/TLS pc33.atlanta.com", "192.0.2.7:5061"],
  ];
  for (const [protocol, via, target] of table) {
    assert.equal(await responseTarget(protocol, `${via};branch=b`, false), target);
  }
});

Deno.test("A request without readable Via is answered where it came from", async () => {
  const { layer, transports: [udp] } = await newBench([UDP]);
  const flow = udp.flowTo(ANYONE.address, ANYONE.port);
  assert.equal(layer.responseFlow({ topVia: undefined }, flow), flow);
});

Deno.test("flowTo() an address is there at once, by a transport of the protocol", async () => {
  const { layer, transports: [udp, tcp] } = await newBench([UDP, TCP]);
  assert.equal(
    layer.flowTo(destination("udp", "127.0.0.9", 5060)),
    udp.flowTo("127.0.0.9", 5060),
  );
  assert.equal(
    layer.flowTo(destination("tcp", "127.0.0.9", 5062)),
    tcp.flowTo("127.0.0.9", 5062),
  );
  assert.equal(layer.flowTo(destination("tls", "127.0.0.9", 5061)), undefined);
});

Deno.test("flowTo() takes a transport of the target's address family; [::] serves both", async () => {
  const { layer, transports: [v4, v6] } = await newBench([["udp", "0.0.0.0", 5060], [
    "udp",
    "[2001:db8::5]",
    5060,
  ]]);
  const to = (host: string) => layer.flowTo(destination("udp", host, 5060));
  assert.equal((to("192.0.2.9") as Flow).transport, v4);
  assert.equal((to("[2001:db8::9]") as Flow).transport, v6);
  const single = await newBench([UDP]);
  assert.equal(single.layer.flowTo(destination("udp", "[2001:db8::9]", 5060)), undefined);
  const dual = await newBench([["udp", "[::]", 5060]]);
  assert.ok(dual.layer.flowTo(destination("udp", "192.0.2.9", 5060)));
  assert.ok(dual.layer.flowTo(destination("udp", "[2001:db8::9]", 5060)));
});

Deno.test("flowTo() prefers the socket that faces the target: loopback for loopback, another for the rest", async () => {
  for (const order of [["127.0.0.1", "10.0.0.5"], ["10.0.0.5", "127.0.0.1"]]) {
    const { layer } = await newBench(order.map((address): Listener => ["udp", address, 5060]));
    const bound = (host: string) => (layer.flowTo(destination("udp", host, 1)) as Flow).transport.address;
    assert.equal(bound("127.0.0.77"), "127.0.0.1");
    assert.equal(bound("10.0.0.77"), "10.0.0.5");
    assert.equal(bound("203.0.113.1"), "10.0.0.5");
  }
});

Deno.test("A name is located by what our transports can reach, and then goes by them", async () => {
  const asked: string[] = [];
  const { layer, transports: [udp] } = await newBench([UDP], {
    lookup: (name) => (asked.push(name), Promise.resolve(["2001:db8::9", "192.0.2.9", "192.0.2.10"])),
  });
  const hop = { protocol: undefined, host: "pbx.example", port: 5070, isSecure: false };
  const pending = layer.locator.locate(hop);
  assert.ok(pending instanceof Promise);
  const places = await pending;
  assert.deepEqual(places.map(({ address }) => address), ["192.0.2.9", "192.0.2.10"]);
  assert.equal(layer.flowTo(places[0]), udp.flowTo("192.0.2.9", 5070));
  assert.deepEqual(layer.locator.locate(hop), places);
  assert.deepEqual(asked, ["pbx.example"]);
});

Deno.test("RFC 7118 §5.4: who came by WebSocket is not called back when the connection is gone", async () => {
  for (const protocol of ["ws", "wss"] as const) {
    const { layer, transports: [transport] } = await newBench([[protocol, "127.0.0.1", 80]]);
    const flow = transport.flowTo(ANYONE.address, ANYONE.port);
    transport.closeConnection(ANYONE.address, ANYONE.port);
    const request = readRequest(messageText({ "Via": "SIP/2.0/WS a1b2.invalid;branch=b" }));
    assert.equal(layer.responseFlow(request, flow), flow);
    assert.equal(transport.flows.length, 1);
  }
});

Deno.test("RFC 5626 §3.5.2: a STUN Binding request by UDP is answered, and not handed up", async () => {
  const { user, transports: [udp, tcp] } = await newBench([UDP, TCP]);
  const request = "\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl";
  udp.receive(request, ANYONE);
  const [answer] = udp.flowTo(ANYONE.address, ANYONE.port).sent;
  assert.ok(answer.startsWith("\x01\x01"));
  assert.ok(answer.includes("abcdefghijkl"));
  tcp.receive(request, ANYONE);
  assert.deepEqual(tcp.flowTo(ANYONE.address, ANYONE.port).sent, []);
  assert.equal(user.total, 0);
});

Deno.test("RFC 6223 §4.3: who offers keep-alives is told how often", async () => {
  const { user, transports: [udp, tcp] } = await newBench([UDP, TCP]);
  udp.receive(messageText({ "Via": "SIP/2.0/UDP pc;keep;branch=b;rport" }), ANYONE);
  tcp.receive(messageText({ "Via": "SIP/2.0/TCP 192.0.2.7;branch=b;keep" }), ANYONE);
  udp.receive(messageText({ "Via": "SIP/2.0/UDP 192.0.2.7;branch=b;keep=5" }), ANYONE);
  assert.deepEqual(user.requests.map(({ topViaText }) => topViaText), [
    "SIP/2.0/UDP pc;keep=25;branch=b;rport=4000;received=192.0.2.7",
    "SIP/2.0/TCP 192.0.2.7;branch=b;keep=110",
    "SIP/2.0/UDP 192.0.2.7;branch=b;keep=5",
  ]);
});

Deno.test("A URI names this server by the port and transport it has, or has by default", async () => {
  const { layer } = await newBench([UDP, ["tls", "127.0.0.1", 5061], ["wss", "127.0.0.1", 443], [
    "ws",
    "127.0.0.1",
    8080,
  ]]);
  const table: [uri: string, isLocal: boolean][] = [
    ["sip:127.0.0.1", true],
    ["sips:127.0.0.1", true],
    ["sip:127.0.0.1;transport=tls", true],
    ["sip:127.0.0.1;transport=tcp", false],
    ["sips:127.0.0.1;transport=tcp", true],
    ["sips:127.0.0.1;transport=ws", true],
    ["sip:127.0.0.1:443;transport=ws", true],
    ["sip:127.0.0.1:8080;transport=ws", true],
    ["sip:127.0.0.1:8080;transport=udp", false],
    ["sip:127.0.0.1:5062", false],
  ];
  for (const [uri, isLocal] of table) assert.equal(layer.isLocalUri(SipUri.parse(uri)!), isLocal, uri);
});

Deno.test("§18.1.1: sentBy() is host and port of ours as the far end should use them", async () => {
  const advertised = { externAddr: "203.0.113.5", localnets: ["10.0.0.0/8"] };
  const { layer, transports: [udp, tcp] } = await newBench([["udp", "0.0.0.0", 5060], TCP], { advertised });
  const table: [flow: Flow, sentBy: string][] = [
    [udp.flowTo("10.0.0.77", 1), "10.0.0.5:5060"],
    [udp.flowTo("10.0.0.77", 2), "10.0.0.5:5060"],
    [udp.flowTo("198.51.100.1", 1), "203.0.113.5:5060"],
    [udp.flowTo("127.0.0.9", 1), "127.0.0.1:5060"],
    [tcp.flowTo("10.0.0.77", 1), "127.0.0.1:5060"],
  ];
  for (const [flow, sentBy] of [...table, ...table]) assert.equal(layer.sentBy(flow), sentBy);
});

Deno.test("A connection is known by its number while it is open; a UDP flow is none", async () => {
  const { layer, user, transports: [udp, tcp] } = await newBench([UDP, TCP]);
  const connection = tcp.flowTo(ANYONE.address, ANYONE.port);
  assert.equal(layer.connection(connection.id), connection);
  assert.equal(layer.connection(udp.flowTo(ANYONE.address, ANYONE.port).id), undefined);
  tcp.closeConnection(ANYONE.address, ANYONE.port);
  assert.equal(layer.connection(connection.id), undefined);
  assert.deepEqual(user.closed, [connection]);
});

Deno.test("send() hands the text to the flow, and failures to the sender", async () => {
  const { layer, transports: [udp] } = await newBench([UDP]);
  const flow = udp.flowTo(ANYONE.address, ANYONE.port);
  layer.send("text", flow);
  assert.deepEqual(flow.sent, ["text"]);
  udp.unreachable.add(`${ANYONE.address}:${ANYONE.port}`);
  const reason = await new Promise((resolve) => layer.send("more", flow, resolve));
  assert.equal(reason, "Unreachable");
});

Deno.test("Violations are counted", async () => {
  const { layer, metrics } = await newBench([UDP]);
  layer.onViolation("Too many connections", undefined);
  assert.equal(metrics.snapshot()["routr_transport_violations_total"], 1);
});

Deno.test("A transport is found again by its number", async () => {
  const { layer, transports: [udp, tcp] } = await newBench([UDP, TCP]);
  assert.deepEqual([udp, tcp].map((transport) => layer.transportAt(layer.indexOf(transport))), [udp, tcp]);
  assert.equal(layer.transportAt(2), undefined);
});

Deno.test("A transport that cannot be bound is not opened, and is not this server", async () => {
  const { layer, user } = await newBench([TCP]);
  const broken = new MemoryTransport("udp", "127.0.0.1", 5099);
  broken.listen = () => Promise.reject(new Deno.errors.AddrInUse("Address already in use"));
  await assert.rejects(layer.open(broken, user), Deno.errors.AddrInUse);
  assert.deepEqual(layer.transports.map(({ port }) => port), [5060]);
  assert.equal(layer.isLocal("127.0.0.1", 5099), false);
  assert.equal(layer.hasPort(5099), false);
});

Deno.test("close() closes every transport", async () => {
  const { layer, transports } = await newBench([UDP, TCP]);
  const closed: string[] = [];
  for (const transport of transports) {
    transport.close = () => (closed.push(transport.protocol), Promise.resolve());
  }
  await layer.close();
  assert.deepEqual(closed, ["udp", "tcp"]);
  assert.deepEqual(layer.transports, []);
});

Deno.test("Headers that are trusted are read the same however they are spelled", async () => {
  const { transports: [udp], user } = await newBench([UDP]);
  const text = messageText({ "Via": "SIP/2.0/UDP pc;branch=b", "m": "<sip:a@b>" }).replace("Via:", "v \t:");
  udp.receive(text, ANYONE);
  assert.equal(user.requests[0].topVia.host, "pc");
  assert.equal(user.requests[0].values(Header.Contact).length, 2);
});
