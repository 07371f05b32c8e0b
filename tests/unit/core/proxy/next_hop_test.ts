/** From URI to next hop (§16.6 step 7). */
import assert from "node:assert/strict";
import { nextHopOf } from "../../../../src/core/proxy/next_hop.ts";
import { SipUri } from "../../../../src/message/sip_uri.ts";

const HOPS: Readonly<Record<string, string | undefined>> = {
  "sip:a@example.com": "example.com undefined undefined",
  "sip:example.com:5070": "example.com 5070 undefined",
  "sip:a@example.com;transport=tcp": "example.com undefined tcp",
  "sip:a@example.com;transport=TLS": "example.com undefined tls",
  "sips:a@example.com:5099": "example.com 5099 undefined secure",
  "sips:a@example.com;transport=ws": "example.com undefined ws secure",
  "sip:a@[2001:db8::1]:5062;transport=udp": "[2001:db8::1] 5062 udp",
  "sip:a@192.0.2.7": "192.0.2.7 undefined undefined",
  "sip:a@example.com:5070;maddr=192.0.2.8": "192.0.2.8 5070 undefined",
  "sip:a@example.com;maddr=": "example.com undefined undefined",
  "sip:a@example.com;transport=pigeon": undefined,
  "sip:a@example.com;transport": undefined,
};

for (const [uri, hop] of Object.entries(HOPS)) {
  Deno.test(`nextHopOf("${uri}") is ${hop ?? "nowhere"}`, () => {
    const found = nextHopOf(SipUri.parse(uri)!);
    const text = found && `${found.host} ${found.port} ${found.protocol}${found.isSecure ? " secure" : ""}`;
    assert.equal(text, hop);
  });
}
