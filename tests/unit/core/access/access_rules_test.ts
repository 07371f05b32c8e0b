/** Access control lists: the most specific rule decides. */
import assert from "node:assert/strict";
import { AccessRules } from "../../../../src/core/access/access_rules.ts";
import type { AccessControlList } from "../../../../src/data/access_control_list.ts";
import { Random } from "../../../torture/mutations.ts";

function rules(allow: readonly string[], deny: readonly string[] = []): AccessRules {
  return new AccessRules({ allow, deny });
}

/** Checks who is admitted (`+192.0.2.1`) and who is not (`-192.0.2.1`). */
function check(list: Partial<AccessControlList>, expected: string): void {
  const tested = rules(list.allow ?? [], list.deny ?? []);
  for (const [sign, ...address] of expected.split(" ")) {
    assert.equal(tested.admits(address.join("")), sign === "+", `${sign}${address.join("")}`);
  }
}

Deno.test("Without rules everybody is admitted", () => {
  assert.equal(rules([]).isEmpty, true);
  check({}, "+192.0.2.1 +[2001:db8::1] +127.0.0.1");
});

Deno.test("An address in no rule is admitted when there are only deny rules, and denied when there is an allow rule", () => {
  assert.equal(rules([], ["192.0.2.1"]).isEmpty, false);
  check({ deny: ["192.0.2.0/24"] }, "-192.0.2.1 +192.0.3.1 +[2001:db8::1]");
  check({ allow: ["192.0.2.0/24"] }, "+192.0.2.1 -192.0.3.1 -[2001:db8::1]");
  check({ allow: ["192.0.2.0/24"], deny: ["10.0.0.0/8"] }, "+192.0.2.1 -10.1.1.1 -11.1.1.1");
});

Deno.test("The most specific rule decides, however they are ordered", () => {
  const allow = ["10.0.0.0/8", "10.1.2.0/24", "10.1.2.3"];
  const deny = ["0.0.0.0/0", "10.1.0.0/16", "10.1.2.0/28"];
  const expected = "+10.2.0.1 -10.1.3.1 +10.1.2.99 -10.1.2.4 +10.1.2.3 -11.0.0.1";
  check({ allow, deny }, expected);
  check({ allow: allow.toReversed(), deny: deny.toReversed() }, expected);
});

Deno.test("Of two rules for the same network the one that allows decides", () => {
  check({ allow: ["10.0.0.0/8"], deny: ["10.0.0.0/8"] }, "+10.1.1.1 -11.1.1.1");
  check({ allow: ["10.0.0.0/255.0.0.0"], deny: ["10.9.9.9/8"] }, "+10.1.1.1");
  check({ allow: ["192.0.2.1"], deny: ["192.0.2.1/32"] }, "+192.0.2.1 -192.0.2.2");
  check({ allow: ["2001:db8::1"], deny: ["2001:DB8:0::1/128"] }, "+[2001:db8::1]");
});

Deno.test("A network is the same by its prefix length, by its mask and by any address in it", () => {
  for (const rule of ["192.168.1.0/24", "192.168.1.0/255.255.255.0", "192.168.1.77/24"]) {
    check({ allow: [rule] }, "+192.168.1.0 +192.168.1.255 -192.168.0.255 -192.168.2.0");
  }
  check({ allow: ["192.168.4.0/255.255.252.0"] }, "+192.168.7.255 -192.168.8.0 -192.168.3.255");
});

Deno.test("A single address is one address", () => {
  for (const rule of ["192.0.2.7", "192.0.2.7/32", "192.0.2.7/255.255.255.255"]) {
    check({ deny: [rule] }, "-192.0.2.7 +192.0.2.6 +192.0.2.8");
  }
  check({ deny: ["2001:db8::7"] }, "-[2001:db8::7] +[2001:db8::6] +[2001:db8::8]");
});

Deno.test("0.0.0.0/0 is everybody of IPv4, and ::/0 of IPv6", () => {
  for (const everybody of ["0.0.0.0/0", "0.0.0.0/0.0.0.0"]) {
    check({ deny: [everybody] }, "-0.0.0.0 -127.0.0.1 -128.0.0.1 -255.255.255.255 +[::1]");
  }
  check({ deny: ["::/0"] }, "-[::1] -[ffff::1] +192.0.2.1");
  check({ deny: ["0.0.0.0/1"] }, "-0.0.0.0 -127.255.255.255 +128.0.0.0");
});

Deno.test("IPv6 prefixes of every length are kept apart", () => {
  const allow = ["2001:db8::/32", "2001:db8:1:2::/64", "2001:db8:1:2:3::/80"];
  const deny = ["2001:db8:1::/48", "2001:db8:1:2::/65", "2001:db8:1:2:3::7"];
  check(
    { allow, deny },
    "+[2001:db8:2::1] -[2001:db8:1:1::1] +[2001:db8:1:2:8000::1] -[2001:db8:1:2::1] +[2001:db8:1:2:3::1] " +
      "-[2001:db8:1:2:3::7] -[2001:db9::1]",
  );
});

