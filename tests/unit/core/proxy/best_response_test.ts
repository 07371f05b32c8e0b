/** §16.7 steps 6 and 7 as functions. */
import assert from "node:assert/strict";
import {
  type BranchOutcome,
  buildBestResponse,
  chooseBestResponse,
  type EndedBranch,
} from "../../../../src/core/proxy/best_response.ts";
import { ResponseRewrite } from "../../../../src/core/proxy/response_rewrite.ts";
import { headers } from "../../../support/sip_text.ts";
import { request, response } from "../requests.ts";

/** Nothing is asked of the branch before the choice is made. */
const BRANCH: EndedBranch = {
  responses: new ResponseRewrite(request("INVITE sip:x@y SIP/2.0"), {
    rewrite: undefined,
    isTargetTrusted: false,
    isCallerTrusted: false,
  }),
  isToGateway: false,
  statusOfUnreachable: 480,
};

/** `486` is a response, `(408)` stands for none. */
function outcome(text: string): BranchOutcome {
  const status = Number(text.replace(/[()]/g, ""));
  const said = text.startsWith("(") ? undefined : response(`SIP/2.0 ${status} Reason`);
  return { status, response: said, branch: BRANCH };
}

const CHOICES = {
  "486": "486",
  "486 302 500": "302",
  "500 486": "486",
  "(408) 486": "486",
  "(408) 503": "(408)",
  "(503) 503": "(503)",
  "503 (503)": "503",
  "503 500": "500",
  "(503) 500": "500",
  "404 407 401": "407",
  "404 (408) 484": "484",
  "486 (487)": "486",
  "606 600": "606",
};

for (const [outcomes, best] of Object.entries(CHOICES)) {
  Deno.test(`chooseBestResponse(): of ${outcomes} the best is ${best}`, () => {
    const chosen = chooseBestResponse(outcomes.split(" ").map(outcome));
    assert.equal(chosen.response ? String(chosen.status) : `(${chosen.status})`, best);
  });
}

Deno.test("chooseBestResponse(): a device that is not reached is 480, which is better than the 503 of a gateway", () => {
  const device = outcome("(503)");
  const gateway = { ...device, branch: { ...BRANCH, isToGateway: true, statusOfUnreachable: 503 } } as const;
  assert.equal(chooseBestResponse([device, gateway]), device);
  assert.equal(chooseBestResponse([gateway, device]), device);
  const said = outcome("503");
  assert.equal(chooseBestResponse([gateway, said]), said);
});

Deno.test("buildBestResponse() takes our Via off, and no body byte", () => {
  const best = response(`
    SIP/2.0 486 Busy Here
    Content-Length: 4

    body and more
  `);
  const text = buildBestResponse(best, [{ status: 486, response: best, branch: BRANCH }])!;
  assert.deepEqual(headers(text, "Via"), ["SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKtheirs"]);
  assert.ok(text.endsWith("\r\n\r\nbody"));
});

Deno.test("buildBestResponse() adds the challenges of the other branches, not those of the best twice", () => {
  const challenges = [
    response('SIP/2.0 401 Unauthorized\nWWW-Authenticate: Digest realm="a"'),
    response(
      'SIP/2.0 407 Proxy Authentication Required\nProxy-Authenticate: Digest realm="b", Digest realm="c"',
    ),
    response('SIP/2.0 486 Busy Here\nWWW-Authenticate: Digest realm="no"'),
  ];
  const outcomes = challenges.map((one) => ({ status: one.status, response: one, branch: BRANCH }));
  const text = buildBestResponse(challenges[0], outcomes)!;
  assert.deepEqual(headers(text, "WWW-Authenticate"), ['Digest realm="a"']);
  assert.deepEqual(headers(text, "Proxy-Authenticate"), ['Digest realm="b", Digest realm="c"']);
});

Deno.test("buildBestResponse() of a response with one Via is nothing to forward", () => {
  const best = response("SIP/2.0 486 Busy Here\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours");
  assert.equal(buildBestResponse(best, []), undefined);
});
