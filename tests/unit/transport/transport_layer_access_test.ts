/** Access control of the transport layer: messages from denied addresses. */
import assert from "node:assert/strict";
import { Header } from "../../../src/message/header_name.ts";
import type { RejectedMessage, SipRequest, SipResponse } from "../../../src/message/sip_message.ts";
import { configureLogging } from "../../../src/runtime/log.ts";
import { SipTrace } from "../../../src/transport/sip_trace.ts";
import type { TransportProtocol } from "../../../src/transport/transport.ts";
import type { AccessControl, TransportUser } from "../../../src/transport/transport_layer.ts";
import { MemoryTransport } from "../../support/memory_transport.ts";
import { messageText } from "../message/sample_message.ts";
import { transportRig } from "../../support/transport_rig.ts";

configureLogging({ level: "fatal", format: "text" });

const DENIED = { address: "192.0.2.66", port: 4000 };
const ANYONE = { address: "192.0.2.7", port: 4000 };
const OUR_VIA = "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKours";
const STUN_REQUEST = "\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl";

/** A user that records its calls. */
class Recorder implements TransportUser {
  readonly requests: SipRequest[] = [];
  readonly responses: SipResponse[] = [];
  readonly rejected: RejectedMessage[] = [];

  onRequest(request: SipRequest): void {
    this.requests.push(request);
  }

  onResponse(response: SipResponse): void {
    this.responses.push(response);
  }

  onRejected(rejected: RejectedMessage): void {
    this.rejected.push(rejected);
  }

  onFlowClosed(): void {}

  get total(): number {
    return this.requests.length + this.responses.length + this.rejected.length;
  }
}

/** Denies one address, refuses it once, and records questions. */
class TestAccessControl implements AccessControl {
  readonly asked: string[] = [];
  #isTold = false;

  admits(address: string): boolean {
    return address !== DENIED.address;
  }

  verdict(address: string): "refuse" | "ignore" {
    this.asked.push(address);
    if (this.#isTold) return "ignore";
    this.#isTold = true;
    return "refuse";
  }
}

/** A trace that records messages. */
class TraceRecorder extends SipTrace {
  readonly texts: string[] = [];

  override get isOn(): boolean {
    return true;
  }

