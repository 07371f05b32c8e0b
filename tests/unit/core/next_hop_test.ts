/** From URI to next hop (§16.6 step 7). */
import assert from "node:assert/strict";
import { nextHopOf } from "../../../src/core/proxy/next_hop.ts";
import { SipUri } from "../../../src/message/sip_uri.ts";

const HOPS: Readonly<Record<string, string | undefined>> = {
  "sip:a@example.com": "udp example.com 5060",
  "sip:example.com:5070": "udp example.com 5070",
  "sip:a@example.com;transport=tcp": "tcp example.com 5060",
  "sip:a@example.com;transport=TLS": "tls example.com 5061",
  "sip:a@example.com;transport=sctp": "sctp example.com 5060",
  "sip:a@example.com;transport=ws": "ws example.com 80",
  "sip:a@example.com;transport=wss": "wss example.com 443",
  "sips:a@example.com": "tls example.com 5061",
  "sips:a@example.com:5099": "tls example.com 5099",
  "sips:a@example.com;transport=tcp": "tls example.com 5061",
  "sips:a@example.com;transport=ws": "wss example.com 443",
  "sip:a@[2001:db8::1]:5062;transport=udp": "udp [2001:db8::1] 5062",
  "sip:a@192.0.2.7": "udp 192.0.2.7 5060",
  "sip:a@example.com;transport=pigeon": undefined,
  "sip:a@example.com;transport": undefined,
};

for (const [uri, hop] of Object.entries(HOPS)) {
  Deno.test(`nextHopOf("${uri}") is ${hop ?? "nowhere"}`, () => {
    const found = nextHopOf(SipUri.parse(uri)!);
    assert.equal(found && `${found.protocol} ${found.host} ${found.port}`, hop);
  });
}
