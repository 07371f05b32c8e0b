/** What is no SIP on a connection is held against its address; by UDP it is held against nobody (`spec.access`). */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const HTTP = "GET / HTTP/1.1\r\nHost: 192.0.2.1:5060\r\nUser-Agent: Mozilla/5.0 zgrab/0.x\r\n\r\n";
const HTTP_WITH_BODY = "POST /login HTTP/1.1\r\nHost: 192.0.2.1\r\nContent-Length: 4\r\n\r\na=b&";
const TLS_HELLO = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
const NO_SIP = "HELLO\r\n\r\n";

for (
  const [what, bytes, connections] of [
    ["HTTP", HTTP, 2],
    ["HTTP with a body", HTTP_WITH_BODY, 2],
    ["TLS on TCP", TLS_HELLO, 10],
    ["lines that are no SIP", NO_SIP, 10],
  ] as const
) {
  Deno.test(`${what} on ${connections} real connections bans their address`, async () => {
    await using server = await startAt();
    const events: string[] = [];
    server.server.events.listen(({ type, data }) => events.push(`${type} ${JSON.stringify(data)}`));
    for (let i = 0; i < connections; i++) {
      assert.deepEqual(events.filter((event) => event.startsWith("address.")), [], `after ${i} connections`);
      await send(server, bytes);
    }
    assert.match(events.join("\n"), /^address\.banned .*"address":"127\.0\.0\.1"/m);
    assert.equal(await send(server, OPTIONS), "", "it hears nothing now");
  });
}

Deno.test("a connection that is closed without a byte, and keep-alives, are held against nobody", async () => {
  await using server = await startAt();
  for (let i = 0; i < 30; i++) await send(server, i % 2 === 0 ? "" : "\r\n\r\n");
  assert.match(await send(server, OPTIONS), /^SIP\/2\.0 /);
});

Deno.test(
  "nobody is banned for what comes by UDP from his address: HTTP, garbage, scanners, credentials of a made-up nonce",
  ladder((net) => {
    const events = net.listen("address.");
    const victim = { address: "198.51.100.7", port: 40000 };
    const phone = net.phone("alice", victim);
    const forged = 'Digest username="alice", realm="sip.local", nonce="0000a5bfb3a26ea4fc687", ' +
      'uri="sip:sip.local", response="00000000000000000000000000000000"';
    for (let i = 0; i < 50; i++) {
      net.clock.advance(1000);
      for (const text of [HTTP, HTTP_WITH_BODY, TLS_HELLO, NO_SIP]) phone.sendAsIs(text);
      phone.send("OPTIONS sip:sip.local SIP/2.0\nUser-Agent: friendly-scanner");
      phone.send(`REGISTER sip:sip.local SIP/2.0\nAuthorization: ${forged}`);
      phone.takeAll();
    }
    assert.deepEqual(events, []);
    phone.register();
  }),
);

const OPTIONS = [
  "OPTIONS sip:127.0.0.1 SIP/2.0",
  "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK-after",
  "Max-Forwards: 70",
  "From: <sip:a@b>;tag=1",
  "To: <sip:127.0.0.1>",
  "Call-ID: after",
  "CSeq: 1 OPTIONS",
  "Content-Length: 0",
  "",
  "",
].join("\r\n");

async function startAt(): Promise<TestServer & AsyncDisposable> {
  const server = await startTestServer({ domains: ["sip.local"], agents: [] });
  return { ...server, [Symbol.asyncDispose]: () => server.stop() };
}

/** Sends bytes on a connection of their own; returns what comes back until it is closed, or half a second has passed. */
async function send({ tcpPort }: TestServer, bytes: string): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: tcpPort });
  const timer = setTimeout(() => connection.close(), bytes.startsWith("OPTIONS") ? 500 : 200);
  let heard = "";
  try {
    await connection.write(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
    const buffer = new Uint8Array(4096);
    for (let count; (count = await connection.read(buffer)) !== null;) {
      heard += new TextDecoder().decode(buffer.subarray(0, count));
      if (bytes === OPTIONS) break;
    }
  } catch {
    // Closed, by us or by the server.
  }
  clearTimeout(timer);
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
  return heard;
}
