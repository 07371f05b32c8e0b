// CPU time and bytes that keeping registrations on disk takes, by thread: refreshes of many users in batches of half a second.
//
//   deno run -A tests/bench/micro/journal_bench.ts [count] [users] [batch]

import { join } from "node:path";
import { LocationService } from "../../../src/location/location_service.ts";
import { RegistrationDatabase } from "../../../src/location/registration_database.ts";
import { RegistrationJournal } from "../../../src/location/registration_journal.ts";
import { TimerWheel } from "../../../src/runtime/timer_wheel.ts";
import { bindingTo } from "../../support/bindings.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const [count, users, batch] = [50_000, 10_000, 250].map((usual, i) => Number(Deno.args[i] ?? usual));
const INTERVAL_MS = 510;
const flow = { id: 1, isOpen: true, isConnection: false };
const record = {
  protocol: "udp",
  local: "192.0.2.1:5060",
  remoteAddress: "192.0.2.9",
  remotePort: 5060,
  token: "a0-c0000209-13c4",
};

async function run(isKept: boolean): Promise<void> {
  const directory = Deno.makeTempDirSync();
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const location = new LocationService<typeof flow>(clock, wheel);
  const database = await RegistrationDatabase.open(join(directory, "registrations.log"));
  if (isKept) {
    new RegistrationJournal({
      location,
      database,
      clock,
      wheel,
      flows: { describe: () => record, find: () => flow },
      accepts: () => true,
      onAdopted: () => {},
    });
  }
  const before = nanosecondsByThread();
  const writtenBefore = writtenBytes();
  for (let i = 0; i < count; i++) {
    const user = `sip:${1000 + i % users}@sip.local`;
    const contact = `sip:${1000 + i % users}@192.0.2.9:${5060}`;
    const now = clock.now();
    const parts = {
      flow,
      cseq: i,
      callId: `${i % users}-8a7b6c5d4e3f@192.0.2.9`,
      accountMac: "0123456789abcdef",
    };
    location.replace(user, [bindingTo(contact, { ...parts, updatedAt: now, expiresAt: now + 3_600_000 })]);
    if (i % batch === batch - 1) {
      clock.advance(INTERVAL_MS);
      await database.flush();
    }
  }
  const spent = [...nanosecondsByThread()].map(([thread, time]) => {
    const microseconds = (time - (before.get(thread) ?? 0)) / 1000 / count;
    return `${thread} ${microseconds.toFixed(2)}`;
  }).filter((text) => !text.endsWith(" 0.00"));
  const written = (writtenBytes() - writtenBefore) / count;
  console.log(
    `${isKept ? "kept" : "not kept"}, µs a registration: ${spent.join(", ")}; written ${
      Math.round(written)
    } bytes`,
  );
  await database.close();
  const files = [...Deno.readDirSync(directory)].map(({ name }) => Deno.statSync(join(directory, name)).size);
  if (isKept) console.log(`  file: ${files.map((size) => `${Math.round(size / 1024)} KB`).join()}`);
  Deno.removeSync(directory, { recursive: true });
}

function nanosecondsByThread(): Map<string, number> {
  const times = new Map<string, number>();
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    const folder = `/proc/self/task/${name}`;
    const thread = name === `${Deno.pid}` ? "main" : Deno.readTextFileSync(`${folder}/comm`).trim();
    const [nanoseconds] = Deno.readTextFileSync(`${folder}/schedstat`).split(" ");
    times.set(thread, (times.get(thread) ?? 0) + Number(nanoseconds));
  }
  return times;
}

function writtenBytes(): number {
  return Number(/write_bytes: (\d+)/.exec(Deno.readTextFileSync("/proc/self/io"))?.[1]);
}

for (const isKept of [false, true, false, true]) await run(isKept);
