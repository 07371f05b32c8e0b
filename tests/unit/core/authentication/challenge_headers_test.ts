import assert from "node:assert/strict";
import { ChallengeHeaders } from "../../../../src/core/authentication/challenge_headers.ts";

Deno.test("ChallengeHeaders writes one line for each algorithm, in their order", () => {
  const headers = new ChallengeHeaders({ status: 401, algorithms: ["MD5", "SHA-256"], isStale: false });
  for (const nonce of ["1", "22"]) {
    for (const realm of ["sip.local", 'a",nonce="b\\']) {
      const quoted = realm.replace(/["\\]/g, "\\$&");
      assert.equal(
        headers.write(realm, nonce),
        `WWW-Authenticate: Digest realm="${quoted}",nonce="${nonce}",algorithm=MD5,qop="auth"\r\n` +
          `WWW-Authenticate: Digest realm="${quoted}",nonce="${nonce}",algorithm=SHA-256,qop="auth"\r\n`,
      );
    }
  }
});

Deno.test("ChallengeHeaders tells a proxy's challenge from a registrar's, and a stale nonce", () => {
  const headers = new ChallengeHeaders({ status: 407, algorithms: ["MD5"], isStale: true });
  assert.equal(
    headers.write("sip.local", "n"),
    'Proxy-Authenticate: Digest realm="sip.local",nonce="n",stale=true,algorithm=MD5,qop="auth"\r\n',
  );
});

Deno.test("ChallengeHeaders writes realms that it has forgotten meanwhile", () => {
  const headers = new ChallengeHeaders({ status: 401, algorithms: ["MD5"], isStale: false });
  for (let i = 0; i < 1000; i++) {
    assert.match(headers.write(`${i % 500}.local`, "n"), /^[^ ]+ Digest realm="\d+\.local",/);
  }
});
