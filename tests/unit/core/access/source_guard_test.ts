import assert from "node:assert/strict";
import { access } from "../../../../src/config/access.ts";
import { SourceLimits } from "../../../../src/core/access/source_guard.ts";
import { addressWords } from "../../../../src/runtime/ip/address_words.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import type { Flow } from "../../../../src/transport/transport.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const STRANGER = "203.0.113.7";
const GATEWAY = "198.51.100.50";

interface Rig {
  readonly clock: FakeClock;
  readonly limits: SourceLimits;
  /** Reports whether a message is heard, asked as the UDP transport of Linux asks. */
  hears(address: string, id?: number): boolean;
  /** How many of so many messages are heard. */
  heard(address: string, count: number): number;
}

function rig(settings: Record<string, unknown> = {}): Rig {
  const clock = new FakeClock();
  clock.advance(1000);
  const limits = new SourceLimits({
    settings: access.parse(settings),
    clock,
    metrics: new Metrics(),
    seed: 12345,
    gatewayAddresses: () => [GATEWAY],
  });
  const hears = (address: string, id = 1) => {
    const words = addressWords(address);
    const [high, low] = words.length === 1 ? [0, words[0]] : words;
    return !limits.isMuted(high, low) && limits.admits({ id, remoteAddress: address } as Flow);
  };
  const heard = (address: string, count: number) =>
    Array.from({ length: count }).filter(() => hears(address)).length;
  return { clock, limits, hears, heard };
}

Deno.test("a stranger has a burst, and a rate after it", () => {
  const { clock, heard } = rig();
  assert.equal(heard(STRANGER, 1000), 60);
  clock.advance(1000);
  assert.equal(heard(STRANGER, 1000), 20);
  clock.advance(3_600_000);
  assert.equal(heard(STRANGER, 1000), 60);
});

Deno.test("strangers do not limit each other but for what all of them have together", () => {
  const { heard } = rig({ strangersPerSecond: 100 });
  assert.equal(heard("203.0.113.1", 100), 60);
  assert.equal(heard("203.0.113.2", 100), 40);
  assert.equal(heard("203.0.113.3", 100), 0);
});

Deno.test("an address where phones are known has ten times as much, whatever strangers do", () => {
  const { clock, limits, heard } = rig({ strangersPerSecond: 1 });
  limits.know(STRANGER);
  for (let i = 1; i < 100; i++) heard(`192.0.2.${i}`, 100);
  clock.advance(60_000);
  assert.equal(heard(STRANGER, 5000), 600);
  clock.advance(1000);
  assert.equal(heard(STRANGER, 5000), 200);
});

Deno.test("it is known for two hours after the last service", () => {
  const { clock, limits } = rig();
  limits.know(STRANGER);
  clock.advance(7_200_000);
  assert.ok(limits.isKnown(STRANGER));
  clock.advance(61_000);
  assert.ok(!limits.isKnown(STRANGER));
});

Deno.test("trusted networks have no limit, gateways a hundred times a stranger's; neither uses up what strangers have", () => {
  const { heard } = rig({ strangersPerSecond: 50, trusted: ["192.0.2.0/24", "2001:db8:7::/48"] });
  assert.equal(heard("192.0.2.9", 10_000), 10_000);
  assert.equal(heard("[2001:db8:7:1::1]", 10_000), 10_000);
  assert.equal(heard(GATEWAY, 10_000), 6000);
  assert.equal(heard(STRANGER, 100), 50);
});

Deno.test("nothing is heard of a banned address until its ban ends", () => {
  const { clock, limits, heard } = rig();
  limits.ban(STRANGER, clock.now() + 3_600_000, 1);
  assert.ok(limits.isBanned(STRANGER));
  for (let i = 0; i < 60; i++) {
    assert.equal(heard(STRANGER, 10), 0);
    clock.advance(60_000);
  }
  assert.ok(!limits.isBanned(STRANGER));
  assert.ok(heard(STRANGER, 10) > 0);
});

