/** The location service: look-up order, expiry, the sweep, and connections that close. */
import assert from "node:assert/strict";
import type { Binding, BindingFlow } from "../../../src/location/binding.ts";
import { LocationService } from "../../../src/location/location_service.ts";
import { TimerWheel } from "../../../src/runtime/timer_wheel.ts";
import { bindingTo } from "../../support/bindings.ts";
import { FakeClock } from "../../support/fake_clock.ts";

interface TestFlow extends BindingFlow {
  isOpen: boolean;
}

const UDP: TestFlow = { id: 1, isOpen: true, isConnection: false };

function connection(id: number): TestFlow {
  return { id, isOpen: true, isConnection: true };
}

function binding(contact: string, parts: Partial<Binding<TestFlow>> = {}): Binding<TestFlow> {
  return bindingTo(contact, { flow: UDP, ...parts });
}

function start() {
  const clock = new FakeClock();
  const location = new LocationService<TestFlow>(clock, new TimerWheel(clock));
  const contacts = (aor: string) => location.lookup(aor).map(({ contact }) => contact);
  return { clock, location, contacts };
}

Deno.test("lookup(): highest q first, then the latest", () => {
  const { location, contacts } = start();
  location.replace("sip:a@x", [
    binding("low", { q: 100, updatedAt: 9 }),
    binding("old", { updatedAt: 1 }),
    binding("new", { updatedAt: 2 }),
    binding("middle", { q: 500 }),
  ]);
  assert.deepEqual(contacts("sip:a@x"), ["new", "old", "middle", "low"]);
});

Deno.test("lookup(): nobody is called so", () => {
  const { location } = start();
  assert.deepEqual(location.lookup("sip:nobody@x"), []);
});

Deno.test("replace() takes the place of everything that was there; with nothing it forgets", () => {
  const { location, contacts } = start();
  location.replace("sip:a@x", [binding("one"), binding("two")]);
  location.replace("sip:a@x", [binding("three")]);
  assert.deepEqual(contacts("sip:a@x"), ["three"]);
  location.replace("sip:a@x", []);
  assert.deepEqual(contacts("sip:a@x"), []);
  assert.equal(location.size, 0);
});

Deno.test("a list that was looked up does not change any more", () => {
  const { clock, location } = start();
  location.replace("sip:a@x", [binding("one"), binding("two", { expiresAt: 90_000 })]);
  const before = location.lookup("sip:a@x");
  location.replace("sip:a@x", [binding("three")]);
  clock.advance(100_000);
  assert.equal(before.length, 2);
});

Deno.test("a binding ends with its last millisecond, the others stay", () => {
  const { clock, location, contacts } = start();
  location.replace("sip:a@x", [binding("short", { expiresAt: 1000 }), binding("long", { expiresAt: 2000 })]);
  clock.advance(999);
  assert.deepEqual(contacts("sip:a@x"), ["short", "long"]);
  clock.advance(1);
  assert.deepEqual(contacts("sip:a@x"), ["long"]);
  clock.advance(1000);
  assert.deepEqual(contacts("sip:a@x"), []);
});

Deno.test("the sweep frees what has expired and nobody asks for, and leaves the rest", () => {
  const { clock, location } = start();
  for (let i = 0; i < 1000; i++) {
    location.replace(`sip:${i}@x`, [binding("c", { expiresAt: i < 900 ? 60_000 : 600_000 })]);
  }
  clock.advance(59_000);
  assert.equal(location.size, 1000);
  clock.advance(300_000);
  assert.equal(location.size, 100);
  clock.advance(600_000);
  assert.equal(location.size, 0);
});

Deno.test("the sweep begins again when something is registered after all had gone", () => {
  const { clock, location } = start();
  for (const expiresAt of [60_000, 400_000]) {
    location.replace("sip:a@x", [binding("c", { expiresAt })]);
    clock.advance(200_000);
    if (expiresAt < 200_000) assert.equal(location.size, 0);
  }
  clock.advance(60_000);
  assert.equal(location.size, 0);
});

Deno.test("removeConnection() keeps the bindings of a device that takes new connections", () => {
  const { location, contacts } = start();
  const flow = connection(7);
  location.replace("sip:bob@sip.local", [
    binding("sip:one", { flow, listeningPort: 5070 }),
    binding("sip:two", { flow }),
  ]);
  flow.isOpen = false;
  assert.deepEqual(contacts("sip:bob@sip.local"), ["sip:one"]);
  location.removeConnection(flow);
  assert.deepEqual(contacts("sip:bob@sip.local"), ["sip:one"]);
});

