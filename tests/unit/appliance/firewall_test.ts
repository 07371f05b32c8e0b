/** Banned networks in sets of nftables: what nft is told, and what happens when it fails. */
import assert from "node:assert/strict";
import { Firewall } from "../../../src/appliance/firewall.ts";
import type { Ban } from "../../../src/core/access/bans.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { logged } from "../../support/log_lines.ts";

const MINUTE_MS = 60_000;

class Rig {
  readonly clock = new FakeClock();
  readonly commands: string[] = [];
  readonly trusted = new Set<string>();
  bans: Ban[] = [];
  failure: string | undefined;
  readonly firewall = new Firewall({
    bans: () => this.bans,
    isTrusted: (address) => this.trusted.has(address),
    ports: () => [5060, 5061, 5060],
    clock: this.clock,
    run: (commands) => {
      this.commands.push(commands);
      return this.failure === undefined ? Promise.resolve() : Promise.reject(new Error(this.failure));
    },
  });

  ban(address: string, minutes = 60, isShared = false): void {
    const now = this.clock.wallTime();
    this.bans = [...this.bans.filter((each) => each.address !== address), {
      address,
      network: "never used; drop",
      since: now,
      until: now + minutes * MINUTE_MS,
      count: 1,
      reason: "HTTP by tcp",
      users: ["} ; flush ruleset"],
      isShared,
    }];
  }

  lift(address: string): void {
    this.bans = this.bans.filter((each) => each.address !== address);
  }

  /** Lets changes be gathered; returns what nft is told. */
  async changed(): Promise<string> {
    this.commands.length = 0;
    this.firewall.change();
    this.clock.advance(500);
    await settled();
    return this.commands.join("");
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve();
}

Deno.test("nothing is run while it is off", async () => {
  const rig = new Rig();
  rig.ban("192.0.2.7");
  assert.equal(await rig.changed(), "");
  await rig.firewall.close();
  assert.deepEqual(rig.commands, []);
});

Deno.test("the table is made anew at the start, for our ports, with the bans that are kept", async () => {
  const rig = new Rig();
  rig.ban("192.0.2.7");
  rig.ban("[2001:db8:1:2::9]", 1);
  rig.firewall.configure(true);
  await settled();
  const [setUp, ...rest] = rig.commands;
  assert.match(setUp, /^add table inet routr\ndelete table inet routr\ntable inet routr \{/);
  assert.match(setUp, /th dport \{ 5060, 5061 \} ip saddr @banned4 counter drop/);
  assert.match(setUp, /th dport \{ 5060, 5061 \} ip6 saddr @banned6 counter drop/);
  assert.deepEqual(rest, [
    "add element inet routr banned4 { 192.0.2.7 timeout 3600s }\n",
    "add element inet routr banned6 { 2001:db8:1:2::/64 timeout 60s }\n",
  ]);
});

Deno.test("bans come, change and go in one go; those that nobody shares alone", async () => {
  const rig = new Rig();
  rig.firewall.configure(true);
  await settled();
  rig.ban("192.0.2.7");
  rig.ban("192.0.2.8", 60, true);
  rig.ban("192.0.2.9");
  rig.trusted.add("192.0.2.9");
  rig.ban("192.0.2.10");
  assert.equal(
    await rig.changed(),
    "add element inet routr banned4 { 192.0.2.7 timeout 3600s, 192.0.2.10 timeout 3600s }\n",
  );
  assert.equal(await rig.changed(), "");
  rig.lift("192.0.2.10");
  rig.ban("192.0.2.7", 120);
  assert.equal(
    await rig.changed(),
    "add element inet routr banned4 { 192.0.2.7, 192.0.2.10 }\n" +
      "delete element inet routr banned4 { 192.0.2.7, 192.0.2.10 }\n" +
      "add element inet routr banned4 { 192.0.2.7 timeout 7200s }\n",
  );
  rig.trusted.add("192.0.2.7");
  assert.match(
    await rig.changed(),
    /^add element .*\ndelete element inet routr banned4 \{ 192\.0\.2\.7 \}\n$/,
  );
});

Deno.test("what ends by itself is not taken out again: the set has its time", async () => {
  const rig = new Rig();
  rig.firewall.configure(true);
  await settled();
  rig.ban("192.0.2.7", 1);
  await rig.changed();
  rig.clock.advance(2 * MINUTE_MS);
  rig.bans = [];
  assert.equal(await rig.changed(), "");
});

Deno.test("ten thousand bans are told a thousand at a time", async () => {
  const rig = new Rig();
  rig.firewall.configure(true);
  await settled();
  rig.commands.length = 0;
  for (let i = 0; i < 10_000; i++) {
    rig.bans.push({ ...banOf(rig), address: `10.1.${i >> 8}.${i & 255}` });
  }
  await rig.changed();
  assert.equal(rig.commands.length, 10);
  assert.equal(rig.commands.join().match(/timeout/g)!.length, 10_000);
});

function banOf(rig: Rig): Ban {
  const now = rig.clock.wallTime();
  return {
    address: "",
    network: "",
    since: now,
    until: now + MINUTE_MS,
    count: 1,
    reason: "",
    users: [],
    isShared: false,
  };
}

Deno.test("a failure is told once, and the next change sets everything up again", async () => {
  const rig = new Rig();
  rig.failure = "nft may not change anything (it needs CAP_NET_ADMIN)";
  const lines = await logged("info", async () => {
    rig.firewall.configure(true);
    await settled();
    rig.ban("192.0.2.7");
    await rig.changed();
    rig.ban("192.0.2.8");
    await rig.changed();
  });
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(
    lines[0],
    /not in nftables: nft may not .*CAP_NET_ADMIN\)\. The bans hold in the server alone/,
  );
  rig.failure = undefined;
  const again = await rig.changed();
  assert.match(again, /^add table inet routr\ndelete table/);
  assert.match(again, /192\.0\.2\.7 timeout \d+s, 192\.0\.2\.8 timeout \d+s/);
  rig.failure = "again";
  const later = await logged("info", async () => {
    rig.ban("192.0.2.9");
    await rig.changed();
  });
  assert.equal(later.length, 1);
});

Deno.test("everything is removed at the end, and when it is switched off", async () => {
  const rig = new Rig();
  rig.firewall.configure(true);
  await settled();
  rig.ban("192.0.2.7");
  await rig.changed();
  rig.commands.length = 0;
  rig.firewall.configure(false);
  await settled();
  assert.deepEqual(rig.commands, ["add table inet routr\ndelete table inet routr\n"]);
  rig.firewall.configure(true);
  await settled();
  rig.commands.length = 0;
  await rig.firewall.close();
  assert.deepEqual(rig.commands, ["add table inet routr\ndelete table inet routr\n"]);
});
