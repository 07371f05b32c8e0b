/** Bans in a file: over restarts, clocks that jump, and whatever the file has. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { BanFile } from "../../../src/appliance/ban_file.ts";
import type { Ban } from "../../../src/core/access/bans.ts";
import { StrangerAccess } from "../../../src/core/access/stranger_access.ts";
import { ServerEvents } from "../../../src/core/server_events.ts";
import { configurationSchema } from "../../../src/config/configuration.ts";
import { Metrics } from "../../../src/runtime/metrics.ts";
import type { Flow } from "../../../src/transport/transport.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { logged } from "../../support/log_lines.ts";
import { pause } from "../../support/pause.ts";

const HOUR_MS = 3_600_000;

/** A clock whose wall time was set. */
class SetClock extends FakeClock {
  readonly #offset: number;

  constructor(offset = 0) {
    super();
    this.#offset = offset;
  }

  override wallTime(): number {
    return super.wallTime() + this.#offset;
  }
}

function accessAt(clock: FakeClock): StrangerAccess {
  const metrics = new Metrics();
  return new StrangerAccess({
    settings: configurationSchema.parse({ apiVersion: "v1beta1" }).access,
    clock,
    metrics,
    events: new ServerEvents(clock, metrics),
    seed: 1,
    gatewayAddresses: () => [],
    isRouter: () => false,
  });
}

function flowOf(remoteAddress: string): Flow {
  return { protocol: "udp", remoteAddress, remotePort: 5060, isConnection: false } as Flow;
}

function ban(access: StrangerAccess, address: string): void {
  for (let i = 0; i < 50 && !access.bans.stateOf(address).ban; i++) {
    access.bans.blame(flowOf(address), "wrong password", "1001@sip.local");
  }
}

/** One life of a server, with its clock. */
async function live<Result>(
  path: string,
  clock: FakeClock,
  act: (
    life: { bans: StrangerAccess["bans"]; access: StrangerAccess; file: BanFile },
  ) => Result | Promise<Result>,
): Promise<Result> {
  const access = accessAt(clock);
  const file = new BanFile({ path, bans: access.bans, clock });
  access.bans.onChange(() => file.change());
  await file.restore();
  const result = await act({ bans: access.bans, access, file });
  await file.close();
  return result;
}

