/** SharedLocation over an exchange in memory; `tests/contract/shared_location_test.ts` has it over Redis. */
import assert from "node:assert/strict";
import type { Binding, BindingFlow } from "../../../src/location/binding.ts";
import type { NodeRecord } from "../../../src/location/binding_record.ts";
import { LocationService } from "../../../src/location/location_service.ts";
import { SharedLocation } from "../../../src/location/shared_location.ts";
import { TimerWheel } from "../../../src/runtime/timer_wheel.ts";
import { bindingTo } from "../../support/bindings.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { MemoryExchange } from "./memory_exchange.ts";

const JOHN = "sip:john@x";

class World {
  readonly clock = new FakeClock();
  readonly exchange = new MemoryExchange(this.clock);

  async node(address: string): Promise<Node> {
    const node = new Node(this, address);
    await node.shared.start();
    return node;
  }

  /** Lets time pass, and every promise settle. */
  async advance(milliseconds = 20): Promise<void> {
    this.clock.advance(milliseconds);
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  }
}

class Node {
  readonly self: NodeRecord;
  readonly heard: string[] = [];
  readonly location: LocationService<BindingFlow>;
  readonly shared: SharedLocation<BindingFlow>;
  readonly #clock: FakeClock;

  constructor({ clock, exchange }: World, address: string) {
    this.self = { address, epoch: `epoch of ${address}` };
    this.#clock = clock;
    const wheel = new TimerWheel(clock);
    this.location = new LocationService(clock, wheel);
    const token = { protocol: "udp", local: address, remoteAddress: "192.0.2.9", remotePort: 5060 };
    this.shared = new SharedLocation({
      location: this.location,
      exchange,
      clock,
      wheel,
      nodes: {
        self: this.self,
        note: (node) => this.heard.push(node.address),
        refresh: () => Promise.resolve(),
      },
      flows: {
        describe: ({ id }) => ({ ...token, token: String(id) }),
        find: ({ flow }) => ({ id: Number(flow.token), isOpen: true, isConnection: false }),
      },
      onAdopted: () => {},
    });
  }

  register(contact: string, parts: Partial<Binding> = {}): void {
    const now = this.#clock.now();
    const flow = { id: 1, isOpen: true, isConnection: false };
    const times = { updatedAt: now, expiresAt: now + 600_000 };
    this.location.replace(JOHN, [bindingTo(contact, { flow, ...times, ...parts })]);
  }

  get contacts(): string[] {
    return this.location.lookup(JOHN).map(({ contact }) => contact);
  }
}

Deno.test("a registration and its end at one node are known at the other", async () => {
  const world = new World();
  const [a, b] = [await world.node("a"), await world.node("b")];
  a.register("sip:1@x");
  await world.advance();
  assert.deepEqual(b.contacts, ["sip:1@x"]);
  assert.deepEqual(b.heard, ["a"]);
  b.location.replace(JOHN, []);
  await world.advance();
  assert.deepEqual(a.contacts, []);
});

Deno.test("a node that starts later knows all bindings, and an older REGISTER does not undo them", async () => {
  const world = new World();
  const a = await world.node("a");
  a.register("sip:1@x", { cseq: 5, q: 500 });
  await world.advance();
  const b = await world.node("b");
  assert.deepEqual(b.contacts, ["sip:1@x"]);
  b.register("sip:1@x", { cseq: 4, q: 100 });
  await world.advance();
  assert.equal(a.location.lookup(JOHN)[0].q, 500);
});

Deno.test("changes made while the exchange is down are published when it is back", async () => {
  const world = new World();
  const [a, b] = [await world.node("a"), await world.node("b")];
  world.exchange.isUp = false;
  a.register("sip:1@x");
  await world.advance();
  assert.deepEqual(b.contacts, []);
  world.exchange.isUp = true;
  await world.advance();
  assert.deepEqual(b.contacts, ["sip:1@x"]);
});

Deno.test("an exchange that has lost everything gets each node's own bindings again", async () => {
  const world = new World();
  const [a, b] = [await world.node("a"), await world.node("b")];
  a.register("sip:1@x");
  await world.advance();
  world.exchange.clear();
  await b.shared.compare();
  assert.deepEqual(b.contacts, ["sip:1@x"]);
  await a.shared.compare();
  await world.advance();
  assert.deepEqual((await world.node("c")).contacts, ["sip:1@x"]);
});

Deno.test("a binding that its node does not publish again is dropped after a while", async () => {
  const world = new World();
  const [a, b] = [await world.node("a"), await world.node("b")];
  a.register("sip:1@x");
  await world.advance();
  world.exchange.clear();
  await a.shared.stop();
  await b.shared.compare();
  assert.deepEqual(b.contacts, ["sip:1@x"]);
  for (let i = 0; i < 4; i++) await world.advance(3000);
  assert.deepEqual(b.contacts, []);
});