Deno.test("RFC 4291 §2.5.5.2: a mapped address is the IPv4 address, in what comes and in what is listed", () => {
  check({ deny: ["192.0.2.0/24"] }, "-[::ffff:192.0.2.1] -[::ffff:c000:201] +[::ffff:c000:301]");
  check({ deny: ["::ffff:192.0.2.0/120"] }, "-192.0.2.1 +192.0.3.1");
  check({ deny: ["::ffff:192.0.2.1"] }, "-192.0.2.1 +192.0.2.2");
  check({ deny: ["::ffff:0:0/96"] }, "-192.0.2.1 +[::1]");
  check({ allow: ["::/0"] }, "+[::1] -192.0.2.1 -[::ffff:192.0.2.1]");
});

/** A network in the form that leaves no room for error: bits as text. */
interface NaiveRule {
  readonly prefix: string;
  readonly isAllowed: boolean;
}

function naiveAnswer(all: readonly NaiveRule[], bits: string): boolean {
  const matching = all.filter(({ prefix }) => bits.startsWith(prefix));
  const longest = Math.max(...matching.map(({ prefix }) => prefix.length));
  const deciding = matching.filter(({ prefix }) => prefix.length === longest);
  if (deciding.length > 0) return deciding.some(({ isAllowed }) => isAllowed);
  return !all.some(({ isAllowed }) => isAllowed);
}

function ipv4Text(bits: string): string {
  return bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)).join(".");
}

function ipv6Text(bits: string): string {
  const text = bits.match(/.{16}/g)!.map((group) => parseInt(group, 2).toString(16)).join(":");
  // One in two is written as short as it can be.
  return bits.endsWith("1") ? text : new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/** Dotted mask of so many bits. */
function maskText(length: number): string {
  return ipv4Text("1".repeat(length).padEnd(32, "0"));
}

/** Bits that agree with one of `others` up to a place of chance, so that networks lie within each other. */
function relatedBits(random: Random, others: readonly string[], size: number): string {
  const from = others.length > 0 ? random.pick(others).slice(0, random.below(size + 1)) : "";
  let bits = from;
  while (bits.length < size) bits += random.below(2);
  return bits;
}

for (
  const [family, size, textOf, host] of [
    ["IPv4", 32, ipv4Text, (text: string) => text],
    ["IPv6", 128, ipv6Text, (text: string) => `[${text}]`],
  ] as const
) {
  Deno.test(`${family}: random lists admit the addresses that a reading of every rule admits`, () => {
    const random = new Random(20260101 + size);
    let admitted = 0;
    let asked = 0;
    for (let round = 0; round < 300; round++) {
      const list = { allow: [] as string[], deny: [] as string[] };
      const naive: NaiveRule[] = [];
      const addresses: string[] = [];
      for (let count = random.below(40); count > 0; count--) {
        const bits = relatedBits(random, addresses, size);
        addresses.push(bits);
        const length = random.below(size + 1);
        const suffix = size === 32 && random.below(2) === 0 ? maskText(length) : length;
        const isAllowed = random.below(2) === 0;
        const isSingle = length === size && random.below(2) === 0;
        list[isAllowed ? "allow" : "deny"].push(isSingle ? textOf(bits) : `${textOf(bits)}/${suffix}`);
        naive.push({ prefix: bits.slice(0, length), isAllowed });
      }
      const tested = new AccessRules(list);
      for (let i = 0; i < 60; i++) {
        const bits = relatedBits(random, addresses, size);
        const expected = naiveAnswer(naive, bits);
        assert.equal(tested.admits(host(textOf(bits))), expected, `${textOf(bits)} ${JSON.stringify(list)}`);
        asked++;
        if (expected) admitted++;
      }
    }
    assert.ok(admitted > asked / 5 && admitted < asked * 4 / 5, `${admitted} of ${asked} were admitted`);
  });
}

Deno.test("A look-up asks one table for each prefix length, not one rule after the other", () => {
  const lookUps = (count: number): number => {
    const deny = Array.from({ length: count }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
    const tested = rules(["0.0.0.0/0"], deny);
    const { get } = Map.prototype;
    let asked = 0;
    Map.prototype.get = function (key) {
      asked++;
      return get.call(this, key);
    };
    try {
      tested.admits("192.0.2.1");
    } finally {
      Map.prototype.get = get;
    }
    return asked;
  };
  assert.equal(lookUps(500), lookUps(1));
  assert.ok(lookUps(500) < 5);
});
