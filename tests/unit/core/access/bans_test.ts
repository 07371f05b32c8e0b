import assert from "node:assert/strict";
import { access } from "../../../../src/config/access.ts";
import { Bans } from "../../../../src/core/access/bans.ts";
import { SourceLimits } from "../../../../src/core/access/source_guard.ts";
import { ServerEvents } from "../../../../src/core/server_events.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import type { Flow } from "../../../../src/transport/transport.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const ROUTER = "172.17.0.1";
const ADDRESS = "198.51.100.7";

function rig(settings: Record<string, unknown> = {}) {
  const clock = new FakeClock();
  clock.advance(10_000);
  const metrics = new Metrics();
  const events = new ServerEvents(clock, metrics);
  const told: Record<string, unknown>[] = [];
  events.listen(({ type, data }) => void told.push({ type, ...data }));
  const parts = {
    settings: access.parse(settings),
    clock,
    metrics,
    events,
    seed: 1,
    gatewayAddresses: () => ["198.51.100.50"],
    isRouter: (address: string) => address === ROUTER,
  };
  const sources = new SourceLimits(parts);
  const bans = new Bans({ ...parts, sources });
  const fail = (times: number, { address = ADDRESS, user = "alice@a" } = {}) => {
    for (let i = 0; i < times; i++) bans.blame(flowFrom(address), "wrong password", user);
  };
  return { clock, bans, sources, told, fail };
}

function flowFrom(remoteAddress: string): Flow {
  return { remoteAddress, protocol: "udp", id: 1 } as Flow;
}

Deno.test("ten points ban, each time for twice as long, a day at most", () => {
  const { clock, bans, sources, told, fail } = rig();
  fail(9);
  assert.ok(!sources.isBanned(ADDRESS));
  for (const seconds of [3600, 7200, 14_400, 28_800, 57_600, 86_400, 86_400]) {
    fail(10);
    assert.ok(sources.isBanned(ADDRESS));
    assert.equal(told.at(-1)!.seconds, seconds);
    assert.equal(bans.list()[0].until, clock.wallTime() + seconds * 1000);
    clock.advance(seconds * 1000 + 1);
    assert.ok(!sources.isBanned(ADDRESS));
    assert.deepEqual(bans.list(), []);
  }
  // Long after the last ban the next one is a first one.
  clock.advance(90_000_000);
  fail(10);
  assert.equal(told.at(-1)!.seconds, 3600);
});

Deno.test("a second wrong password of a user is hopeless, after a while or a success it is not", () => {
  const { clock, bans, fail } = rig();
  const isHopeless = (username = "alice") => bans.isHopeless(flowFrom(ADDRESS), username, "a");
  fail(1);
  assert.ok(!isHopeless());
  fail(1);
  assert.ok(isHopeless() && !isHopeless("bob"));
  clock.advance(61_000);
  assert.ok(!isHopeless());
  fail(1);
  assert.ok(isHopeless());
  bans.absolve(flowFrom(ADDRESS), "alice", "a");
  assert.ok(!isHopeless());
});

Deno.test("lifting ends a ban and forgets the points; who is not banned cannot be lifted", () => {
  const { bans, sources, told, fail } = rig();
  fail(10);
  assert.ok(bans.lift(ADDRESS));
  assert.ok(!sources.isBanned(ADDRESS));
  assert.equal(told.at(-1)!.type, "address.unbanned");
  fail(9);
  assert.ok(!sources.isBanned(ADDRESS));
  assert.ok(!bans.lift(ADDRESS) && !bans.lift("192.0.2.99"));
});

Deno.test("nothing is held against gateways, trusted networks, or anybody while access is off", () => {
  const { bans, told, fail } = rig({ trusted: ["192.0.2.0/24"] });
  for (const address of ["198.51.100.50", "192.0.2.7"]) fail(50, { address });
  assert.deepEqual([bans.list(), told], [[], []]);
  const off = rig({ preset: "off" });
  off.fail(50);
  assert.deepEqual(off.bans.list(), []);
});

Deno.test("a router of this machine is not silenced: others behind it are heard slowly", () => {
  const { bans, sources, fail } = rig();
  fail(30, { address: ROUTER });
  assert.ok(!sources.isBanned(ROUTER));
  assert.deepEqual(bans.list(), []);
});

Deno.test("adopted bans go on for as long as was left, the longest at most, whatever the clock says", () => {
  const { clock, bans, sources } = rig();
  const now = clock.wallTime();
  const ban = (address: string, until: number) => ({
    ...{ network: address, address, since: now - 1000, until, count: 2 },
    ...{ reason: "wrong password by udp", users: ["alice@a"], isShared: false },
  });
  bans.adopt([
    ban("192.0.2.1", now + 60_000),
    ban("192.0.2.2", now - 1),
    ban("192.0.2.3", now + 1e12),
  ]);
  assert.deepEqual(bans.list().map(({ address }) => address).toSorted(), ["192.0.2.1", "192.0.2.3"]);
  clock.advance(60_001);
  assert.ok(!sources.isBanned("192.0.2.1") && sources.isBanned("192.0.2.3"));
  clock.advance(86_400_000);
  assert.ok(!sources.isBanned("192.0.2.3"));
});
