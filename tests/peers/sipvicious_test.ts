// sipvicious against a server as it comes: it finds neither an extension nor a password, and phones at its address go on.

import assert from "node:assert/strict";
import { runProcess } from "../support/process.ts";
import { domain, type RoutrProcess, secret, startRoutr } from "../support/routr_process.ts";
import { registeredBaresip } from "./baresip.ts";

const programs = "/usr/share/sipvicious/sipvicious";
const scanSeconds = 8;
const otherName = "Zoiper rv2.10.20";
/** More than are answered before there is silence. */
const wrongPasswords = Array.from({ length: 20 }, (_, i) => `wrong-${i}`);

interface Scan {
  readonly tool: "svmap" | "svwar" | "svcrack";
  readonly args: readonly string[];
  /** The User-Agent; its own unless said otherwise. */
  readonly userAgent?: string;
}

/** Runs a tool to its end, or for some seconds; returns what it prints. */
async function scan(
  server: RoutrProcess,
  { tool, args, userAgent }: Scan,
): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "sipvicious-" });
  try {
    await runProcess("cp", { args: ["-r", programs, directory] });
    const helper = `${directory}/sipvicious/libs/svhelper.py`;
    const text = await Deno.readTextFile(helper);
    assert.match(text, /friendly-scanner/);
    if (userAgent) await Deno.writeTextFile(helper, text.replaceAll("friendly-scanner", userAgent));
    await Deno.writeTextFile(`${directory}/passwords`, [...wrongPasswords, secret, ""].join("\n"));
    const run = await runProcess("timeout", {
      args: [
        ...["-s", "INT", "-k", "5", String(scanSeconds), "python3", `${directory}/sipvicious/${tool}.py`],
        ...["-v", "-p", String(server.port), ...args, "127.0.0.1"],
      ],
      cwd: directory,
      env: { PYTHONPATH: directory, HOME: directory },
      lifetime: (scanSeconds + 10) * 1000,
    });
    return run.output;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function cracked(server: RoutrProcess, userAgent?: string): Promise<boolean> {
  const args = ["-u", "1002", "-d", "passwords", "--domain", domain];
  const output = await scan(server, { tool: "svcrack", args, userAgent });
  assert.match(output, /scan started/);
  return output.includes(secret);
}

Deno.test("svmap as it comes finds no server, whatever it sends", async () => {
  await using server = await startRoutr();
  for (const method of ["OPTIONS", "REGISTER", "INVITE"]) {
    const output = await scan(server, { tool: "svmap", args: ["-m", method] });
    assert.match(output, /found nothing/, method);
  }
});

for (const userAgent of [undefined, otherName]) {
  Deno.test(`svwar ${userAgent ? `as ${userAgent}` : "as it comes"} finds no extension`, async () => {
    await using server = await startRoutr();
    for (const method of ["REGISTER", "INVITE", "OPTIONS"]) {
      const args = ["-m", method, "-e", "1000-1004", "--force", "--domain", domain];
      const output = await scan(server, { tool: "svwar", args, userAgent });
      assert.match(output, /found nothing/, method);
      // It does hear the server by another name, and the same of everybody.
      const heard = new Set(output.match(/SIP\/2\.0 \d{3}/g) ?? []);
      assert.equal(heard.size, userAgent ? 1 : 0, output);
    }
  });
}

Deno.test("svcrack as it comes hears nothing", async () => {
  await using server = await startRoutr();
  assert.ok(!await cracked(server));
  assert.doesNotMatch(server.output, /Authentication failed|Banned/);
});

Deno.test("svcrack by another name is silenced after ten passwords, and does not find the twenty-first", async () => {
  await using server = await startRoutr();
  assert.ok(!await cracked(server, otherName));
  assert.match(server.output, /Banned 127\.0\.0\.1 for 3600 s: wrong password by udp/);
  assert.equal(server.output.match(/Authentication failed: 1002 /g)?.length, 10);
  assert.ok(!await cracked(server, otherName), "once more");
});

Deno.test("svcrack finds the password where nobody is banned, so that the tests above can fail", async () => {
  await using server = await startRoutr({ access: { preset: "off" } });
  assert.ok(await cracked(server, otherName));
});

Deno.test("phones behind the address that svcrack guesses from stay registered, refresh and call", async () => {
  await using server = await startRoutr();
  await using callee = await registeredBaresip({ user: "1002", server: server.port, answer: "auto" });
  await using caller = await registeredBaresip({ user: "1001", server: server.port });
  assert.ok(!await cracked(server, otherName));
  assert.match(server.output, /Banned 127\.0\.0\.1 for 3600 s, but for the phones that are registered there/);
  await caller.register();
  await caller.event("REGISTER_OK");
  await caller.dial("1002");
  await callee.event("CALL_ESTABLISHED");
  await caller.event("CALL_ESTABLISHED");
  await caller.hangUp();
  await callee.event("CALL_CLOSED");
});
