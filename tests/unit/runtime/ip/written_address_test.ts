/** Addresses as people write them. */
import assert from "node:assert/strict";
import { readAddress } from "../../../../src/runtime/ip/written_address.ts";

for (
  const [text, expected] of [
    ["192.0.2.7", "192.0.2.7"],
    [" 192.0.2.7/32 ", "192.0.2.7"],
    ["2001:db8::7", "[2001:db8::7]"],
    ["[2001:DB8:0:0::7]", "[2001:db8::7]"],
    ["2001:db8:1:2::/64", "[2001:db8:1:2::]"],
    ["fe80::1%eth0", "[fe80::1]"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::1", "[::1]"],
  ]
) {
  Deno.test(`"${text}" is ${expected}`, () => assert.equal(readAddress(text), expected));
}

for (
  const text of [
    "",
    "1001",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.7/24",
    "2001:db8::/48",
    "2001:db8::7; drop",
    "[2001:db8::7",
    "sip.local",
    ":",
    "1".repeat(200),
    "192.0.2.7\n192.0.2.8",
  ]
) {
  Deno.test(`"${text.slice(0, 20)}" is no address`, () => assert.equal(readAddress(text), undefined));
}
