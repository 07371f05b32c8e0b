import assert from "node:assert/strict";
import { LocalNetworks } from "../../../../src/core/access/local_networks.ts";

const networks = new LocalNetworks(["203.0.113.0/28", "198.51.100.7", "2001:db8:7::/48"]);

Deno.test("private addresses, and what is given, are local", () => {
  const local = [
    "127.0.0.1",
    "127.9.8.7",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.9.9",
    "169.254.1.1",
    "203.0.113.15",
    "198.51.100.7",
    "[::1]",
    "[fd00::7]",
    "[fe80::1]",
    "[2001:db8:7:1::1]",
    "[::ffff:192.168.1.2]",
  ];
  for (const address of local) assert.ok(networks.has(address), address);
});

Deno.test("all other addresses are not local", () => {
  const others = [
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "192.169.0.1",
    "100.64.0.1",
    "203.0.113.16",
    "198.51.100.8",
    "0.0.0.0",
    "[::2]",
    "[2001:db8:8::1]",
    "[::ffff:8.8.8.8]",
  ];
  for (const address of others) assert.ok(!networks.has(address), address);
});

Deno.test("an account is served everywhere, but with the secret of a sample in local networks only", () => {
  const account = (secret: string | undefined) => ({ username: "1001", secret, ha1: [] });
  assert.ok(networks.admits(account("k3jd9skq"), "8.8.8.8"));
  assert.ok(networks.admits(account(undefined), "8.8.8.8"));
  assert.ok(networks.admits(account("1234"), "192.168.1.2"));
  assert.ok(!networks.admits(account("1234"), "8.8.8.8"));
  assert.ok(!networks.admits(account("changeit"), "[2001:db8:8::1]"));
});
