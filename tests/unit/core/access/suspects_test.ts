import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { Suspects } from "../../../../src/core/access/suspects.ts";

v8.setFlagsFromString("--expose-gc");
const collect: () => void = vm.runInNewContext("gc");

const BAN = { points: 10, windowSeconds: 600, seconds: 3600, maxSeconds: 86_400 };

Deno.test("a suspect is an IPv4 address, or an IPv6 /64", () => {
  const suspects = new Suspects();
  const one = suspects.of("[2001:db8:1:1::1]");
  assert.equal(suspects.find("[2001:db8:1:1::2]"), one);
  assert.equal(suspects.find("[2001:db8:1:2::1]"), undefined);
  assert.notEqual(suspects.of("192.0.2.1"), suspects.of("192.0.2.2"));
  suspects.delete("[2001:db8:1:1::ffff]");
  assert.equal(suspects.find("[2001:db8:1:1::1]"), undefined);
});

Deno.test("points are forgiven evenly, those of each user as much as all of them", () => {
  const suspects = new Suspects();
  const suspect = suspects.of("192.0.2.1");
  for (let i = 0; i < 6; i++) suspects.add(suspect, "wrong password", "alice@a");
  for (let i = 0; i < 2; i++) suspects.add(suspect, "wrong password", "bob@a");
  suspects.forgive(suspect, 240_000, BAN);
  assert.equal(suspect.points, 4);
  assert.equal(suspects.pointsOf(suspect, "alice@a"), 3);
  assert.equal(suspects.pointsOf(suspect, "bob@a"), 1);
  suspects.absolve("192.0.2.1", "alice@a");
  assert.equal(suspect.points, 1);
  suspects.forgive(suspect, 1_000_000, BAN);
  assert.deepEqual([suspect.points, suspect.users.length], [0, 0]);
});

Deno.test("time that goes back forgives nothing, and adds nothing", () => {
  const suspects = new Suspects();
  const suspect = suspects.of("192.0.2.1");
  suspects.forgive(suspect, 1000, BAN);
  suspects.add(suspect, "wrong password", "alice@a");
  suspects.forgive(suspect, 500, BAN);
  assert.equal(suspect.points, 1);
});

Deno.test("a user that does not exist is worth as much as a wrong password", () => {
  const suspects = new Suspects();
  const worth = (offence: "wrong password" | "unknown user" | "HTTP" | "scanner" | "malformed messages") => {
    const suspect = suspects.of(offence);
    suspects.add(suspect, offence, "");
    return suspect.points;
  };
  assert.equal(worth("unknown user"), worth("wrong password"));
  assert.equal(worth("HTTP"), 5);
  assert.equal(worth("scanner"), 10);
});

Deno.test("four names are kept; of others all points count", () => {
  const suspects = new Suspects();
  const suspect = suspects.of("192.0.2.1");
  for (let i = 0; i < 9; i++) suspects.add(suspect, "unknown user", `user${i}@a`);
  assert.equal(suspect.users.length, 4);
  assert.equal(suspects.pointsOf(suspect, "user0@a"), 1);
  assert.equal(suspects.pointsOf(suspect, "user8@a"), 9);
  assert.ok(suspects.mayHaveFailed(suspect, "anybody@a"));
  suspects.absolve("192.0.2.1", "user8@a");
  assert.equal(suspect.points, 9);
});

Deno.test("20,480 suspects with names as long as they get take 24 MB at most, and make room for others", () => {
  const suspects = new Suspects();
  collect();
  const before = Deno.memoryUsage().heapUsed;
  for (let i = 0; i < 40_000; i++) {
    const suspect = suspects.of(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    for (let name = 0; name < 6; name++) {
      suspects.add(suspect, "unknown user", `${i}-${name}-`.padEnd(2000, "x") + "@sip.local");
    }
  }
  assert.equal(suspects.size, 20_480);
  assert.equal(suspects.find("10.0.0.0"), undefined);
  collect();
  const bytes = Deno.memoryUsage().heapUsed - before;
  assert.ok(bytes < 24e6, `${bytes} bytes`);
  assert.equal(suspects.size, 20_480);
});
