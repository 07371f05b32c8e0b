/** The accounts of parties with requests under way. */
import assert from "node:assert/strict";
import { LimitRefusals } from "../../../../src/core/access/limit_refusal.ts";
import { RequestLimits } from "../../../../src/core/access/request_limits.ts";
import { RequestShare } from "../../../../src/core/access/request_share.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import { limitValues } from "../../../support/limits.ts";
import { request } from "../requests.ts";

const INVITE = request("INVITE sip:bob@sip.local SIP/2.0");

function limits({ maxPendingBytes = 1_000_000, maxCallsInSetup = 3 } = {}): RequestLimits {
  return new RequestLimits({
    values: limitValues({ maxCallsInSetupPerAgent: 2, maxCallsInSetup }),
    refusals: new LimitRefusals(new Metrics()),
    maxPendingBytes,
  });
}

function admitted(result: ReturnType<RequestLimits["admit"]>): RequestShare {
  assert.ok(result instanceof RequestShare);
  return result;
}

Deno.test("a call counts until its caller has an answer, its bytes until nothing of it is kept", () => {
  const accounts = limits({ maxCallsInSetup: 1, maxPendingBytes: 4 * 2 * (INVITE.text.length + 1024) });
  const first = admitted(accounts.admit("192.0.2.1", INVITE, 1));
  assert.ok("status" in accounts.admit("192.0.2.1", INVITE, 1));
  first.endSetup();
  const second = admitted(accounts.admit("192.0.2.1", INVITE, 1));
  second.endSetup();
  assert.ok("status" in accounts.admit("192.0.2.1", INVITE, 1));
  first.release();
  admitted(accounts.admit("192.0.2.1", INVITE, 1));
});

Deno.test("a share that is released twice counts once", () => {
  const accounts = limits({ maxCallsInSetup: 1 });
  const share = admitted(accounts.admit("192.0.2.1", INVITE, 1));
  for (let i = 0; i < 3; i++) share.release();
  admitted(accounts.admit("192.0.2.1", INVITE, 1));
  assert.ok("status" in accounts.admit("192.0.2.1", INVITE, 1));
});

Deno.test("a share that is released late does not forget what came after it", () => {
  const accounts = limits({ maxCallsInSetup: 1 });
  const first = admitted(accounts.admit("192.0.2.1", INVITE, 1));
  first.release();
  admitted(accounts.admit("192.0.2.1", INVITE, 1));
  first.release();
  assert.ok("status" in accounts.admit("192.0.2.1", INVITE, 1));
});

Deno.test("a request that is larger than the share of its sender is taken when it is the only one", () => {
  const accounts = limits({ maxPendingBytes: 1 });
  admitted(accounts.admit("192.0.2.1", INVITE, 1));
  assert.ok("status" in accounts.admit("192.0.2.1", INVITE, 1));
  admitted(accounts.admit("192.0.2.2", INVITE, 1));
});
