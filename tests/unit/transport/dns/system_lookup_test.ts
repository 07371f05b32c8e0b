import assert from "node:assert/strict";
import { type Lookup, lookUp, SystemLookup } from "../../../../src/transport/dns/system_lookup.ts";
import { WatchedClock } from "../../runtime/watched_clock.ts";
import { pause } from "../../../support/pause.ts";

interface Question {
  readonly name: string;
  answer(addresses: string[]): void;
  refuse(): void;
}

/** A system whose questions the test answers. */
function newBench() {
  const clock = new WatchedClock();
  const questions: Question[] = [];
  const lookup: Lookup = (name) =>
    new Promise((resolve, reject) =>
      questions.push({ name, answer: resolve, refuse: () => reject(new Error("ENOTFOUND")) })
    );
  return { clock, questions, system: new SystemLookup(clock, lookup) };
}

Deno.test("A name is asked for once; then its addresses are there at once", async () => {
  const { questions, system } = newBench();
  const pending = system.resolve("pbx.example");
  assert.ok(pending instanceof Promise);
  questions[0].answer(["192.0.2.1", "192.0.2.2"]);
  assert.deepEqual(await pending, ["192.0.2.1", "192.0.2.2"]);
  assert.deepEqual(system.resolve("pbx.example"), ["192.0.2.1", "192.0.2.2"]);
  assert.deepEqual(questions.map(({ name }) => name), ["pbx.example"]);
});

Deno.test("Addresses come as URIs write them", async () => {
  const { questions, system } = newBench();
  const pending = system.resolve("a");
  questions[0].answer(["2001:db8::1", "192.0.2.1", "::ffff:192.0.2.7", "fe80::1%2"]);
  assert.deepEqual(await pending, ["[2001:db8::1]", "192.0.2.1", "192.0.2.7", "[fe80::1]"]);
});

Deno.test("All who ask while a question is in flight share its answer", async () => {
  const { questions, system } = newBench();
  const pending = Array.from({ length: 100 }, () => system.resolve("a"));
  assert.equal(questions.length, 1);
  questions[0].answer(["192.0.2.1"]);
  for (const addresses of await Promise.all(pending)) assert.deepEqual(addresses, ["192.0.2.1"]);
});

Deno.test("An answer is kept for a minute", async () => {
  const { clock, questions, system } = newBench();
  const first = system.resolve("a");
  questions[0].answer(["192.0.2.1"]);
  await first;
  clock.advance(59_999);
  assert.deepEqual(system.resolve("a"), ["192.0.2.1"]);
  clock.advance(1);
  const second = system.resolve("a");
  questions[1].answer(["192.0.2.2"]);
  assert.deepEqual(await second, ["192.0.2.2"]);
  assert.deepEqual(system.resolve("a"), ["192.0.2.2"]);
});

Deno.test("That a name has no address is kept for five seconds, and nothing rejects", async () => {
  for (
    const fail of [(question: Question) => question.refuse(), (question: Question) => question.answer([])]
  ) {
    const { clock, questions, system } = newBench();
    const pending = system.resolve("nowhere");
    fail(questions[0]);
    assert.deepEqual(await pending, []);
    clock.advance(4_999);
    assert.deepEqual(system.resolve("nowhere"), []);
    clock.advance(1);
    const again = system.resolve("nowhere");
    assert.equal(questions.length, 2);
    questions[1].answer(["192.0.2.1"]);
    assert.deepEqual(await again, ["192.0.2.1"]);
  }
});

Deno.test("A lookup that throws at once is a name without address", async () => {
  const system = new SystemLookup(new WatchedClock(), () => {
    throw new TypeError("Cannot look up this name");
  });
  assert.deepEqual(await system.resolve("a\0b"), []);
});

Deno.test("Nobody waits for an answer longer than four seconds; what comes later is known from then on", async () => {
  const { clock, questions, system } = newBench();
  const pending = system.resolve("slow");
  clock.advance(3_999);
  assert.equal(system.resolve("slow"), pending);
  clock.advance(1);
  assert.deepEqual(await pending, []);
  assert.deepEqual(await system.resolve("slow"), []);
  assert.equal(questions.length, 1);
  questions[0].answer(["192.0.2.1"]);
  await pause(0);
  assert.deepEqual(system.resolve("slow"), ["192.0.2.1"]);
});

Deno.test("Sixteen names are asked for at a time; a further one has no address for now", async () => {
  const { questions, system } = newBench();
  const pending = Array.from({ length: 16 }, (_, i) => system.resolve(`dead-${i}`));
  assert.deepEqual(system.resolve("one-more"), []);
  assert.equal(questions.length, 16);
  for (const question of questions) question.refuse();
  await Promise.all(pending);
  const asked = system.resolve("one-more");
  questions[16].answer(["192.0.2.1"]);
  assert.deepEqual(await asked, ["192.0.2.1"]);
});

Deno.test("A refusal that comes too late is nobody's unhandled rejection", async () => {
  const { clock, questions, system } = newBench();
  const pending = system.resolve("slow");
  clock.advance(4_000);
  assert.deepEqual(await pending, []);
  questions[0].refuse();
  await pause(0);
});

Deno.test("A slow name delays no other", async () => {
  const { questions, system } = newBench();
  const slow = system.resolve("slow");
  const quick = system.resolve("quick");
  questions[1].answer(["192.0.2.2"]);
  assert.deepEqual(await quick, ["192.0.2.2"]);
  assert.deepEqual(system.resolve("quick"), ["192.0.2.2"]);
  questions[0].answer(["192.0.2.1"]);
  assert.deepEqual(await slow, ["192.0.2.1"]);
});

Deno.test("Answered questions leave no alarm behind", async () => {
  const { clock, questions, system } = newBench();
  const pending = ["a", "b", "c"].map((name) => system.resolve(name));
  questions[0].answer(["192.0.2.1"]);
  questions[1].refuse();
  questions[2].answer([]);
  await Promise.all(pending);
  assert.equal(clock.pending, 0);
});

Deno.test("Many names are asked for, each for itself", async () => {
  const clock = new WatchedClock();
  const system = new SystemLookup(clock, (name) => Promise.resolve([`192.0.2.${name.length}`, name]));
  for (let i = 0; i < 10_000; i++) {
    assert.equal((await system.resolve(`host-${i}`))[1], `host-${i}`);
  }
});

Deno.test("The system knows localhost, and rejects what is no name", async () => {
  const addresses = await lookUp("localhost");
  assert.ok(addresses.includes("127.0.0.1") || addresses.includes("::1"), String(addresses));
  await assert.rejects(lookUp("-.invalid"));
});
