/** The transaction layer: matching, calls of the user, and memory. */
import assert from "node:assert/strict";
import type { RejectedMessage, SipRequest } from "../../../src/message/sip_message.ts";
import { buildResponse } from "../../../src/message/response_builder.ts";
import { TimerWheel } from "../../../src/runtime/timer_wheel.ts";
import { TransactionLayer } from "../../../src/transaction/transaction_layer.ts";
import type { ServerTransaction, TransactionUser } from "../../../src/transaction/transaction_user.ts";
import type { Flow } from "../../../src/transport/transport.ts";
import { MemoryTransport } from "../../support/memory_transport.ts";
import { ackTo, cancelOf, header, responseTo, sip, startLine } from "../../support/sip_text.ts";
import { transportRig } from "../../support/transport_rig.ts";

const PHONE = { address: "192.0.2.11", port: 5060 };

/** A user that records its calls, and serves every request. */
class RecordingUser implements TransactionUser {
  readonly heard: string[] = [];
  readonly served: ServerTransaction[] = [];
  layer: TransactionLayer | undefined;

  onRequest(request: SipRequest, flow: Flow): void {
    this.heard.push(request.method);
    const transaction = this.layer?.serve(request, flow);
    if (!transaction) return;
    transaction.onCancel = () => this.heard.push("cancelled");
    this.served.push(transaction);
  }

  onAck(): void {
    this.heard.push("ACK");
  }

  onRejected(message: RejectedMessage): void {
    this.heard.push(`rejected: ${message.status}`);
  }

  onFlowClosed(): void {
    this.heard.push("closed");
  }
}

async function start(maxTransactions?: number) {
  const { clock, metrics, layer: transport } = transportRig();
  const wheel = new TimerWheel(clock);
  const layer = new TransactionLayer({ transport, wheel, metrics, maxTransactions });
  const user = new RecordingUser();
  user.layer = layer;
  layer.attach(user);
  const udp = new MemoryTransport("udp", "192.0.2.1", 5060);
  await transport.open(udp, layer);
  return {
    clock,
    metrics,
    layer,
    user,
    flow: udp.flowTo(PHONE.address, PHONE.port),
    receive: (text: string) => udp.receive(text, PHONE),
    sent: () => udp.flowTo(PHONE.address, PHONE.port).sent.splice(0),
  };
}

function request(method: string, { branch = "z9hG4bK1", sentBy = "192.0.2.11:5060" } = {}): string {
  return sip(`
    ${method} sip:bob@sip.local SIP/2.0
    Via: SIP/2.0/UDP ${sentBy};branch=${branch}
    From: <sip:alice@sip.local>;tag=a
    To: <sip:bob@sip.local>
    Call-ID: call
    CSeq: 1 ${method}
  `);
}

/** A request that the layer is to send. */
function outgoing(method: string, { branch, flow }: { branch: string; flow: Flow }) {
  return { text: request(method, { branch, sentBy: "192.0.2.1:5060" }), method, branch, flow };
}

/** Returns a response of the user. */
function respond(transaction: ServerTransaction, original: string, status: string): void {
  transaction.respond(parseInt(status), responseTo(original, status, { tag: "b" }));
}

Deno.test("§17.2: the user hears of a request once, of its retransmissions not at all", async () => {
  const { user, receive } = await start();
  receive(request("INVITE"));
  receive(request("INVITE"));
  receive(request("MESSAGE"));
  receive(request("MESSAGE", { branch: "z9hG4bK2" }));
  assert.deepEqual(user.heard, ["INVITE", "MESSAGE", "MESSAGE"]);
});

