/** Stored registrations, and their return. */
import assert from "node:assert/strict";
import type { Binding, BindingFlow } from "../../../src/location/binding.ts";
import type { BindingRecord, FlowRecords } from "../../../src/location/binding_record.ts";
import { LocationService } from "../../../src/location/location_service.ts";
import { RegistrationJournal } from "../../../src/location/registration_journal.ts";
import { TimerWheel } from "../../../src/runtime/timer_wheel.ts";
import { FakeDatabase } from "../../support/fake_database.ts";
import { bindingTo } from "../../support/bindings.ts";
import { FakeClock } from "../../support/fake_clock.ts";

interface TestFlow extends BindingFlow {
  readonly name: string;
  isOpen: boolean;
}

const UDP: TestFlow = { id: 1, name: "udp", isOpen: true, isConnection: false };
const CONNECTION: TestFlow = { id: 2, name: "connection", isOpen: true, isConnection: true };

/** Finds UDP again, and no connection. */
const FLOWS: FlowRecords<TestFlow> = {
  describe: ({ name }) => ({
    protocol: name,
    local: "192.0.2.1:5060",
    remoteAddress: "192.0.2.9",
    remotePort: 5060,
    token: name,
  }),
  find: ({ flow }: BindingRecord) => flow.token === "udp" ? UDP : undefined,
};

function binding(contact: string, parts: Partial<Binding<TestFlow>> = {}): Binding<TestFlow> {
  return bindingTo(contact, { flow: UDP, ...parts });
}

async function start(
  database = new FakeDatabase(),
  clock = new FakeClock(),
  meanwhile: (location: LocationService<TestFlow>) => void = () => {},
) {
  const wheel = new TimerWheel(clock);
  const location = new LocationService<TestFlow>(clock, wheel);
  const adopted: string[] = [];
  const journal = new RegistrationJournal({
    location,
    database,
    flows: FLOWS,
    clock,
    wheel,
    accepts: (_aor, { accountMac }) => accountMac !== "outdated",
    onAdopted: (aor, bindings) => adopted.push(`${aor} ${bindings.length}`),
  });
  const rows = await database.load();
  meanwhile(location);
  await journal.restore(rows);
  const contacts = (aor: string) => location.lookup(aor).map(({ contact }) => contact);
  return { clock, location, journal, database, contacts, adopted };
}

Deno.test("changes are written in one batch within half a second", async () => {
  const { clock, location, database } = await start();
  for (let i = 0; i < 100; i++) location.replace(`sip:${i}@x`, [binding(`sip:${i}@192.0.2.9`)]);
  assert.equal(database.writes, 0);
  clock.advance(510);
  assert.deepEqual([database.writes, database.rows.size], [1, 100]);
  clock.advance(10_000);
  assert.equal(database.writes, 1);
});

Deno.test("nothing is lost on a clean stop", async () => {
  const { location, journal, database } = await start();
  location.replace("sip:a@x", [binding("sip:a@192.0.2.9")]);
  await journal.stop();
  assert.deepEqual([database.rows.size, database.isClosed], [1, true]);
});

Deno.test("what was removed is removed there, too", async () => {
  const { clock, location, database } = await start();
  location.replace("sip:a@x", [binding("sip:a@192.0.2.9")]);
  clock.advance(1000);
  location.replace("sip:a@x", []);
  clock.advance(1000);
  assert.equal(database.rows.size, 0);
});

Deno.test("a new process finds everything as it was, but for what has expired meanwhile", async () => {
  const first = await start();
  const kept = binding("sip:a@192.0.2.9", {
    q: 500,
    cseq: 7,
    instance: "urn:x",
    regId: 2,
    path: "<sip:p>",
    listeningPort: 5,
  });
  first.location.replace("sip:a@x", [kept, binding("sip:short@192.0.2.9", { expiresAt: 2000 })]);
  await first.journal.stop();
  const clock = new FakeClock();
  first.clock.advance(3000);
  clock.advance(first.clock.wallTime() - clock.wallTime());
  const { location } = await start(first.database, clock);
  const [restored, ...others] = location.lookup("sip:a@x");
  assert.equal(others.length, 0);
  assert.deepEqual({ ...restored, expiresAt: 0 }, { ...kept, expiresAt: 0, updatedAt: restored.updatedAt });
  assert.equal(restored.expiresAt - clock.now(), 57_000);
});

