/** Denied addresses: told once, then ignored. */
import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { DomainAccessControl, ServerAccessControl } from "../../../../src/core/access/access_control.ts";
import type { AccessControlList } from "../../../../src/data/access_control_list.ts";
import { type Domain, domainSchema } from "../../../../src/data/domain.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { domainDocument } from "../../../support/resources.ts";

const MINUTE = 60_000;
const DENIED = "192.0.2.1";

function start(list: Partial<AccessControlList> = { deny: ["192.0.2.0/24", "2001:db8::/32"] }) {
  const clock = new FakeClock();
  return { clock, access: new ServerAccessControl({ allow: [], deny: [], ...list }, clock) };
}

v8.setFlagsFromString("--expose-gc");
const collectGarbage: () => void = vm.runInNewContext("gc");

/** Bytes of the heap that are in use. */
function keptBytes(): number {
  collectGarbage();
  return Deno.memoryUsage().heapUsed;
}

Deno.test("An address that is not denied is admitted, each time", () => {
  const { access } = start();
  for (let i = 0; i < 3; i++) assert.equal(access.verdict("198.51.100.1"), "admit");
  assert.equal(access.admits("198.51.100.1"), true);
  assert.equal(access.admits(DENIED), false);
  assert.equal(access.hasRefused("198.51.100.1"), false);
});

Deno.test("A denied address is refused once, then ignored for a minute, then refused again", () => {
  const { access, clock } = start();
  clock.advance(12_345);
  for (let round = 0; round < 4; round++) {
    assert.equal(access.verdict(DENIED), "refuse");
    assert.equal(access.verdict(DENIED), "ignore");
    clock.advance(MINUTE / 2);
    assert.equal(access.verdict(DENIED), "ignore");
    clock.advance(MINUTE / 2 - 1);
    assert.equal(access.verdict(DENIED), "ignore");
    clock.advance(1);
  }
  clock.advance(10 * MINUTE);
  assert.equal(access.verdict(DENIED), "refuse");
});

Deno.test("Two refusals of one address are a minute apart, whenever it asks", () => {
  const { access, clock } = start();
  for (const step of [7_001, 13_007, 29_989, 61_003]) {
    let last = -MINUTE;
    for (let i = 0; i < 200; i++) {
      clock.advance(step);
      if (access.verdict(DENIED) !== "refuse") continue;
      assert.ok(clock.now() - last >= MINUTE, `${clock.now() - last} ms after the one before`);
      last = clock.now();
    }
    assert.ok(clock.now() - last < 2 * MINUTE, "it is told again");
    clock.advance(MINUTE);
  }
});

Deno.test("Each address is told for itself, and an IPv6 network of 64 bits together", () => {
  const { access } = start();
  const verdicts = [
    "192.0.2.1",
    "192.0.2.2",
    "192.0.2.1",
    "[::ffff:c000:202]",
    "[2001:db8::1]",
    "[2001:db8::ffff:1]",
    "[2001:db8:0:1::1]",
  ].map((address) => access.verdict(address));
  assert.deepEqual(verdicts, ["refuse", "refuse", "ignore", "refuse", "refuse", "ignore", "refuse"]);
});

Deno.test("hasRefused(): denied, and told within the last minute", () => {
  const { access, clock } = start({ deny: ["192.0.2.0/24", "2001:db8::1"] });
  assert.equal(access.hasRefused(DENIED), false);
  assert.equal(access.admits(DENIED), false);
  assert.equal(access.hasRefused(DENIED), false, "admits() tells nobody");
  access.verdict(DENIED);
  access.verdict("[2001:db8::1]");
  assert.equal(access.hasRefused(DENIED), true);
  assert.equal(access.hasRefused("192.0.2.2"), false);
  assert.equal(access.hasRefused("[2001:db8::1]"), true);
  assert.equal(access.hasRefused("[2001:db8::2]"), false, "a neighbour is not denied");
  clock.advance(MINUTE - 1);
  assert.equal(access.hasRefused(DENIED), true);
  clock.advance(1);
  assert.equal(access.hasRefused(DENIED), false);
});

