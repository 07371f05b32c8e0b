import assert from "node:assert/strict";
import { host, hostPort, ipAddress, network } from "../../../src/data/network_property.ts";

Deno.test("network() takes addresses, networks and masked networks", () => {
  const good = [
    "192.168.0.1",
    "192.168.0.1/31",
    "0.0.0.0/1",
    "0.0.0.0/0",
    "192.168.1.0/255.255.255.0",
    "::1",
    "2001:db8::/32",
  ];
  for (const rule of good) assert.equal(network().parse(rule), rule);
});

Deno.test("network() refuses everything else", () => {
  const bad = [
    "",
    "192.168.0",
    "192.168.0.256",
    "192.168.0.0/33",
    "192.168.0.0/",
    "192.168.0.0/24/8",
    "192.168.0.0/255.0.255.0",
    "2001:db8::/129",
    "2001:db8::/255.255.0.0",
    "[::1]/64",
    "sip.local",
    "010.0.0.1x",
    5,
  ];
  for (const rule of bad) assert.equal(network().safeParse(rule).success, false, String(rule));
});

Deno.test("ipAddress() drops the brackets of IPv6", () => {
  assert.equal(ipAddress().parse("0.0.0.0"), "0.0.0.0");
  assert.equal(ipAddress().parse("[2001:DB8::1]"), "2001:db8::1");
  assert.equal(ipAddress().safeParse("[127.0.0.1]").success, false);
  assert.equal(ipAddress().safeParse("localhost").success, false);
});

Deno.test("host() takes names and addresses in lower case", () => {
  assert.equal(host("a host").parse("SIP.Local"), "sip.local");
  assert.equal(host("a host").parse("127.0.0.1"), "127.0.0.1");
  for (const bad of ["sip:sip.local", "sip.local:5060", "sip local", "-x.org", "127.0.0", "a..b", ""]) {
    assert.equal(host("a host").safeParse(bad).success, false, bad);
  }
});

Deno.test("hostPort() takes a port after the host", () => {
  const table: [string, unknown][] = [
    ["sip.provider.com", { host: "sip.provider.com" }],
    ["sip.provider.com:5080", { host: "sip.provider.com", port: 5080 }],
    ["192.168.1.2:6060", { host: "192.168.1.2", port: 6060 }],
    ["[2001:db8::1]:5060", { host: "2001:db8::1", port: 5060 }],
    ["2001:db8::1", { host: "2001:db8::1" }],
  ];
  for (const [text, expected] of table) assert.deepEqual(hostPort("a host").parse(text), expected);
  for (const bad of ["sip.provider.com:0", "sip.provider.com:65536", "sip.provider.com:", ":5060", "a:b:c"]) {
    assert.equal(hostPort("a host").safeParse(bad).success, false, bad);
  }
});
