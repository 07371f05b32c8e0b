// SIPp over SCTP calls SIPp over SCTP, UDP and TCP, and the other way round. Run in the guest, by sctp_test.ts.

import { freePort } from "../../support/ports.ts";
import { startProcess } from "../../support/process.ts";
import { RoutrProcess, writeConfiguration } from "../../support/routr_process.ts";
import { assertAllCalls, type CallRow, type Sipp, startSipp } from "../sipp.ts";
import { startSctpSipp } from "./sctp_sipp.ts";

const projectRoot = new URL("../../../", import.meta.url).pathname;
const readyWithin = 180_000;
const calls = 3;

type Way = "sctp" | "sctp6" | "udp" | "tcp";

const pairs: readonly (readonly [Way, Way])[] = [
  ["sctp", "sctp"],
  ["sctp6", "sctp6"],
  ["sctp", "udp"],
  ["udp", "sctp"],
  ["sctp6", "tcp"],
  ["tcp", "sctp6"],
];

const courses = [
  { what: "the caller hangs up", caller: "call", callee: "register_and_answer" },
  { what: "the callee hangs up", caller: "call_until_bye", callee: "register_and_hang_up" },
  { what: "the caller cancels", caller: "call_cancel", callee: "register_and_ring" },
] as const;

Deno.test("SIPp over SCTP: calls with UDP and TCP, ended from both ends and cancelled", async (t) => {
  const agents = Array.from(
    { length: 2 * calls * courses.length * pairs.length },
    (_, index) => `${1001 + index}`,
  );
  await using server = await startRoutr(agents);
  const unused = [...agents];
  for (const [callerWay, calleeWay] of pairs) {
    for (const course of courses) {
      const callees = unused.splice(0, calls);
      const rows = unused.splice(0, calls).map((user, index) => ({ user, callee: callees[index] }));
      await t.step(`${callerWay} to ${calleeWay}, ${course.what}`, async () => {
        const start = (way: Way, scenario: string, rows: readonly CallRow[]) =>
          startPhones(way, scenario, { server: server.port, rows });
        await using called = await start(calleeWay, course.callee, callees.map((user) => ({ user })));
        await called.logged("registered", calls);
        await using calling = await start(callerWay, course.caller, rows);
        assertAllCalls(await calling.result(), calls);
        assertAllCalls(await called.result(), calls);
      });
    }
  }
});

function startPhones(
  way: Way,
  scenario: string,
  { server, rows }: { server: number; rows: readonly CallRow[] },
): Promise<Sipp> {
  const options = { server, rows, calls, callId: `%u-${rows[0].callee ?? rows[0].user}` };
  if (way === "udp" || way === "tcp") return startSipp(scenario, { ...options, transport: way });
  return startSctpSipp(scenario, { ...options, address: way === "sctp" ? "127.0.0.1" : "::1" });
}

/** A server on one port for UDP, TCP and SCTP, on both loopback addresses. */
async function startRoutr(agents: readonly string[]): Promise<RoutrProcess> {
  const directory = await Deno.makeTempDir({ prefix: "routr-test-" });
  const port = freePort();
  await writeConfiguration(directory, { port, agents });
  const listeners = ["udp", "tcp", "sctp"].flatMap((protocol) =>
    ["127.0.0.1", "::1"].map((address) =>
      `    - protocol: ${protocol}\n      port: ${port}\n      bindAddr: "${address}"\n`
    )
  );
  await Deno.writeTextFile(
    `${directory}/config.yaml`,
    `apiVersion: v1beta1\nspec:\n  bindAddr: 127.0.0.1\n  recordRoute: true\n  restService: { unsecured: true }\n  transport:\n${
      listeners.join("")
    }`,
  );
  const child = startProcess(Deno.execPath(), {
    args: ["run", "--cached-only", "--permission-set=start", "main.ts", "--config", directory],
    cwd: projectRoot,
    env: { NO_COLOR: "1" },
  });
  try {
    await child.waitForLine(/\bReady\b/, readyWithin);
  } catch (error) {
    await child.stop();
    await Deno.remove(directory, { recursive: true });
    throw error;
  }
  return new RoutrProcess(child, { port, directory });
}