Deno.test("A flood from a million addresses is not remembered: beyond a number nobody is told", () => {
  const { access, clock } = start({ deny: ["10.0.0.0/8"] });
  const flood = (count: number): number => {
    let told = 0;
    for (let i = 0; i < count; i++) {
      if (access.verdict(`10.${i >> 16}.${i >> 8 & 255}.${i & 255}`) === "refuse") told++;
    }
    return told;
  };
  const remembered = (): number => {
    let count = 0;
    for (let i = 0; i < 65_536; i++) if (access.hasRefused(`10.0.${i >> 8}.${i & 255}`)) count++;
    return count;
  };
  const before = keptBytes();
  assert.equal(flood(1_000_000), 16_384);
  const grown = keptBytes() - before;
  // As texts alone in a map they would be 80 MB.
  assert.ok(grown < 10_000_000, `${grown} bytes are kept`);
  assert.equal(remembered(), 16_384);
  assert.equal(access.verdict("10.200.0.1"), "ignore");
  clock.advance(MINUTE);
  assert.equal(remembered(), 0);
  assert.equal(flood(100_000), 16_384);
  assert.equal(access.admits("192.0.2.1"), true);
});

Deno.test("IPv6 addresses that come once are forgotten", () => {
  const { access } = start({ deny: ["192.0.2.0/24"] });
  const before = keptBytes();
  for (let i = 0; i < 300_000; i++) {
    assert.equal(
      access.verdict(`[2001:db8:${(i >> 16).toString(16)}:${(i & 65535).toString(16)}::1]`),
      "admit",
    );
  }
  const grown = keptBytes() - before;
  assert.ok(grown < 10_000_000, `${grown} bytes are kept`);
});

Deno.test("a list without rules keeps nobody out, and another one counts from then on", () => {
  const access = new ServerAccessControl({ allow: [], deny: [] }, new FakeClock());
  assert.equal(access.verdict(DENIED), "admit");
  access.change({ allow: [], deny: [DENIED] });
  assert.equal(access.verdict(DENIED), "refuse");
  assert.equal(access.verdict(DENIED), "ignore");
  access.change({ allow: [DENIED], deny: [] });
  assert.equal(access.verdict(DENIED), "admit");
});

function domain(domainUri: string, accessControlList?: Partial<AccessControlList>): Domain {
  return domainSchema.parse(domainDocument(domainUri, { accessControlList }));
}

Deno.test("Each domain has a access of its own; one without a list admits everybody", () => {
  const clock = new FakeClock();
  const domainAccess = new DomainAccessControl(clock);
  const [open, denying, other] = [
    domain("open.example"),
    domain("denying.example", { deny: [DENIED] }),
    domain("other.example", { allow: ["192.0.2.2"] }),
  ];
  assert.deepEqual([open, denying, other].map((one) => domainAccess.verdict(one, DENIED)), [
    "admit",
    "refuse",
    "refuse",
  ]);
  assert.deepEqual([open, denying, other].map((one) => domainAccess.verdict(one, "192.0.2.2")), [
    "admit",
    "admit",
    "admit",
  ]);
  assert.equal(domainAccess.verdict(denying, DENIED), "ignore");
  clock.advance(MINUTE);
  assert.equal(domainAccess.verdict(denying, DENIED), "refuse");
});

Deno.test("A domain whose list is empty admits everybody", () => {
  const domainAccess = new DomainAccessControl(new FakeClock());
  assert.equal(domainAccess.verdict(domain("empty.example", {}), DENIED), "admit");
});

Deno.test("A domain that was changed has the rules that it has now", () => {
  const domainAccess = new DomainAccessControl(new FakeClock());
  assert.equal(domainAccess.verdict(domain("a.example", { deny: [DENIED] }), DENIED), "refuse");
  assert.equal(domainAccess.verdict(domain("a.example", { allow: [DENIED] }), DENIED), "admit");
  assert.equal(domainAccess.verdict(domain("a.example"), DENIED), "admit");
  assert.equal(domainAccess.verdict(domain("a.example", { deny: ["192.0.2.0/24"] }), DENIED), "ignore");
});

Deno.test("A flood at many domains is remembered no more than one at a single domain", () => {
  const domainAccess = new DomainAccessControl(new FakeClock());
  const domains = Array.from({ length: 20 }, (_, i) => domain(`d${i}.example`, { deny: ["10.0.0.0/8"] }));
  let told = 0;
  for (let i = 0; i < 100_000; i++) {
    const address = `10.${i >> 16}.${i >> 8 & 255}.${i & 255}`;
    if (domainAccess.verdict(domains[i % domains.length], address) === "refuse") told++;
  }
  assert.equal(told, 16_384);
});
