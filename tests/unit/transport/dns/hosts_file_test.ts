import assert from "node:assert/strict";
import { HostsFile } from "../../../../src/transport/dns/hosts_file.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

/** A hosts file with this text. */
async function newHosts(text: string) {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, text);
  const clock = new FakeClock();
  return { clock, path, hosts: new HostsFile(clock, path) };
}

Deno.test("Names, comments, several lines of one name, and lines that are none", async () => {
  const { hosts, path } = await newHosts(
    [
      "# names of the house",
      "192.0.2.1\tPBX.example pbx # main",
      "  2001:DB8:0::1  pbx.example.",
      "192.0.2.1 pbx",
      "::ffff:192.0.2.7 mapped",
      "fe80::1%eth0 link",
      "not-an-address nobody",
      "192.0.2.300 nobody",
      "192.0.2.3",
      "\r",
      "192.0.2.4 last\r",
    ].join("\n"),
  );
  assert.deepEqual(hosts.addressesOf("pbx.example"), ["192.0.2.1", "[2001:db8::1]"]);
  assert.deepEqual(hosts.addressesOf("pbx"), ["192.0.2.1"]);
  assert.deepEqual(hosts.addressesOf("mapped"), ["192.0.2.7"]);
  assert.deepEqual(hosts.addressesOf("last"), ["192.0.2.4"]);
  for (const name of ["link", "nobody", "main", "#", ""]) {
    assert.equal(hosts.addressesOf(name), undefined, name);
  }
  await Deno.remove(path);
});

Deno.test("The file is read again when it has changed, looked at every five seconds", async () => {
  const { clock, hosts, path } = await newHosts("192.0.2.1 a\n");
  assert.deepEqual(hosts.addressesOf("a"), ["192.0.2.1"]);
  await Deno.writeTextFile(path, "192.0.2.22 a\n");
  clock.advance(4999);
  assert.deepEqual(hosts.addressesOf("a"), ["192.0.2.1"]);
  clock.advance(1);
  assert.deepEqual(hosts.addressesOf("a"), ["192.0.2.22"]);
  await Deno.remove(path);
  clock.advance(5000);
  assert.equal(hosts.addressesOf("a"), undefined);
  await Deno.writeTextFile(path, "192.0.2.3 a\n");
  clock.advance(5000);
  assert.deepEqual(hosts.addressesOf("a"), ["192.0.2.3"]);
  await Deno.remove(path);
});

Deno.test("A folder in its place is no hosts file", () => {
  assert.equal(new HostsFile(new FakeClock(), "/").addressesOf("a"), undefined);
});