Deno.test("removeConnection() drops the bindings of that connection and no others", () => {
  const { location, contacts } = start();
  const [first, second] = [connection(7), connection(8)];
  location.replace("sip:a@x", [
    binding("a1", { flow: first }),
    binding("a2", { flow: second }),
    binding("a3"),
  ]);
  location.replace("sip:b@x", [binding("b1", { flow: first })]);
  location.removeConnection(first);
  assert.deepEqual(contacts("sip:a@x"), ["a2", "a3"]);
  assert.deepEqual(contacts("sip:b@x"), []);
  assert.equal(location.size, 1);
  location.removeConnection(first);
  location.removeConnection(connection(99));
  assert.deepEqual(contacts("sip:a@x"), ["a2", "a3"]);
});

Deno.test("a binding that has moved to another connection outlives the old one", () => {
  const { location, contacts } = start();
  const [first, second] = [connection(7), connection(8)];
  location.replace("sip:a@x", [binding("c", { flow: first })]);
  location.replace("sip:a@x", [binding("c", { flow: second })]);
  location.removeConnection(first);
  assert.deepEqual(contacts("sip:a@x"), ["c"]);
});

Deno.test("a binding whose connection has closed is not found, even before anybody said so", () => {
  const { location, contacts } = start();
  const flow = connection(7);
  location.replace("sip:a@x", [binding("c", { flow })]);
  flow.isOpen = false;
  assert.deepEqual(contacts("sip:a@x"), []);
});

Deno.test("entries() has everybody who can be reached now", () => {
  const { clock, location } = start();
  location.replace("sip:a@x", [binding("a", { expiresAt: 1000 })]);
  location.replace("sip:b@x", [binding("b1"), binding("b2", { expiresAt: 500 })]);
  const entries = () => [...location.entries()].map(([aor, bindings]) => `${aor} ${bindings.length}`);
  assert.deepEqual(entries(), ["sip:a@x 1", "sip:b@x 2"]);
  clock.advance(1000);
  assert.deepEqual(entries(), ["sip:b@x 1"]);
});

Deno.test("close() stops the sweep", () => {
  const { clock, location } = start();
  location.replace("sip:a@x", [binding("a", { expiresAt: 1000 })]);
  location.close();
  clock.advance(100_000);
  assert.equal(location.size, 1);
});

Deno.test("onChange() tells every listener of the same change with its reason, and of nothing that is adopted", () => {
  const { location } = start();
  const told: string[] = [];
  for (const name of ["first", "second"]) {
    location.onChange(({ aor, before, after, reason }) => {
      told.push(`${name}: ${aor} ${before.length} > ${after.length} ${reason}`);
    });
  }
  const flow = connection(7);
  location.adopt("sip:a@x", [binding("a", { flow })]);
  assert.equal(told.length, 0);
  location.removeConnection(flow);
  location.replace("sip:b@x", [binding("b")]);
  location.replace("sip:b@x", [], "evicted");
  assert.deepEqual(told.filter((line) => line.startsWith("first")), [
    "first: sip:a@x 1 > 0 connection lost",
    "first: sip:b@x 0 > 1 unregistered",
    "first: sip:b@x 1 > 0 evicted",
  ]);
  assert.equal(told.filter((line) => line.startsWith("second")).length, 3);
});

Deno.test("onExpired() tells of each binding once, whether it was looked for or swept", () => {
  const { clock, location } = start();
  const told: string[] = [];
  location.onExpired((aor, bindings) => told.push(`${aor} ${bindings.map(({ contact }) => contact)}`));
  location.replace("sip:a@x", [
    binding("a1", { expiresAt: 1000 }),
    binding("a2", { expiresAt: 90_000 }),
  ]);
  location.replace("sip:b@x", [binding("b", { expiresAt: 1000 })]);
  clock.advance(999);
  location.lookup("sip:a@x");
  assert.equal(told.length, 0);
  clock.advance(1);
  location.lookup("sip:a@x");
  location.lookup("sip:a@x");
  assert.deepEqual(told, ["sip:a@x a1"]);
  clock.advance(60_000);
  assert.deepEqual(told, ["sip:a@x a1", "sip:b@x b"]);
});
