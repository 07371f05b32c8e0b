import assert from "node:assert/strict";
import { withoutCredentials } from "../../../src/transport/sip_trace.ts";

const HEAD = 'Authorization: Digest username="1001",realm="sip.local",nonce="n",uri="sip:sip.local"';

Deno.test("The trace shows who authenticates, not what a password could be guessed from", () => {
  const table: [written: string, shown: string][] = [
    [`${HEAD},response="6629fae49393a05397450978507c4ef1"`, `${HEAD},response="…"`],
    [`${HEAD}, Response = "6629" ,qop=auth`, `${HEAD}, Response = "…" ,qop=auth`],
    [`${HEAD},response=6629fae4,cnonce=0a4f,nc=1`, `${HEAD},response="…",cnonce="…",nc=1`],
    [`${HEAD},cnonce="0a4f113b",nc=00000001`, `${HEAD},cnonce="…",nc=00000001`],
  ];
  for (const [written, shown] of table) {
    const message = (header: string) => `REGISTER sip:sip.local SIP/2.0\r\n${header}\r\nExpires: 60\r\n\r\n`;
    assert.equal(withoutCredentials(message(written)), message(shown));
  }
});

Deno.test("A response in a folded header is not shown either", () => {
  for (
    const credentials of [
      `${HEAD},\r\n response=\r\n "s3cr3t-digest"`,
      `Proxy-${HEAD},response\t=\t"s3cr3t-digest"`,
    ]
  ) assert.ok(!withoutCredentials(credentials).includes("s3cr3t"), credentials);
});

Deno.test("A password in Basic credentials or in a URI is not shown", () => {
  assert.ok(!withoutCredentials("Authorization: Basic MTAwMTpzM2NyM3Q=\r\n").includes("MTAwMTpzM2NyM3Q"));
  assert.ok(!withoutCredentials("REGISTER sip:1001:s3cr3t@sip.local SIP/2.0\r\n").includes("s3cr3t"));
});

Deno.test("What holds no secret is shown as it is", () => {
  const message = 'SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="sip.local",nonce="n"\r\n\r\n';
  assert.equal(withoutCredentials(message), message);
});
