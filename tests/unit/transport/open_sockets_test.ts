import assert from "node:assert/strict";
import { OpenSockets } from "../../../src/transport/open_sockets.ts";

/** Sockets by address, and the numbers of evicted ones. */
function crowd(addresses: readonly string[]) {
  const sockets = new OpenSockets();
  const evicted: number[] = [];
  const leave = addresses.map((address, i) => sockets.watch(address, () => evicted.push(i)));
  return { sockets, evicted, leave };
}

Deno.test("the oldest socket of the address with most of them makes room", () => {
  const { sockets, evicted } = crowd(["192.0.2.1", "198.51.100.7", "192.0.2.1", "192.0.2.2", "192.0.2.1"]);
  assert.equal(sockets.makeRoom("203.0.113.1"), true);
  assert.equal(sockets.makeRoom("203.0.113.1"), true);
  assert.deepEqual(evicted, [0, 2]);
});

Deno.test("a network with many addresses is as greedy as one address with many sockets", () => {
  const many = Array.from({ length: 50 }, (_, i) => `198.51.100.${i}`);
  const { sockets, evicted } = crowd([...new Array(20).fill("192.0.2.1"), ...many]);
  for (let i = 0; i < 30; i++) assert.equal(sockets.makeRoom("203.0.113.1"), true);
  assert.deepEqual(evicted, Array.from({ length: 30 }, (_, i) => 20 + i));
});

Deno.test("nobody gets room at the expense of those who have less", () => {
  const { sockets, evicted } = crowd(["192.0.2.1", "192.0.2.1", "192.0.2.2", "203.0.113.1"]);
  assert.equal(sockets.makeRoom("192.0.2.1"), false);
  assert.equal(sockets.makeRoom("192.0.2.2"), true, "another address of the same network");
  assert.deepEqual(evicted, [0]);
  assert.equal(sockets.makeRoom(undefined), true, "we ourselves");
  assert.equal(new OpenSockets().makeRoom("192.0.2.1"), false);
});

Deno.test("who was served, or is gone, makes no room", () => {
  const { sockets, evicted, leave } = crowd(["192.0.2.1", "192.0.2.1", "198.51.100.1"]);
  for (const each of [leave[0], leave[0], leave[1]]) each();
  assert.equal(sockets.makeRoom("203.0.113.1"), true);
  assert.equal(sockets.makeRoom("203.0.113.1"), false);
  assert.deepEqual(evicted, [2]);
});

Deno.test("IPv6: an address is a network of 64 bits, a network has 48", () => {
  const { sockets, evicted } = crowd([
    "[2001:db8:1:1::1]",
    "[2001:db8:1:1::2]",
    "[2001:db8:1:2::1]",
    "[2001:db8:2:1::1]",
    "[2001:db8:2:2::1]",
  ]);
  assert.equal(sockets.makeRoom("[2001:db8:3::1]"), true);
  assert.equal(sockets.makeRoom("[2001:db8:1:1::3]"), false, "as many as any");
  assert.deepEqual(evicted, [0]);
});
