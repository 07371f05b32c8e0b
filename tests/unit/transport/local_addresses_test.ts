import assert from "node:assert/strict";
import {
  type AdvertisedAddress,
  LocalAddresses,
  type NetworkInterface,
  parseNetwork,
} from "../../../src/transport/local_addresses.ts";

const INTERFACES: readonly NetworkInterface[] = [
  { family: "IPv4", address: "127.0.0.1", cidr: "127.0.0.1/8" },
  { family: "IPv6", address: "::1", cidr: "::1/128" },
  { family: "IPv6", address: "fe80::5", cidr: "fe80::5/64" },
  { family: "IPv4", address: "10.0.0.5", cidr: "10.0.0.5/24" },
  { family: "IPv4", address: "192.168.1.9", cidr: "192.168.1.9/16" },
  { family: "IPv6", address: "2001:db8::5", cidr: "2001:db8::5/64" },
];

Deno.test("reachedBy() is the address itself, or every address of the family", () => {
  const local = new LocalAddresses(INTERFACES);
  assert.deepEqual(local.reachedBy("10.0.0.5"), ["10.0.0.5"]);
  assert.deepEqual(local.reachedBy("[::1]"), ["[::1]"]);
  assert.deepEqual(local.reachedBy("0.0.0.0"), ["127.0.0.1", "10.0.0.5", "192.168.1.9"]);
  assert.deepEqual(local.reachedBy("[::]").sort(), [
    "10.0.0.5",
    "127.0.0.1",
    "192.168.1.9",
    "[2001:db8::5]",
    "[::1]",
    "[fe80::5]",
  ]);
});

Deno.test("§18.1.1: facing() is the address that the other side can reach", () => {
  const table: [bound: string, remote: string, facing: string][] = [
    ["10.0.0.5", "192.168.7.7", "10.0.0.5"],
    ["[::1]", "[2001:db8::77]", "[::1]"],
    ["0.0.0.0", "127.0.0.9", "127.0.0.1"],
    ["0.0.0.0", "10.0.0.77", "10.0.0.5"],
    ["0.0.0.0", "192.168.77.1", "192.168.1.9"],
    ["0.0.0.0", "203.0.113.7", "10.0.0.5"],
    ["0.0.0.0", "phone.example", "10.0.0.5"],
    ["[::]", "[::1]", "[::1]"],
    ["[::]", "[2001:db8::77]", "[2001:db8::5]"],
    ["[::]", "[fe80::77]", "[fe80::5]"],
    ["[::]", "[2a00::1]", "[2001:db8::5]"],
    ["[::]", "10.0.0.77", "10.0.0.5"],
    ["[::]", "203.0.113.7", "10.0.0.5"],
  ];
  const local = new LocalAddresses(INTERFACES);
  for (const [bound, remote, facing] of table) {
    assert.equal(local.facing(remote, bound), facing, `${bound} towards ${remote}`);
  }
});

Deno.test("A machine that has only loopback addresses names those", () => {
  for (const interfaces of [[], INTERFACES.slice(0, 2)]) {
    const local = new LocalAddresses(interfaces);
    assert.equal(local.facing("203.0.113.7", "0.0.0.0"), "127.0.0.1");
    assert.equal(local.facing("[2a00::1]", "[::]"), "[::1]");
  }
});

Deno.test("externAddr is what everybody outside of localnets is told", () => {
  type Row = [advertised: AdvertisedAddress, remote: string, facing: string];
  const externAddr = "203.0.113.5";
  const table: Row[] = [
    [{ externAddr }, "127.0.0.1", "10.0.0.5"],
    [{ externAddr }, "10.0.0.77", externAddr],
    [{ externAddr }, "198.51.100.1", externAddr],
    [{ externAddr, localnets: ["10.0.0.0/8"] }, "10.9.9.9", "10.0.0.5"],
    [{ externAddr, localnets: ["10.0.0.0/255.0.0.0"] }, "10.9.9.9", "10.0.0.5"],
    [{ externAddr, localnets: ["10.0.0.0/8"] }, "11.0.0.1", externAddr],
    [{ externAddr, localnets: ["10.9.9.9"] }, "10.9.9.9", "10.0.0.5"],
    [{ externAddr, localnets: ["10.9.9.9"] }, "10.9.9.8", externAddr],
    [{ externAddr: "sip.example", localnets: ["10.0.0.0/8"] }, "198.51.100.1", "sip.example"],
    [{ externAddr, localnets: ["10.0.0.0/8"] }, "phone.example", "10.0.0.5"],
    [{ localnets: ["10.0.0.0/8"] }, "198.51.100.1", "10.0.0.5"],
  ];
  for (const [advertised, remote, facing] of table) {
    const local = new LocalAddresses(INTERFACES, advertised);
    assert.equal(local.facing(remote, "10.0.0.5"), facing, `${JSON.stringify(advertised)} ${remote}`);
  }
  assert.equal(new LocalAddresses([], { externAddr }).externAddr, externAddr);
  assert.equal(new LocalAddresses([]).externAddr, undefined);
});

Deno.test("An external address of IPv4 is of no use to those who speak IPv6", () => {
  const local = new LocalAddresses(INTERFACES, { externAddr: "203.0.113.5" });
  assert.equal(local.facing("[2a00::1]", "[::]"), "[2001:db8::5]");
  assert.equal(local.facing("198.51.100.1", "[::]"), "203.0.113.5");
});

Deno.test("parseNetwork() reads prefixes, masks and single addresses", () => {
  const table: [rule: string, network: string, bits: number][] = [
    ["10.0.0.0/8", "10.0.0.0", 8],
    ["10.0.0.0/255.0.0.0", "10.0.0.0", 8],
    ["10.1.2.3", "10.1.2.3", 32],
    ["0.0.0.0/0", "0.0.0.0", 0],
    ["0.0.0.0/0.0.0.0", "0.0.0.0", 0],
    ["2001:db8::/32", "2001:db8::", 32],
    ["2001:db8::1", "2001:db8::1", 128],
    ["[2001:db8::1]", "2001:db8::1", 128],
  ];
  for (const [rule, network, bits] of table) {
    const [address, prefix] = parseNetwork(rule);
    assert.deepEqual([address.toString(), prefix], [network, bits], rule);
  }
});

Deno.test("parseNetwork() throws on what is no network", () => {
  for (
    const rule of [
      "",
      "x",
      "10.0.0.0/33",
      "10.0.0.0/-1",
      "10.0.0.0/255.0.255.0",
      "10.0.0/x",
      "1::/129",
      "10.0.0.0/",
    ]
  ) {
    assert.throws(() => parseNetwork(rule), rule);
  }
});
