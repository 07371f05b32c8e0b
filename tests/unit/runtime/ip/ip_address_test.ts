import assert from "node:assert/strict";
import {
  isIpAddress,
  isIpv4,
  isIpv6,
  toSocketHost,
  toUriHost,
} from "../../../../src/runtime/ip/ip_address.ts";

Deno.test("isIpv4() takes four numbers below 256 and nothing else", () => {
  for (const host of ["0.0.0.0", "127.0.0.1", "192.0.2.255", "255.255.255.255", "10.20.30.40", "1.1.1.1"]) {
    assert.equal(isIpv4(host), true, host);
  }
  for (
    const host of [
      "",
      "1.2.3",
      "1.2.3.4.5",
      "1.2.3.4.",
      ".1.2.3.4",
      "1..2.3",
      "256.1.1.1",
      "1.1.1.300",
      "1.2.3.x",
      "1.2.3.4 ",
      "1.2.3.4\n",
      "0x7f.0.0.1",
      "2130706433",
      "sip.local",
      "[::1]",
      "::ffff:1.2.3.4",
      "1.2.3.04x",
    ]
  ) assert.equal(isIpv4(host), false, JSON.stringify(host));
});

Deno.test("An IPv6 address stands in brackets; without them it is a name", () => {
  assert.deepEqual(["[::1]", "[2001:db8::1]", "::1", "a.example"].map(isIpv6), [true, true, false, false]);
  assert.deepEqual(["[::1]", "127.0.0.1", "a.example", "1.2.3"].map(isIpAddress), [true, true, false, false]);
});

Deno.test("toUriHost() writes what sockets report as URIs want it", () => {
  const table: [reported: string, host: string][] = [
    ["127.0.0.1", "127.0.0.1"],
    ["::1", "[::1]"],
    ["2001:db8::9:1", "[2001:db8::9:1]"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["fe80::1%eth0", "[fe80::1]"],
    ["::", "[::]"],
    ["[::1]", "[::1]"],
    ["0.0.0.0", "0.0.0.0"],
  ];
  for (const [reported, host] of table) assert.equal(toUriHost(reported), host);
});

Deno.test("toSocketHost() takes the brackets off", () => {
  assert.deepEqual(["[::1]", "127.0.0.1", "a.example"].map(toSocketHost), ["::1", "127.0.0.1", "a.example"]);
});
