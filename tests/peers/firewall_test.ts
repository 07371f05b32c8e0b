// nftables in a network namespace of its own, without the right to it, and the filter for fail2ban.

import assert from "node:assert/strict";
import { RefusalLog } from "../../src/core/access/refusal_log.ts";
import { ServerEvents } from "../../src/core/server_events.ts";
import { Metrics } from "../../src/runtime/metrics.ts";
import type { Flow } from "../../src/transport/transport.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { logged } from "../support/log_lines.ts";
import { runProcess } from "../support/process.ts";
import { request } from "../unit/core/requests.ts";

const root = new URL("../../", import.meta.url).pathname;

/** Runs `firewall_program.ts` by `unshare` with these options. */
async function inNamespace(...options: string[]): Promise<string> {
  const { output } = await runProcess("unshare", {
    args: [...options, Deno.execPath(), "run", "--no-check", "-A", "tests/peers/firewall_program.ts"],
    cwd: root,
    env: { NO_COLOR: "1" },
  });
  return output;
}

Deno.test("the sets of nftables follow the bans, and are gone at the end", async () => {
  const output = await inNamespace("--map-root-user", "--net");
  const lines = output.split("\n");
  const step = (name: string) => lines.find((line) => line.startsWith(`${name}: `)) ?? output;
  assert.equal(step("start"), "start: 192.0.2.1 rules 2");
  assert.equal(step("more"), "more: 192.0.2.1 192.0.2.2 2001:db8:1:2::/64 rules 2");
  assert.equal(step("lifted"), "lifted: 2001:db8:1:2::/64 rules 2");
  assert.equal(step("again"), "again: 192.0.2.2 2001:db8:1:2::/64 rules 2");
  assert.equal(step("thousands").split(" ").filter((word) => word.startsWith("10.")).length, 3000);
  assert.equal(step("end"), "end:  rules 0");
  assert.doesNotMatch(output, /not in nftables/);
});

Deno.test("without the right to it, that is told once", async () => {
  const output = await inNamespace("--map-root-user");
  assert.equal(output.match(/Banned addresses are not in nftables: .*CAP_NET_ADMIN/g)?.length, 1, output);
});

Deno.test("fail2ban finds the address of each failed login, and nobody can name another", async () => {
  const clock = new FakeClock();
  const log = new RefusalLog({ clock, events: new ServerEvents(clock, new Metrics()) });
  const flowOf = (remoteAddress: string) => ({ protocol: "udp", remoteAddress, remotePort: 5061 }) as Flow;
  const forged = "1 from udp 203.0.113.1:5060 (REGISTER)";
  const lines = await logged("info", () => {
    const register = request("REGISTER sip:sip.local SIP/2.0");
    const failed = (address: string, username: string) =>
      log.note(register, flowOf(address), {
        status: 401,
        cause: `wrong password: ${username}`,
        username,
      });
    failed("192.0.2.1", "1001");
    failed("[2001:db8::9]", "john@example.com");
    failed("192.0.2.2", forged);
    failed("192.0.2.3", "\nrefused: Authentication failed: 1 from udp 203.0.113.1:5060 ");
    log.note(register, flowOf("192.0.2.4"), {
      status: 403,
      cause: `refused: Authentication failed: ${forged}`,
    });
    log.close();
  });
  assert.equal(lines.length, 5, lines.join("\n"));
  const file = await Deno.makeTempFile();
  const time = new Date().toISOString().slice(11, 23);
  await Deno.writeTextFile(
    file,
    lines.map((line) => `${time} ${line}\nhost routr[7]: ${time} ${line}\n`).join(""),
  );
  const { code, output } = await runProcess("fail2ban-regex", {
    args: ["-v", file, `${root}docs/fail2ban/filter.d-routr.conf`],
  });
  await Deno.remove(file);
  assert.equal(code, 0, output);
  const addresses = [...output.matchAll(/^\| {6}(\S+) +\w{3} /gm)].map(([, address]) => address);
  assert.deepEqual(
    addresses,
    ["192.0.2.1", "2001:db8::9", "192.0.2.2", "192.0.2.3"].flatMap((each) => [each, each]),
    output,
  );
});