Deno.test("§17.2.1: the ACK for a refusal ends here, that for a 2xx goes to the user", async () => {
  const { user, receive, sent } = await start();
  for (const [branch, status] of [["z9hG4bK1", "486 Busy"], ["z9hG4bK2", "200 OK"]]) {
    const invite = request("INVITE", { branch });
    receive(invite);
    respond(user.served.at(-1)!, invite, status);
    receive(ackTo(invite, sent()[0]));
  }
  receive(request("ACK", { branch: "z9hG4bKnever" }));
  assert.deepEqual(user.heard, ["INVITE", "INVITE", "ACK", "ACK"]);
});

Deno.test("§9.2: a CANCEL is answered 200, and the user hears of it, as long as it has not answered", async () => {
  const { user, receive, sent } = await start();
  const invite = request("INVITE");
  receive(invite);
  receive(cancelOf(invite));
  assert.deepEqual(sent().map(startLine), ["SIP/2.0 200 OK"]);
  assert.deepEqual(user.heard, ["INVITE", "cancelled"]);

  const other = request("INVITE", { branch: "z9hG4bK2" });
  receive(other);
  respond(user.served[1], other, "486 Busy");
  receive(cancelOf(other));
  assert.deepEqual(sent().map(startLine), ["SIP/2.0 486 Busy", "SIP/2.0 200 OK"]);
  assert.deepEqual(user.heard, ["INVITE", "cancelled", "INVITE"]);
});

Deno.test("§9.2: a CANCEL that fits nothing is answered 481 and not passed on", async () => {
  const { user, receive, sent } = await start();
  receive(request("CANCEL"));
  assert.equal(startLine(sent()[0]), "SIP/2.0 481 Call/Transaction Does Not Exist");
  assert.deepEqual(user.heard, []);
});

Deno.test("too many transactions: 503 with Retry-After, and retransmissions are still known", async () => {
  const { user, receive, sent, metrics } = await start(1);
  receive(request("MESSAGE"));
  receive(request("MESSAGE", { branch: "z9hG4bK2" }));
  const [refusal] = sent();
  assert.equal(startLine(refusal), "SIP/2.0 503 Service Unavailable");
  assert.equal(header(refusal, "Retry-After"), "10");
  receive(request("MESSAGE"));
  assert.deepEqual(user.heard, ["MESSAGE", "MESSAGE"]);
  assert.equal(metrics.snapshot().routr_overload_total, 1);
});

Deno.test("§8.2.7: an answer without a transaction leaves nothing behind", async () => {
  const { layer, user, receive, sent, metrics } = await start();
  user.onRequest = (message, flow) => layer.reply(message, flow, { status: 404, toTag: "x" });
  receive(request("INVITE"));
  receive(request("INVITE"));
  assert.equal(sent().length, 2);
  assert.equal(metrics.snapshot().routr_server_transactions, 0);
});

Deno.test("§17.1.3: responses go to the client transaction of their branch and method; others are counted", async () => {
  const { layer, flow, receive, sent, metrics } = await start();
  const heard: string[] = [];
  const client = (name: string) => ({
    onResponse: ({ status }: { status: number }) => void heard.push(`${name} ${status}`),
    onTimeout: () => {},
    onFailure: () => {},
  });
  for (const [method, branch] of [["INVITE", "z9hG4bKinvite"], ["MESSAGE", "z9hG4bKmessage"]]) {
    layer.request(outgoing(method, { branch, flow }), client(method));
  }
  const [invite, message] = sent();
  receive(responseTo(message, "200 OK"));
  receive(responseTo(invite, "180 Ringing"));
  receive(responseTo(invite, "180 Ringing").replace("z9hG4bKinvite", "z9hG4bKother"));
  receive(responseTo(invite, "200 OK").replace("1 INVITE", "1 CANCEL"));
  receive(responseTo(invite, "200 OK").replace("z9hG4bKinvite", "z9hG4bKmessage"));
  assert.deepEqual(heard, ["MESSAGE 200", "INVITE 180"]);
  assert.equal(metrics.snapshot().routr_stray_responses_total, 3);
});

