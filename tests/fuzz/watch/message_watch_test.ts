import assert from "node:assert/strict";
import { Lane, SECRET_MARK, STRANGER_MARK } from "../world/lane.ts";
import { faultOf } from "./message_watch.ts";

const lane = new Lane(1);

function response(startLine: string, cseq: string, row = "X: y"): string {
  return `${startLine}\r\nCSeq: ${cseq}\r\n${row}\r\n\r\n`;
}

function request(row: string): string {
  return `INVITE sip:bob@sip.local SIP/2.0\r\n${row}\r\nCSeq: 1 INVITE\r\n\r\n`;
}

Deno.test("A secret in any message is a fault, whoever gets it", () => {
  for (const wire of ["alice", "gateway", "stranger"] as const) {
    const message = response("SIP/2.0 404 Not Found", "1 INVITE", `Warning: ${SECRET_MARK}-bob1`);
    assert.equal(faultOf(message, wire, lane)?.kind, "secret sent");
  }
});

Deno.test("A 2xx to a stranger is a fault, but for OPTIONS and CANCEL", () => {
  const kindOf = (method: string) =>
    faultOf(response("SIP/2.0 200 OK", `7 ${method}`), "strangerTcp", lane)?.kind;
  for (const method of ["REGISTER", "INVITE", "MESSAGE", "SUBSCRIBE", ""]) {
    assert.equal(kindOf(method), "stranger served");
  }
  for (const method of ["OPTIONS", "CANCEL"]) assert.equal(kindOf(method), undefined);
  assert.equal(faultOf(response("SIP/2.0 200 OK", "\r\n 7 OPTIONS"), "stranger", lane), undefined);
  const spaced = response("SIP/2.0 200 OK", "7 OPTIONS").replace("CSeq:", "CSeq\t:");
  assert.equal(faultOf(spaced, "stranger", lane), undefined);
  assert.equal(
    faultOf(response("SIP/2.0 407 Proxy Authentication Required", "7 INVITE"), "stranger", lane),
    undefined,
  );
  assert.equal(faultOf(response("SIP/2.0 200 OK", "7 REGISTER"), "alice", lane), undefined);
});

Deno.test("A request of a stranger that reaches anybody is a fault", () => {
  assert.equal(faultOf(request(`Call-ID: ${STRANGER_MARK}-c1`), "bob", lane)?.kind, "stranger forwarded");
  assert.equal(faultOf(request("Call-ID: c1"), "bob", lane), undefined);
});

Deno.test("Credentials for this server, or for the provider, that reach somebody else are a fault", () => {
  const own = `Proxy-Authorization: Digest username="${
    lane.userOf("alice")
  }",realm="${lane.domain}",response="1"`;
  const provider = 'Proxy-Authorization: Digest username="u",realm="provider",response="1"';
  assert.equal(faultOf(request(own), "bob", lane)?.kind, "credentials forwarded");
  assert.equal(faultOf(request(provider), "bob", lane)?.kind, "credentials forwarded");
  assert.equal(faultOf(request(provider), "gateway", lane), undefined);
  assert.equal(faultOf(request(own.replace(lane.domain, "elsewhere.invalid")), "bob", lane), undefined);
});

Deno.test("A reason that shows our inside is a fault", () => {
  const message = response("SIP/2.0 500 TypeError: Cannot read properties of undefined", "1 INVITE");
  assert.equal(faultOf(message, "stranger", lane)?.kind, "stack trace");
});
