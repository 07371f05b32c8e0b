import assert from "node:assert/strict";
import {
  formatSockaddr,
  hostOfSockaddr,
  sockaddrLength,
} from "../../../../src/runtime/native/socket_address.ts";

Deno.test("formatSockaddr() lays out sockaddr_in: family, port and address, the latter in network order", () => {
  assert.deepEqual(
    formatSockaddr("192.0.2.7", 5060, false),
    Uint8Array.of(2, 0, 0x13, 0xc4, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0),
  );
});

Deno.test("formatSockaddr() lays out sockaddr_in6: family, port, flow label, address, scope", () => {
  const bytes = formatSockaddr("[2001:db8::9:1]", 65535, true)!;
  assert.equal(bytes.length, 28);
  assert.deepEqual([...bytes.subarray(0, 8)], [10, 0, 255, 255, 0, 0, 0, 0]);
  assert.deepEqual([...bytes.subarray(8, 24)], [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1]);
  assert.deepEqual([...bytes.subarray(24)], [0, 0, 0, 0]);
});

Deno.test("Lengths are those of the structures", () => {
  assert.deepEqual([sockaddrLength(false), sockaddrLength(true)], [16, 28]);
});

Deno.test("Addresses that are written and read are the same", () => {
  const table: [host: string, isIpv6: boolean][] = [
    ["0.0.0.0", false],
    ["127.0.0.1", false],
    ["255.254.253.252", false],
    ["[::]", true],
    ["[::1]", true],
    ["[1::]", true],
    ["[2001:db8::9:1]", true],
    ["[2001:db8:1:2:3:4:5:6]", true],
    ["[fe80::f00:0:1]", true],
    ["[64:ff9b::c000:221]", true],
    ["[::2]", true],
    ["127.0.0.1", true],
    ["192.0.2.255", true],
  ];
  for (const [host, isIpv6] of table) {
    const bytes = formatSockaddr(host, 5060, isIpv6)!;
    assert.equal(bytes.length, sockaddrLength(isIpv6));
    assert.equal(hostOfSockaddr(bytes, 0), host);
  }
});

Deno.test("All spellings of an IPv6 address are the same bytes", () => {
  const spellings = [
    "[2001:db8::1]",
    "[2001:DB8:0:0:0:0:0:1]",
    "[2001:0db8:0000::0001]",
    "[2001:db8::0.0.0.1]",
  ];
  const [first, ...others] = spellings.map((host) => formatSockaddr(host, 1, true));
  for (const other of others) assert.deepEqual(other, first);
  assert.deepEqual(formatSockaddr("[::ffff:192.0.2.1]", 1, true), formatSockaddr("192.0.2.1", 1, true));
});

Deno.test("An address among others is read where it is told", () => {
  const batch = new Uint8Array(3 * 28);
  batch.set(formatSockaddr("[2001:db8::7]", 1, true)!, 28);
  batch.set(formatSockaddr("192.0.2.7", 1, true)!, 56);
  assert.equal(hostOfSockaddr(batch, 28), "[2001:db8::7]");
  assert.equal(hostOfSockaddr(batch, 56), "192.0.2.7");
});

Deno.test("An IPv4 socket cannot reach IPv6, and no socket reaches a name", () => {
  assert.equal(formatSockaddr("[::1]", 5060, false), undefined);
  assert.equal(formatSockaddr("phone.example", 5060, false), undefined);
  assert.equal(formatSockaddr("1.2.3", 5060, false), undefined);
});

Deno.test("What an IPv6 socket cannot reach is undefined, and no reason to throw", () => {
  for (const host of ["phone.example", "[zzz]", "[1:2]", "[]", ""]) {
    assert.equal(formatSockaddr(host, 5060, true), undefined, host);
  }
});