Deno.test("bindings whose connection is gone do not come back, and are forgotten", async () => {
  const first = await start();
  first.location.replace("sip:a@x", [
    binding("sip:tcp@192.0.2.9", { flow: CONNECTION }),
    binding("sip:udp@192.0.2.9"),
  ]);
  first.location.replace("sip:b@x", [binding("sip:tcp@192.0.2.9", { flow: CONNECTION })]);
  await first.journal.stop();
  const { clock, contacts } = await start(first.database);
  assert.deepEqual([contacts("sip:a@x"), contacts("sip:b@x")], [["sip:udp@192.0.2.9"], []]);
  clock.advance(1000);
  assert.deepEqual([...first.database.rows.keys()], ["sip:a@x"]);
  assert.equal(JSON.parse(first.database.rows.get("sip:a@x")!.text).length, 1);
});

Deno.test("who may no longer be bound is not, and is forgotten", async () => {
  const first = await start();
  first.location.replace("sip:a@x", [binding("sip:old@192.0.2.9", { accountMac: "outdated" })]);
  first.location.replace("sip:b@x", [binding("sip:b@192.0.2.9", { accountMac: "right" })]);
  await first.journal.stop();
  const { clock, contacts, adopted } = await start(first.database);
  assert.deepEqual([contacts("sip:a@x"), contacts("sip:b@x")], [[], ["sip:b@192.0.2.9"]]);
  assert.deepEqual(adopted, ["sip:b@x 1"]);
  clock.advance(1000);
  assert.deepEqual([...first.database.rows.keys()], ["sip:b@x"]);
});

Deno.test("who registers before everything is taken over has the last word", async () => {
  const first = await start();
  first.location.replace("sip:a@x", [binding("sip:old@192.0.2.9")]);
  await first.journal.stop();
  const { database } = first;
  const { contacts, clock } = await start(database, new FakeClock(), (location) => {
    location.replace("sip:a@x", [binding("sip:new@192.0.2.9")]);
  });
  assert.deepEqual(contacts("sip:a@x"), ["sip:new@192.0.2.9"]);
  clock.advance(1000);
  assert.match(database.rows.get("sip:a@x")!.text, /sip:new@/);
});

Deno.test("a wall clock that was set back makes no binding live longer", async () => {
  const first = await start();
  first.clock.advance(3_600_000);
  const now = first.clock.now();
  first.location.replace("sip:a@x", [
    binding("sip:a@192.0.2.9", { updatedAt: now, expiresAt: now + 60_000 }),
  ]);
  await first.journal.stop();
  const { location, clock } = await start(first.database);
  assert.equal(location.lookup("sip:a@x")[0].expiresAt - clock.now(), 60_000);
});

Deno.test("users may have names in any script", async () => {
  const first = await start();
  first.location.replace("sip:Жора 100%@x", [binding("sip:a@192.0.2.9")]);
  await first.journal.stop();
  assert.match([...first.database.rows.keys()][0], /^[\x20-\x7e]+$/);
  const { contacts } = await start(first.database);
  assert.deepEqual(contacts("sip:Жора 100%@x"), ["sip:a@192.0.2.9"]);
});

Deno.test("rows that are no bindings are skipped", async () => {
  const database = new FakeDatabase();
  const texts = ["", "[", "{}", "[null, 1]", '[{"contact":5}]'];
  for (const [i, text] of texts.entries()) {
    database.rows.set(`${i}`, { key: `${i}`, text, expiresAt: Infinity });
  }
  const { location } = await start(database);
  assert.equal(location.size, 0);
});
