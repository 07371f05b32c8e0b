/** Nonces: ours, young enough, and each count once. */
import assert from "node:assert/strict";
import { NonceRing } from "../../../../src/core/authentication/nonce_ring.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

/** A ring whose nonces are handed over as text, as clients do. */
function start() {
  const clock = new FakeClock();
  const nonces = new NonceRing(clock, 1);
  const ring = {
    issue: (source: string) => nonces.textOf(nonces.issue(source)),
    use: (nonce: string, count: number, source: string) => nonces.use(nonces.numberOf(nonce), count, source),
    numberOf: (nonce: string) => nonces.numberOf(nonce),
  };
  return { clock, nonces, ring };
}

Deno.test("issue(): no nonce comes twice", () => {
  const { ring } = start();
  const nonces = new Set(Array.from({ length: 5000 }, () => ring.issue("a")));
  assert.equal(nonces.size, 5000);
  for (const nonce of nonces) assert.match(nonce, /^[0-9a-f]{21}$/);
});

Deno.test("use(): a nonce may be used for five minutes", () => {
  const { clock, ring } = start();
  const nonce = ring.issue("a");
  assert.equal(ring.use(nonce, 1, "a"), "fresh");
  clock.advance(300_000);
  assert.equal(ring.use(nonce, 2, "a"), "fresh");
  clock.advance(1);
  assert.equal(ring.use(nonce, 3, "a"), "stale");
});

/** Counts in the order they are used, and whether each is taken. */
const ORDERS: readonly (readonly [counts: readonly number[], taken: string])[] = [
  [[1, 2, 3], "yes yes yes"],
  [[1, 1], "yes no"],
  [[0, 0], "yes no"],
  [[0, 1], "yes no"],
  [[5, 3, 4, 3, 5], "yes yes yes no no"],
  [[100, 69, 68], "yes yes no"],
  [[1, 33, 1, 2], "yes yes no yes"],
  [[1, 0xffffffff, 0xffffffff, 0xfffffffe, 1], "yes yes no yes no"],
  [[32, 1, 1, 31], "yes yes no yes"],
];

for (const [counts, taken] of ORDERS) {
  Deno.test(`use(): of the counts ${counts.join(", ")} are taken: ${taken}`, () => {
    const { ring } = start();
    const nonce = ring.issue("a");
    const verdicts = counts.map((count) => ring.use(nonce, count, "a") === "fresh" ? "yes" : "no");
    assert.equal(verdicts.join(" "), taken);
  });
}

Deno.test("use(): each nonce has counts of its own", () => {
  const { ring } = start();
  const [first, second] = [ring.issue("a"), ring.issue("a")];
  assert.deepEqual([ring.use(first, 1, "a"), ring.use(second, 1, "a"), ring.use(first, 1, "a")], [
    "fresh",
    "fresh",
    "stale",
  ]);
});

Deno.test("use(): what was never issued is stale", () => {
  const { ring } = start();
  const nonce = ring.issue("a");
  for (
    const forged of [
      "",
      "-",
      "--",
      "0-0-0",
      "NaN",
      nonce.slice(0, 5),
      nonce.slice(0, -1),
      nonce.slice(5),
      nonce.slice(0, 5) + nonce.slice(13) + nonce.slice(5, 13),
      `00001${nonce.slice(5)}`,
      `40000${nonce.slice(5)}`,
      `-0000${nonce.slice(5)}`,
      `fffff${nonce.slice(5)}`,
      "0".repeat(21),
      "f".repeat(21),
      "00000-0000000-0000000",
    ]
  ) {
    assert.equal(ring.use(forged, 1, "a"), "stale", forged);
  }
});

Deno.test("use(): a nonce of another server is stale", () => {
  assert.equal(start().ring.use(start().ring.issue("a"), 1, "a"), "stale");
});

Deno.test("the oldest nonces are forgotten when 2¹⁸ newer ones were issued", () => {
  const { ring } = start();
  const [first, second] = [ring.issue("a"), ring.issue("a")];
  for (let i = 0; i < 2 ** 18 - 1; i++) ring.issue("a");
  assert.equal(ring.use(first, 1, "a"), "stale");
  assert.equal(ring.use(second, 1, "a"), "fresh");
});

Deno.test("use(): a nonce of another source is stale, and stays good for its own source", () => {
  const { ring } = start();
  const nonce = ring.issue("192.0.2.1");
  assert.equal(ring.use(nonce, 1, "192.0.2.2"), "stale");
  assert.equal(ring.use(nonce, 1, "192.0.2.1"), "fresh");
});

Deno.test("numberOf(): a nonce is known by its exact spelling, and later ones have higher numbers", () => {
  const { ring } = start();
  const [first, second] = [ring.issue("a"), ring.issue("a")];
  assert.ok(ring.numberOf(first) >= 0 && ring.numberOf(second) > ring.numberOf(first));
  for (
    const other of [
      `${second}x!`,
      `${second} `,
      ` ${second}`,
      ` ${second.slice(1)}`,
      `0${second}`,
      // "`abcdef" of ASCII follow each other, and so do "/0123456789:" and "@ABCDEF".
      ...Array.from("`g/:@AF\0\xff\u0130", (character) => second.slice(0, 20) + character),
      "a-b-c",
    ]
  ) {
    assert.equal(ring.numberOf(other), -1, other);
  }
});

Deno.test("numberOf() finds a nonce in the midst of a text", () => {
  const { ring } = start();
  const nonce = ring.issue("a");
  const { nonces, ring: other } = start();
  const text = `nonce="${other.issue("a")}",`;
  assert.equal(nonces.numberOf(text, 7, 28), 0);
  assert.equal(nonces.numberOf(text, 7, 27), -1);
  assert.equal(nonces.numberOf(text, 6, 27), -1);
  assert.equal(nonces.numberOf(`nonce="${nonce}"`, 7, 28), -1);
});

Deno.test("numberOf() knows nonces when the ring has come around", () => {
  const { nonces } = start();
  for (let i = 0; i < 2 ** 18 + 5; i++) nonces.issue("a");
  const number = nonces.issue("a");
  assert.equal(number, 2 ** 18 + 5);
  assert.equal(nonces.numberOf(nonces.textOf(number)), number);
  assert.equal(nonces.numberOf(nonces.textOf(number - 100)), number - 100);
});

Deno.test("isOf(): a number is of its source until 2¹⁸ newer nonces were issued", () => {
  const { nonces } = start();
  const number = nonces.issue("192.0.2.1");
  assert.ok(nonces.isOf("192.0.2.1", number));
  assert.ok(!nonces.isOf("192.0.2.2", number));
  for (let i = 0; i < 2 ** 18 - 1; i++) nonces.issue("192.0.2.1");
  assert.ok(nonces.isOf("192.0.2.1", number));
  nonces.issue("192.0.2.1");
  assert.ok(!nonces.isOf("192.0.2.1", number));
});