Deno.test("a banned address where phones are known is heard slowly, and more slowly with each ban", () => {
  for (const [count, seconds] of [[1, 2.5], [2, 5], [3, 10], [200, 150]]) {
    const { clock, limits, heard } = rig();
    limits.know(STRANGER);
    limits.ban(STRANGER, clock.now() + 86_400_000, count);
    assert.equal(heard(STRANGER, 10), 0);
    clock.advance(20 * seconds * 1000);
    assert.equal(heard(STRANGER, 10), 2, "the burst");
    for (let i = 0; i < 10; i++) {
      clock.advance(seconds * 1000 + 1);
      assert.equal(heard(STRANGER, 10), 1);
    }
  }
});

Deno.test("flows that offended have no part in what a banned address is heard slowly, for the window", () => {
  const { clock, limits, hears } = rig();
  limits.know(STRANGER);
  limits.offended({ id: 7 } as Flow);
  assert.ok(hears(STRANGER, 7), "while there is no ban");
  limits.ban(STRANGER, clock.now() + 3_600_000, 1);
  clock.advance(10_000);
  for (let i = 0; i < 100; i++) assert.ok(!hears(STRANGER, 7));
  assert.ok(hears(STRANGER, 8));
  clock.advance(600_000);
  assert.ok(hears(STRANGER, 7));
});

Deno.test("trusted networks and gateways are heard although they are banned", () => {
  const { clock, limits, heard } = rig({ trusted: ["192.0.2.0/24"] });
  for (const address of ["192.0.2.9", GATEWAY]) {
    limits.ban(address, clock.now() + 1000, 1);
    clock.advance(1);
    assert.ok(!limits.isBanned(address));
    assert.ok(heard(address, 10) > 0, address);
  }
});

Deno.test("all addresses of an IPv6 /64 are one source; a /48 has four times as much", () => {
  const { heard } = rig();
  let all = 0;
  for (let i = 1; i <= 60; i++) all += heard(`[2001:db8:1:1::${i.toString(16)}]`, 10);
  assert.equal(all, 60);
  for (let site = 2; site < 100; site++) all += heard(`[2001:db8:1:${site.toString(16)}::1]`, 100);
  assert.equal(all, 240);
  assert.equal(heard("[2001:db8:2:1::1]", 100), 60);
});

Deno.test("from the third banned /64 of a /48 on, its strangers are heard slowly; known ones are not", () => {
  const { clock, limits, heard } = rig();
  const at = (network: number) => `[2001:db8:1:${network}::1]`;
  limits.know(at(9));
  for (let network = 1; network <= 3; network++) {
    assert.equal(heard(at(8), 10), 10, `with ${network - 1} bans`);
    // Again and again: it is one network.
    for (let count = 1; count <= 5; count++) limits.ban(at(network), clock.now() + 3_600_000, count);
    clock.advance(10_000);
  }
  assert.equal(heard(at(8), 100), 2);
  clock.advance(2500);
  assert.equal(heard(at(7), 100), 1);
  assert.equal(heard(at(9), 100), 100);
  assert.equal(heard("[2001:db8:2:8::1]", 60), 60);
  limits.ban(at(1), 0, 0);
  clock.advance(10_000);
  assert.equal(heard(at(8), 100), 60, "one was lifted");
});

Deno.test("a lifted ban and an address that was never seen are like any other", () => {
  const { clock, limits, heard } = rig();
  limits.ban(STRANGER, clock.now() + 1000, 3);
  limits.ban(STRANGER, 0, 0);
  clock.advance(3000);
  assert.equal(heard(STRANGER, 100), 60);
  assert.ok(!limits.isBanned("203.0.113.99"));
  assert.ok(!limits.isKnown("203.0.113.99"));
});

Deno.test("with access off everything is heard; other settings hold at once", () => {
  const { clock, limits, heard } = rig({ preset: "off" });
  limits.ban(STRANGER, clock.now() + 3_600_000, 1);
  assert.equal(heard(STRANGER, 10_000), 10_000);
  limits.change(access.parse({ preset: "strict" }));
  assert.equal(heard(STRANGER, 100), 0);
  assert.ok(heard("203.0.113.8", 100) === 30);
});

Deno.test("while strangers are too many, an address that was not seen takes no place in the table", () => {
  const { limits, heard } = rig({ strangersPerSecond: 1 });
  heard("203.0.113.8", 5);
  const before = limits.isMuted(0, 1);
  assert.ok(before);
  assert.equal(heard("203.0.113.9", 5), 0);
});
