/** Calls by a trunk that asks for a password. */
import assert from "node:assert/strict";
import type { Phone } from "./phone.ts";
import { did, domain, gateway } from "./resources.ts";
import type { LadderOptions, Network, ResourceDocument } from "./scenario.ts";
import {
  type Credentials,
  credentialsLine,
  fromCaller,
  header,
  parameter,
  requestUri,
  startLine,
} from "./sip_text.ts";

/** The address of the trunk. */
export const TRUNK = "203.0.113.1";
/** The number of the trunk, which rings bob. */
export const NUMBER = "17066041487";

/** The credentials that it asks for. */
const ACCOUNT: Credentials = { username: "trunk-user", secret: "trunk-secret" };

/** sip.local, whose agents dial any number, with a plus or without. */
export const DOMAIN = domain("sip.local", { egressPolicy: { rule: "\\+?\\d+", didRef: "DID0001" } });
export const DID = did("DID0001", { gwRef: "GW0001", telUrl: `tel:${NUMBER}`, aorLink: "sip:bob@sip.local" });

/** The gateway, with credentials unless said otherwise. It is not registered with. */
export function gatewayAt(host: string, spec: object = {}): ResourceDocument {
  return gateway("GW0001", host, { credentials: ACCOUNT, sendRegister: false, ...spec });
}

/** alice and bob, sip.local, the gateway and its number. */
export const WORLD: LadderOptions = {
  domains: [],
  agents: ["alice", "bob"].map((username) => ({ username, domains: ["sip.local"] })),
  resources: [DOMAIN, gatewayAt(TRUNK), DID],
};

/** The trunk, with a caller of the telephone network on it. */
export function trunkOf(net: Network, address = TRUNK): Phone {
  return net.phone("+49301", { address, domain: address });
}

/** A digest challenge as header line. */
export function challenge(nonce: string, { realm = "provider", more = "" } = {}): string {
  return `Digest realm="${realm}", nonce="${nonce}", qop="auth"${more}`;
}

/** Challenges a request with 407, or 401, and takes the ACK of an INVITE and the request that follows. */
export function challengeOnce(
  trunk: Phone,
  request: string,
  options: { status?: string; nonce?: string; more?: string } = {},
): string {
  const { status = "407 Proxy Authentication Required", nonce = "n1", more = "" } = options;
  const name = status.startsWith("407") ? "Proxy-Authenticate" : "WWW-Authenticate";
  const refusal = trunk.answer(request, status, { lines: `${name}: ${challenge(nonce, { more })}` });
  if (request.startsWith("INVITE ")) {
    const ack = trunk.expect("ACK ");
    assert.equal(parseInt(header(ack, "CSeq")), parseInt(header(request, "CSeq")));
  }
  const again = trunk.expect(startLine(request));
  expectCredentials(again, refusal);
  expectNext(again, request);
  return again;
}

/** Checks the credentials of a request for a challenge, by computing them anew. */
export function expectCredentials(request: string, refusal: string, account: Credentials = ACCOUNT): void {
  const name = refusal.startsWith("SIP/2.0 407") ? "Proxy-Authorization" : "Authorization";
  const credentials = header(request, name);
  const expected = credentialsLine(request, refusal, {
    ...account,
    cnonce: parameter(credentials, "cnonce"),
    nc: parameter(credentials, "nc"),
  });
  assert.equal(parameter(credentials, "response"), parameter(expected, "response"));
  assert.equal(parameter(credentials, "username"), account.username);
  assert.equal(parameter(credentials, "uri"), requestUri(request));
}

/** Checks that a request is the same with the next sequence number, in a transaction of its own (§22.2). */
export function expectNext(again: string, request: string): void {
  assert.equal(parseInt(header(again, "CSeq")), parseInt(header(request, "CSeq")) + 1);
  assert.notEqual(parameter(header(again, "Via"), "branch"), parameter(header(request, "Via"), "branch"));
  for (const name of ["From", "To", "Call-ID", "Max-Forwards"]) {
    assert.equal(header(again, name), header(request, name));
  }
}

/** Checks that a response has the CSeq and From that the phone sent. */
export function expectOwn(response: string, request: string): string {
  for (const name of ["CSeq", "From", "Call-ID", "Via"]) {
    assert.equal(
      header(response, name).replace(/;(rport|received|keep)\b[^;]*/g, ""),
      header(request, name).replace(/;(rport|received|keep)\b[^;]*/g, ""),
      name,
    );
  }
  return response;
}

/** A call from alice to the trunk that was challenged once and is up. */
export interface Call {
  readonly alice: Phone;
  readonly trunk: Phone;
  /** The INVITE as alice sent it. */
  readonly invite: string;
  /** The INVITE as the trunk took it. */
  readonly arrived: string;
  /** The 200 as alice got it. */
  readonly ok: string;
  /** The 200 as the trunk sent it. */
  readonly accepted: string;
}

export function establish(net: Network, options: { status?: string } = {}): Call {
  const alice = net.phone("alice");
  const trunk = trunkOf(net);
  const invite = alice.invite("sip:+4420@sip.local");
  const arrived = challengeOnce(trunk, trunk.expect("INVITE sip:+4420@203.0.113.1 SIP/2.0"), options);
  trunk.answer(arrived, "180 Ringing");
  expectOwn(alice.expect("180"), invite);
  const accepted = trunk.accept(arrived);
  const ok = expectOwn(alice.expect("200"), invite);
  alice.send(fromCaller("ACK", { invite, ok }));
  const ack = trunk.expect("ACK ");
  assert.equal(parseInt(header(ack, "CSeq")), parseInt(header(arrived, "CSeq")));
  assert.equal(header(ack, "From"), header(arrived, "From"));
  return { alice, trunk, invite, arrived, ok, accepted };
}

export function cseqOf(message: string): number {
  return parseInt(header(message, "CSeq"));
}