Deno.test("§9.1: a CANCEL is a transaction of its own: it is sent again, and its 200 ends that", async () => {
  const { layer, flow, receive, sent, clock } = await start();
  const nobody = { onResponse() {}, onTimeout() {}, onFailure() {} };
  const client = layer.request(outgoing("INVITE", { branch: "z9hG4bKinvite", flow }), nobody);
  receive(responseTo(sent()[0], "180 Ringing"));
  client.cancel();
  client.cancel();
  clock.advance(500);
  const cancels = sent();
  assert.deepEqual(cancels.map(startLine), Array(2).fill("CANCEL sip:bob@sip.local SIP/2.0"));
  receive(responseTo(cancels[0], "200 OK"));
  clock.advance(10_000);
  assert.deepEqual(sent(), []);
});

Deno.test("§18.2.2: a final response goes by way of the topmost Via as it was stamped on arrival", async () => {
  const { user, layer, receive, sent } = await start();
  user.onRequest = (message, flow) => {
    layer.serve(message, flow)?.respond(200, buildResponse(message, { status: 200, toTag: "b" }));
  };
  receive(request("MESSAGE").replace(";branch", ";rport;branch"));
  assert.match(header(sent()[0], "Via"), /;rport=5060;.*received=192\.0\.2\.11$/);
});

Deno.test("a malformed message and a closed connection are handed up", async () => {
  const { user, receive, layer, flow } = await start();
  receive("INVITE sip:bob@sip.local SIP/2.0\r\nVia: nonsense\r\n\r\n");
  layer.onFlowClosed(flow);
  assert.deepEqual(user.heard, ["rejected: 400", "closed"]);
});

Deno.test("§18.4: a request that did not arrive fails at once, told by its branch and where it went", async () => {
  const { layer, flow } = await start();
  const told: string[] = [];
  const user = {
    onResponse: () => told.push("response"),
    onTimeout: () => told.push("timeout"),
    onFailure: (reason: string) => told.push(reason),
  };
  const begin = (method: string, branch: string) => {
    const text = sip(`
      ${method} sip:alice@192.0.2.11 SIP/2.0
      Via: SIP/2.0/UDP 192.0.2.1:5060;branch=${branch};rport
      From: <sip:bob@sip.local>;tag=b
      To: <sip:alice@sip.local>
      Call-ID: ${branch}
      CSeq: 1 ${method}
    `);
    layer.request({ text, method, branch, flow }, user);
    return text;
  };
  const elsewhere = flow.transport.flowTo("192.0.2.99", 5060);
  for (const method of ["INVITE", "MESSAGE"]) {
    const text = begin(method, `z9hG4bK${method}`);
    layer.onUnreachable(text.replace(`branch=z9hG4bK${method}`, "branch=z9hG4bKforged"), flow);
    layer.onUnreachable(text, elsewhere);
    layer.onUnreachable(text.slice(0, 60), flow);
    assert.deepEqual(told, []);
    layer.onUnreachable(text.slice(0, 110), flow);
    layer.onUnreachable(text, flow);
    assert.deepEqual(told.splice(0), ["Destination is unreachable"]);
  }
});

Deno.test("§18.4: who has answered provisionally is there, whatever ICMP says", async () => {
  const { layer, flow, receive } = await start();
  const told: string[] = [];
  const text = sip(`
    INVITE sip:alice@192.0.2.11 SIP/2.0
    Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport
    From: <sip:bob@sip.local>;tag=b
    To: <sip:alice@sip.local>
    Call-ID: 1
    CSeq: 1 INVITE
  `);
  layer.request({ text, method: "INVITE", branch: "z9hG4bK1", flow }, {
    onResponse: ({ status }) => told.push(String(status)),
    onTimeout: () => told.push("timeout"),
    onFailure: (reason) => told.push(reason),
  });
  receive(responseTo(text, "180 Ringing", { tag: "a" }));
  layer.onUnreachable(text, flow);
  assert.deepEqual(told, ["180"]);
});
