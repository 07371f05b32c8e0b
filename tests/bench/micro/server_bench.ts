// CPU time of the server without sockets: registrations and calls handed over as text, answers taken as text.
//
//   deno run -A tests/bench/micro/server_bench.ts [register|call] [count]

import { hash } from "node:crypto";
import { MemoryTransport } from "../../support/memory_transport.ts";
import { startTestServer } from "../../support/server.ts";

const [what = "call", count = "20000"] = Deno.args;
const SERVER = { address: "127.0.0.1", port: 5060 };
const CALLER = { address: "127.0.0.1", port: 6001 };
const CALLEE = { address: "127.0.0.1", port: 6002 };
const SDP =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

const agents = Array.from(
  { length: 1000 },
  (_, i) => ({ username: `${1000 + i}`, secret: "1234", domain: "sip.local" }),
);
const transport = new MemoryTransport("udp", SERVER.address, SERVER.port);
await startTestServer({
  domains: ["sip.local"],
  agents,
  spec: { recordRoute: true, transport: [{ protocol: "udp", port: SERVER.port }] },
  parts: { makeTransport: () => transport },
});
const md5 = (text: string) => hash("md5", text);
let spent = 0;

function give(text: string, from: { address: string; port: number }): void {
  const start = performance.now();
  transport.receive(text, from);
  spent += performance.now() - start;
}

function take(at: { address: string; port: number }): string {
  return transport.flowTo(at.address, at.port).sent.shift() ?? "";
}

function request(
  method: string,
  parts: {
    i: number;
    cseq: number;
    user: string;
    to: string;
    uri: string;
    extra?: string;
    body?: string;
    step: number;
    toTag?: string;
  },
): string {
  const { i, cseq, user, to, uri, extra = "", body = "", step, toTag = "" } = parts;
  return `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6001;branch=z9hG4bK-${i}-${step};rport\r\nMax-Forwards: 70\r\n` +
    `From: <sip:${user}@sip.local>;tag=${i}c\r\nTo: <sip:${to}@sip.local>${toTag}\r\nCall-ID: ${i}-bench@127.0.0.1\r\nCSeq: ${cseq} ${method}\r\n` +
    `Contact: <sip:${user}@127.0.0.1:6001>\r\n${extra}User-Agent: bench\r\n` +
    (body ? "Content-Type: application/sdp\r\n" : "") + `Content-Length: ${body.length}\r\n\r\n${body}`;
}

function credentials(
  header: string,
  challenge: string,
  parts: { user: string; method: string; uri: string },
): string {
  const nonce = /nonce="([^"]+)"/.exec(challenge)![1];
  const { user, method, uri } = parts;
  const response = md5(
    `${md5(`${user}:sip.local:1234`)}:${nonce}:00000001:abcd:auth:${md5(`${method}:${uri}`)}`,
  );
  return `${header}: Digest username="${user}",realm="sip.local",nonce="${nonce}",uri="${uri}",response="${response}",` +
    `algorithm=MD5,qop=auth,nc=00000001,cnonce="abcd"\r\n`;
}

function register(i: number): void {
  const user = `${1000 + i % 1000}`;
  const base = { i, user, to: user, uri: "sip:sip.local" };
  give(request("REGISTER", { ...base, cseq: 1, step: 0 }), CALLER);
  const extra = credentials("Authorization", take(CALLER), {
    user,
    method: "REGISTER",
    uri: "sip:sip.local",
  });
  give(request("REGISTER", { ...base, cseq: 2, step: 1, extra }), CALLER);
  if (!take(CALLER).startsWith("SIP/2.0 200")) throw new Error("Registration failed");
}

function answer(text: string, status: string, body = ""): string {
  const lines = text.split("\r\n").filter((line) => /^(via|from|to|call-id|cseq|record-route):/i.test(line));
  const head = lines.map((line) => /^to:/i.test(line) && !line.includes("tag=") ? `${line};tag=callee` : line)
    .join("\r\n");
  return `SIP/2.0 ${status}\r\n${head}\r\nContact: <sip:1001@127.0.0.1:6002>\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
}

function call(i: number): void {
  const user = "1000";
  const uri = "sip:1001@sip.local";
  const base = { i, user, to: "1001" };
  give(request("INVITE", { ...base, uri, cseq: 1, step: 0, body: SDP }), CALLER);
  const challenge = take(CALLER);
  give(request("ACK", { ...base, uri, cseq: 1, step: 0, toTag: ";tag=x" }), CALLER);
  const extra = credentials("Proxy-Authorization", challenge, { user, method: "INVITE", uri });
  give(request("INVITE", { ...base, uri, cseq: 2, step: 1, extra, body: SDP }), CALLER);
  take(CALLER);
  const invite = take(CALLEE);
  give(answer(invite, "180 Ringing"), CALLEE);
  take(CALLER);
  give(answer(invite, "200 OK", SDP), CALLEE);
  const ok = take(CALLER);
  const route = `Route: ${/^record-route: (.*)$/im.exec(ok)![1]}\r\n`;
  const inDialog = { ...base, uri: "sip:1001@127.0.0.1:6002", extra: route, toTag: ";tag=callee" };
  give(request("ACK", { ...inDialog, cseq: 2, step: 2 }), CALLER);
  take(CALLEE);
  give(request("BYE", { ...inDialog, cseq: 3, step: 3 }), CALLER);
  give(answer(take(CALLEE), "200 OK"), CALLEE);
  if (!take(CALLER).startsWith("SIP/2.0 200")) throw new Error("Call failed");
}

// The callee's binding.
const registration = request("REGISTER", {
  i: -1,
  user: "1001",
  to: "1001",
  uri: "sip:sip.local",
  cseq: 1,
  step: 0,
})
  .replaceAll("6001", "6002");
give(registration, CALLEE);
const extra = credentials("Authorization", take(CALLEE), {
  user: "1001",
  method: "REGISTER",
  uri: "sip:sip.local",
});
give(
  registration.replace("CSeq: 1", "CSeq: 2").replace("-0;rport", "-1;rport").replace(
    "User-Agent",
    `${extra}User-Agent`,
  ),
  CALLEE,
);
if (!take(CALLEE).startsWith("SIP/2.0 200")) throw new Error("Cannot register the callee");

const run = what === "register" ? register : call;
const total = Number(count);
for (let i = 0; i < total; i++) {
  if (i === total >> 1) spent = 0;
  run(i);
  // Timers and the garbage collector get their turn, as between two datagrams.
  if (i % 64 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
}
console.log(`${what}: ${(spent * 1000 / (total - (total >> 1))).toFixed(1)} µs`);
Deno.exit(0);