  override write(_direction: string, text: string): void {
    this.texts.push(text);
  }
}

/** A layer with access control, and a transport of each protocol. */
async function newBench(protocols: readonly TransportProtocol[], trace = new SipTrace()) {
  const accessControl = new TestAccessControl();
  const { layer, metrics } = transportRig({ trace, accessControl });
  const user = new Recorder();
  const transports = protocols.map((protocol) => new MemoryTransport(protocol, "127.0.0.1", 5060));
  for (const transport of transports) await layer.open(transport, user);
  return { user, accessControl, transports, count: (name: string) => metrics.snapshot()[name] };
}

for (const protocol of ["udp", "tcp", "tls", "sctp", "ws", "wss"] as const) {
  Deno.test(`${protocol}: a denied address is told 403 once, then its requests are dropped`, async () => {
    const { user, accessControl, count, transports: [transport] } = await newBench([protocol]);
    for (let i = 0; i < 5; i++) transport.receive(messageText({ "Call-ID": `call-${i}` }), DENIED);
    assert.deepEqual([user.total, user.rejected.length, accessControl.asked.length], [1, 1, 5]);
    const [{ kind, status, reason, request }] = user.rejected;
    assert.deepEqual([kind, status, reason], ["denied", 403, "Forbidden"]);
    assert.equal(request?.header(Header.CallId), "call-0");
    assert.match(request?.topViaText ?? "", /;received=192\.0\.2\.66$/);
    assert.deepEqual(["routr_denied_messages_total", "routr_malformed_messages_total"].map(count), [5, 0]);
  });
}

Deno.test("Who is admitted is not concerned by access control", async () => {
  const { user, accessControl, count, transports: [udp] } = await newBench(["udp"]);
  udp.receive(messageText(), ANYONE);
  udp.receive("OPTIONS\r\n\r\n", ANYONE);
  udp.receive(STUN_REQUEST, ANYONE);
  assert.deepEqual([user.requests.length, user.rejected.length], [1, 1]);
  assert.equal(udp.flowTo(ANYONE.address, ANYONE.port).sent.length, 1);
  assert.deepEqual([accessControl.asked, count("routr_denied_messages_total")], [[], 0]);
});

Deno.test("A request that breaks the grammar is refused like any other when its sender is denied", async () => {
  const { user, transports: [udp] } = await newBench(["udp"]);
  udp.receive(messageText({ "Max-Forwards": "70", "CSeq": "nonsense" }), DENIED);
  assert.deepEqual(user.rejected.map(({ status, reason }) => `${status} ${reason}`), ["403 Forbidden"]);
  assert.ok(user.rejected[0].request);
});

Deno.test("What cannot be answered from a denied address hands up nothing that could be", async () => {
  const { user, transports: [udp] } = await newBench(["udp"]);
  udp.receive("GET / HTTP/1.1\r\n\r\n", DENIED);
  assert.deepEqual(user.rejected.map(({ request }) => request), [undefined]);
});

Deno.test("Responses of a denied address pass: they are answers to what we asked", async () => {
  const { user, accessControl, count, transports: [udp, tcp] } = await newBench(["udp", "tcp"]);
  const ok = messageText({ "Via": OUR_VIA }, { startLine: "SIP/2.0 200 OK" });
  udp.receive(ok, DENIED);
  tcp.receive(ok, DENIED);
  udp.receive(`\r\n\r\n${ok}`, DENIED);
  udp.receive(ok.replace("SIP/2.0", "sip/2.0"), DENIED);
  assert.equal(user.responses.length, 4);
  assert.deepEqual([accessControl.asked, count("routr_denied_messages_total")], [[], 0]);
});

Deno.test("Keep-alives, STUN and ACKs of a denied address get no answer, and do not use up its 403", async () => {
  const { user, accessControl, count, transports: [udp] } = await newBench(["udp"]);
  const ack = messageText({ "CSeq": "1 ACK" }, { startLine: "ACK sip:bob@biloxi.com SIP/2.0" });
  const unanswered = ["\r\n\r\n", "\0\0\0\0", STUN_REQUEST, ack, `\r\n${ack}`];
  for (const text of unanswered) udp.receive(text, DENIED);
  assert.deepEqual([user.total, accessControl.asked], [0, []]);
  assert.deepEqual(udp.flowTo(DENIED.address, DENIED.port).sent, []);
  assert.equal(count("routr_denied_messages_total"), unanswered.length);
  udp.receive(`\r\n${messageText()}`, DENIED);
  assert.deepEqual(user.rejected.map(({ status }) => status), [403]);
});

Deno.test("Messages of a denied address are not traced", async () => {
  const trace = new TraceRecorder();
  const { transports: [udp] } = await newBench(["udp"], trace);
  for (let i = 0; i < 3; i++) udp.receive(messageText(), DENIED);
  assert.deepEqual(trace.texts, []);
  udp.receive(messageText(), ANYONE);
  assert.equal(trace.texts.length, 1);
});

Deno.test("An alias that a denied address asks for is not made", async () => {
  const { transports: [tls] } = await newBench(["tls"]);
  const aliases: number[] = [];
  const request = messageText({ "Via": "SIP/2.0/TLS 192.0.2.66:5061;branch=b;alias" });
  for (const from of [DENIED, ANYONE]) {
    tls.receive("\r\n", from);
    Object.assign(tls.flowTo(from.address, from.port), { addAlias: (port: number) => aliases.push(port) });
    tls.receive(request, from);
  }
  assert.deepEqual(aliases, [5061]);
});

Deno.test("An error of the layer above does not get out of refusing", async () => {
  const { user, count, transports: [udp] } = await newBench(["udp"]);
  user.onRejected = () => {
    throw new Error("Out of order");
  };
  udp.receive(messageText(), DENIED);
  assert.equal(count("routr_internal_errors_total"), 1);
});
