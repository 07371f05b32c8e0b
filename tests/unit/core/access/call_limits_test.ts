/** Limits of calls by gateways: of agents, peers and gateways, at a time and over time. */
import assert from "node:assert/strict";
import { CallLimits, type GatewayCall } from "../../../../src/core/access/call_limits.ts";
import { LimitRefusals } from "../../../../src/core/access/limit_refusal.ts";
import type { ConfiguredLimits } from "../../../../src/core/access/limit_values.ts";
import type { Agent } from "../../../../src/data/agent.ts";
import type { Gateway } from "../../../../src/data/gateway.ts";
import type { Peer } from "../../../../src/data/peer.ts";
import { readResource } from "../../../../src/data/resource.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { limitValues } from "../../../support/limits.ts";
import { agentDocument, gatewayDocument, peerDocument } from "../../../support/resources.ts";

const AGENT = readResource("Agent", agentDocument("1001")).resource as Agent;
const PEER = readResource("Peer", peerDocument("ast")).resource as Peer;
const GATEWAY = readResource("Gateway", gatewayDocument("GW0001")).resource as Gateway;

function rig(changes: Partial<ConfiguredLimits> = {}) {
  const clock = new FakeClock();
  const metrics = new Metrics();
  const values = limitValues(changes);
  const counts = { outOfCaller: 0, ofGateway: 0 };
  const limits = new CallLimits({
    clock,
    values,
    refusals: new LimitRefusals(metrics),
    counts: { out: () => counts.outOfCaller, channels: () => counts.ofGateway },
  });
  const refusal = (call: GatewayCall) => {
    const answer = limits.refuse(call);
    if (!answer) limits.begin(call);
    return answer && [answer.status, answer.reason, answer.limit, answer.headers];
  };
  return { clock, metrics, values, counts, limits, refusal };
}

Deno.test("an agent has five new calls out at once, and then one every two seconds", () => {
  const { clock, refusal, metrics } = rig();
  const call = { gateway: GATEWAY, caller: AGENT };
  for (let i = 0; i < 5; i++) assert.equal(refusal(call), undefined);
  const tooMany = [
    ...[503, "Too Many New Calls", "maxCallsOutPerMinute"],
    'Reason: Q.850;cause=42;text="Too Many New Calls"\r\n',
  ];
  assert.deepEqual(refusal(call), tooMany);
  clock.advance(1990);
  assert.deepEqual(refusal(call), tooMany);
  clock.advance(10);
  assert.equal(refusal(call), undefined);
  assert.deepEqual(refusal(call), tooMany);
  // Within a minute there are never more than 35.
  let admitted = 0;
  for (let i = 0; i < 600; i++) {
    clock.advance(100);
    if (!refusal(call)) admitted++;
  }
  assert.equal(admitted, 30);
  assert.equal(metrics.snapshot().routr_limited_calls_out_per_minute_total, 3 + 570);
});

Deno.test("a refused call takes nothing from the rate", () => {
  const { counts, refusal } = rig();
  const call = { gateway: GATEWAY, caller: AGENT };
  counts.outOfCaller = 4;
  for (let i = 0; i < 20; i++) assert.equal(refusal(call)?.[2], "maxCallsOut");
  counts.outOfCaller = 0;
  for (let i = 0; i < 5; i++) assert.equal(refusal(call), undefined);
});

Deno.test("an agent beyond its calls out is busy; a peer looks for another trunk", () => {
  const { counts, refusal } = rig({ maxCallsOutPerPeer: 3 });
  counts.outOfCaller = 4;
  assert.deepEqual(refusal({ gateway: GATEWAY, caller: AGENT }), [
    ...[486, "Too Many Calls Out", "maxCallsOut", 'Reason: Q.850;cause=17;text="Too Many Calls Out"\r\n'],
  ]);
  assert.deepEqual(refusal({ gateway: GATEWAY, caller: PEER }), [
    ...[503, "Too Many Calls Out", "maxCallsOut", 'Reason: Q.850;cause=34;text="Too Many Calls Out"\r\n'],
  ]);
});

Deno.test("channels of a gateway are for calls in and out; whoever calls in hears that they are busy", () => {
  const { counts, refusal } = rig();
  counts.ofGateway = 29;
  assert.equal(refusal({ gateway: GATEWAY, caller: undefined }), undefined);
  counts.ofGateway = 30;
  assert.deepEqual(refusal({ gateway: GATEWAY, caller: undefined })?.slice(0, 3), [
    ...[486, "All Channels Busy", "channels"],
  ]);
  assert.deepEqual(refusal({ gateway: GATEWAY, caller: AGENT })?.slice(0, 3), [
    ...[503, "All Channels Busy", "channels"],
  ]);
});

Deno.test("a gateway has ten new calls in a second", () => {
  const { clock, refusal } = rig();
  const call = { gateway: GATEWAY, caller: undefined };
  for (let i = 0; i < 10; i++) assert.equal(refusal(call), undefined);
  assert.equal(refusal(call)?.[2], "newCallsPerSecond");
  clock.advance(100);
  assert.equal(refusal(call), undefined);
  assert.equal(refusal(call)?.[2], "newCallsPerSecond");
});

Deno.test("the limits of a resource win, 0 is none, and a change holds from the next call on", () => {
  const { counts, refusal, values, limits } = rig();
  counts.outOfCaller = counts.ofGateway = 1000;
  const agent = { ...AGENT, limits: { maxCallsOut: 0, maxCallsOutPerMinute: 0 } };
  const gateway = { ...GATEWAY, limits: { channels: 0, newCallsPerSecond: 0 } };
  for (let i = 0; i < 100; i++) assert.equal(refusal({ gateway, caller: agent }), undefined);
  assert.equal(refusal({ gateway, caller: AGENT })?.[2], "maxCallsOut");
  const edited = { ...AGENT, limits: { maxCallsOut: 1001 } };
  assert.equal(refusal({ gateway, caller: edited }), undefined);
  values.configure({ ...configured(), maxCallsOutPerAgent: 1001, maxCallSeconds: 60 });
  assert.equal(refusal({ gateway, caller: AGENT }), undefined);
  assert.equal(limits.begin({ gateway, caller: AGENT }).maxSeconds, 60);
});

function configured(): ConfiguredLimits {
  return {
    maxCallsInSetupPerAgent: 10,
    maxCallsInSetup: 1000,
    maxCallsOutPerAgent: 4,
    maxCallsOutPerMinutePerAgent: 30,
    callsOutBurstPerAgent: 5,
    maxCallsOutPerPeer: 30,
    maxCallsOutPerMinutePerPeer: 120,
    callsOutBurstPerPeer: 30,
    channelsPerGateway: 30,
    newCallsPerSecondPerGateway: 10,
    maxCallSeconds: 14_400,
  };
}

Deno.test("a call lasts as long as both its caller and its gateway allow", () => {
  const { limits } = rig();
  const own = (maxCallSeconds: number) => ({ limits: { maxCallSeconds } });
  const longest = (caller: Agent | undefined, gateway: Gateway) =>
    limits.begin({ caller, gateway }).maxSeconds;
  assert.equal(longest(AGENT, GATEWAY), 14_400);
  assert.equal(longest({ ...AGENT, ...own(100) }, GATEWAY), 100);
  assert.equal(longest({ ...AGENT, ...own(100) }, { ...GATEWAY, ...own(50) }), 50);
  assert.equal(longest({ ...AGENT, ...own(0) }, GATEWAY), 14_400);
  assert.equal(longest({ ...AGENT, ...own(0) }, { ...GATEWAY, ...own(0) }), Infinity);
});
