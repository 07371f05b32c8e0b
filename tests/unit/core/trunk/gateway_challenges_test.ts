import assert from "node:assert/strict";
import { GatewayChallenges } from "../../../../src/core/trunk/gateway_challenges.ts";
import { GatewayRealms } from "../../../../src/core/trunk/gateway_realms.ts";
import type { Flow } from "../../../../src/transport/transport.ts";
import { response } from "../requests.ts";
import { gateway } from "./gateways.ts";

const INVITE = { method: "INVITE", uri: "sip:1@sip.provider.com", body: "" };

function flowTo(remoteAddress: string): Flow {
  return { protocol: "udp", remoteAddress, remotePort: 5060 } as Flow;
}

const FIRST = flowTo("192.0.2.50");
const SECOND = flowTo("192.0.2.51");

function challenge(nonce: string, { realm = "asterisk", more = "" } = {}) {
  return response(
    `SIP/2.0 407 No\nProxy-Authenticate: Digest realm="${realm}", nonce="${nonce}", algorithm=MD5${more}`,
  );
}

function start(spec = {}, maxAnswers?: number) {
  const realms = new GatewayRealms();
  const provider = gateway(spec);
  const challenges = new GatewayChallenges(provider, realms, maxAnswers);
  const answer = (nonce: string, flow = FIRST, options = {}) => {
    const authorization = challenges.answer(challenge(nonce, options), INVITE, flow);
    return authorization.kind === "granted" ? "granted" : authorization.reason;
  };
  return { realms, provider, challenges, answer };
}

Deno.test("§22.2: credentials that come back as anything but stale are wrong, and not sent again", () => {
  const { answer } = start();
  assert.equal(answer("n1"), "granted");
  assert.equal(answer("n2", FIRST, { more: ", stale=true" }), "granted");
  assert.equal(answer("n3"), "wrong username or password");
});

Deno.test("§22.3: every realm has its credentials, and all of them go with the next request", () => {
  const { answer, challenges } = start();
  assert.equal(answer("n1"), "granted");
  assert.equal(answer("n2", FIRST, { realm: "proxy" }), "granted");
  assert.equal(challenges.lines.length, 2);
});

Deno.test("Another server, or another request, begins without credentials", () => {
  const { answer, challenges } = start();
  answer("n1");
  assert.equal(answer("n1", SECOND), "granted");
  assert.equal(challenges.lines.length, 1);
  challenges.forget();
  assert.deepEqual(challenges.lines, []);
  assert.equal(answer("n2", SECOND), "granted");
});

Deno.test("Answers are counted by server, whatever is forgotten", () => {
  const { answer, challenges } = start({}, 1);
  assert.equal(answer("n1"), "granted");
  challenges.forget();
  assert.equal(answer("n2"), "credentials are asked for again and again");
  challenges.restart();
  assert.equal(answer("n3"), "granted");
});

Deno.test("Realms are learned with acceptance; then a foreign realm gets no credentials", () => {
  const { answer, challenges } = start();
  answer("n1");
  challenges.learnRealms();
  assert.match(answer("n2", SECOND, { realm: "thief" }), /^realm "thief" is not one of its own/);
  assert.equal(answer("n3", SECOND), "granted");
});

Deno.test("A gateway without credentials answers no challenge", () => {
  assert.equal(
    start({ credentials: undefined }).answer("n1"),
    "credentials are asked for, and none are configured",
  );
});
