import assert from "node:assert/strict";
import { formatNameServer, readNameServer } from "../../../../src/transport/dns/name_server.ts";
import { givenNameServers, systemNameServers } from "../../../../src/transport/dns/name_server_list.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

Deno.test("A name server is an address with or without a port", () => {
  const cases = [
    ["192.0.2.1", "192.0.2.1:53"],
    ["192.0.2.1:5353", "192.0.2.1:5353"],
    ["::1", "[::1]:53"],
    ["[::1]", "[::1]:53"],
    ["[2001:DB8:0::1]:5353", "[2001:db8::1]:5353"],
    ["::ffff:192.0.2.1", "192.0.2.1:53"],
  ];
  for (const [text, expected] of cases) {
    const server = readNameServer(text);
    assert.equal(server && formatNameServer(server), expected, text);
  }
});

Deno.test("Anything else is none, and the configuration hears of it", () => {
  for (
    const text of [
      "",
      "dns.example",
      "192.0.2",
      "192.0.2.256",
      "1",
      "192.0.2.1:0",
      "192.0.2.1:65536",
      "192.0.2.1:",
      "[192.0.2.1]",
      "[::1",
      "[::1]:x",
      "fe80::1%eth0",
      "192.0.2.1 ",
    ]
  ) {
    assert.equal(readNameServer(text), undefined, text);
    assert.throws(() => givenNameServers(["192.0.2.1", text]), {
      name: "TypeError",
      message: `Cannot use name server "${text}": expected an IP address, with or without a port, ` +
        `such as "192.0.2.53" or "[::1]:5353"`,
    });
  }
});

Deno.test("The servers of the system are those of resolv.conf; without the file there is none", async () => {
  const path = await Deno.makeTempFile();
  const lines = [
    "; comment",
    "# nameserver 192.0.2.8",
    "search example",
    "nameserver 192.0.2.1",
    "nameserver\t2001:db8::1 # second",
    " nameserver 192.0.2.9",
    "nameserver fe80::1%eth0",
    "nameserver",
    "nameserver nonsense",
    "options timeout:1",
  ];
  await Deno.writeTextFile(path, lines.join("\n"));
  const clock = new FakeClock();
  const servers = systemNameServers(clock, path);
  assert.deepEqual(servers().map(formatNameServer), ["192.0.2.1:53", "[2001:db8::1]:53"]);
  await Deno.remove(path);
  clock.advance(5000);
  assert.deepEqual(servers(), []);
});