async function inFolder(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(join(folder, "state", "bans.json"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns what is the same in every life. */
function kept({ network, address, count, reason, users }: Ban) {
  return { network, address, count, reason, users };
}

Deno.test("a restart keeps bans, of IPv6 as well, with what they are for and when they end", () =>
  inFolder(async (path) => {
    const before = await live(path, new SetClock(), ({ access, bans }) => {
      ban(access, "192.0.2.7");
      ban(access, "[2001:db8:1:2::9]");
      return bans.list();
    });
    assert.equal(before.length, 2);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    const clock = new SetClock(HOUR_MS / 2);
    await live(path, clock, ({ access, bans }) => {
      assert.deepEqual(bans.list().map(kept), before.map(kept));
      for (const [i, { since, until }] of bans.list().entries()) {
        assert.equal(since, before[i].since);
        assert.ok(Math.abs(until - before[i].until) < 5, `${until} and ${before[i].until}`);
      }
      assert.ok(access.sources.isBanned("192.0.2.7"));
      assert.ok(access.sources.isBanned("[2001:db8:1:2:ffff::1]"));
      assert.ok(!access.sources.isBanned("[2001:db8:1:3::9]"));
      clock.advance(HOUR_MS / 2 + 1);
      assert.ok(!access.sources.isBanned("192.0.2.7"));
      assert.deepEqual(bans.list(), []);
    });
  }));

Deno.test("what is lifted stays lifted after a restart, and the next ban is the second", () =>
  inFolder(async (path) => {
    await live(path, new SetClock(), ({ access, bans }) => {
      ban(access, "192.0.2.7");
      ban(access, "192.0.2.8");
      assert.ok(bans.lift("192.0.2.8"));
    });
    const clock = new SetClock();
    await live(path, clock, ({ access, bans }) => {
      assert.deepEqual(bans.list().map(({ address }) => address), ["192.0.2.7"]);
      clock.advance(HOUR_MS + 1);
      ban(access, "192.0.2.7");
      assert.equal(bans.list()[0].count, 2);
      assert.ok(Math.abs(bans.list()[0].until - clock.wallTime() - 2 * HOUR_MS) < 5);
    });
  }));

for (const hours of [1, 24 * 365]) {
  Deno.test(`a clock that is set back ${hours} h between loses no ban, and makes none longer`, () =>
    inFolder(async (path) => {
      await live(path, new SetClock(), ({ access }) => ban(access, "192.0.2.7"));
      const clock = new SetClock(-hours * HOUR_MS);
      await live(path, clock, ({ bans }) => {
        const [{ until }] = bans.list();
        assert.ok(Math.abs(until - clock.wallTime() - HOUR_MS) < 5, `${until - clock.wallTime()} ms`);
      });
    }));
}

Deno.test("a clock that is set forward ends bans early, and nothing else happens", () =>
  inFolder(async (path) => {
    await live(path, new SetClock(), ({ access }) => ban(access, "192.0.2.7"));
    await live(path, new SetClock(2 * HOUR_MS), ({ bans }) => assert.deepEqual(bans.list(), []));
  }));

Deno.test("no ban of a file lasts longer than the longest of the configuration", () =>
  inFolder(async (path) => {
    const clock = new SetClock();
    const since = clock.wallTime();
    const entry = {
      address: "192.0.2.7",
      since,
      until: since + 1e12,
      count: 3,
      reason: "HTTP by tcp",
      users: [],
    };
    await live(path, clock, ({ access, file }) => {
      ban(access, "192.0.2.1");
      return file.close();
    });
    await Deno.writeTextFile(path, JSON.stringify({ form: 1, bans: [entry] }));
    await live(path, clock, ({ bans }) => {
      assert.ok(Math.abs(bans.list()[0].until - clock.wallTime() - 24 * HOUR_MS) < 5);
    });
  }));

for (
  const [name, text] of [
    ["cut off", '{"form":1,"bans":[{"address":'],
    ["empty", ""],
    ["a list", "[]"],
    ["of another release", '{"form":2,"bans":[]}'],
    ["binary", "\0\x01\x02"],
  ]
) {
  Deno.test(`a file that is ${name} is told and kept beside, and the server starts`, () =>
    inFolder(async (path) => {
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeTextFile(path, text);
      const lines = await logged("info", async () => {
        await live(path, new SetClock(), ({ access, bans }) => {
          assert.deepEqual(bans.list(), []);
          ban(access, "192.0.2.7");
        });
      });
      assert.equal(lines.filter((line) => /Cannot read the bans that were kept/.test(line)).length, 1);
      assert.equal(await Deno.readTextFile(`${path}.unreadable`), text);
      await live(path, new SetClock(), ({ bans }) => assert.equal(bans.list().length, 1));
    }));
}

Deno.test("entries that are no bans are left out, the others are in force", () =>
  inFolder(async (path) => {
    await Deno.mkdir(join(path, ".."), { recursive: true });
    const clock = new SetClock();
    const good = {
      address: "192.0.2.7",
      since: clock.wallTime(),
      until: clock.wallTime() + HOUR_MS,
      count: 1,
      reason: "HTTP by tcp",
      users: [],
    };
    const entries = [
      good,
      { ...good, address: "192.0.2.7; flush ruleset" },
      { ...good, address: "[x" },
      { ...good, until: "tomorrow" },
      { ...good, count: -1 },
      null,
      7,
    ];
    await Deno.writeTextFile(path, JSON.stringify({ form: 1, bans: entries }));
    const lines = await logged("info", () =>
      live(path, clock, ({ bans }) =>
        assert.deepEqual(bans.list().map(kept), [
          kept({ ...good, network: good.address, isShared: false }),
        ])));
    assert.match(lines.join("\n"), /bans\.json has 6 entries that are no bans/);
  }));

Deno.test("changes are written at most once a second, and none is lost", () =>
  inFolder(async (path) => {
    const clock = new SetClock();
    await live(path, clock, async ({ access }) => {
      for (let i = 0; i < 200; i++) ban(access, `192.0.2.${i}`);
      await pause(50);
      assert.equal(await Deno.stat(path).then(() => true, () => false), false);
      clock.advance(1000);
      for (let i = 0; i < 100 && await sizeOf(path) === 0; i++) await pause(20);
      assert.equal((await bansIn(path)).length, 200);
      ban(access, "198.51.100.1");
      clock.advance(500);
      await pause(50);
      assert.equal((await bansIn(path)).length, 200);
    });
    assert.equal((await bansIn(path)).length, 201);
  }));

Deno.test("a folder that cannot be written is told once, and bans hold", () =>
  inFolder(async (path) => {
    const parent = join(path, "..");
    await Deno.writeTextFile(parent, "a file where the folder should be");
    const lines = await logged("info", () =>
      live(path, new SetClock(), async ({ access, file }) => {
        ban(access, "192.0.2.7");
        await file.close();
        ban(access, "192.0.2.8");
        await file.close();
        assert.equal(access.bans.list().length, 2);
      }));
    assert.equal(
      lines.filter((line) => /Bans are lost at the next restart/.test(line)).length,
      1,
      lines.join("\n"),
    );
  }));

async function sizeOf(path: string): Promise<number> {
  return await Deno.stat(path).then(({ size }) => size, () => 0);
}

async function bansIn(path: string): Promise<readonly unknown[]> {
  return JSON.parse(await Deno.readTextFile(path)).bans;
}
