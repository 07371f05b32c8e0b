// Bans addresses by nftables in the network namespace that it is started in, and prints the sets after each step.
import { Firewall } from "../../src/appliance/firewall.ts";
import type { Ban } from "../../src/core/access/bans.ts";
import { configureLogging } from "../../src/runtime/log.ts";
import { pause } from "../support/pause.ts";
import { runProcess } from "../support/process.ts";

configureLogging({ level: "info", format: "text" });
let bans: Ban[] = [];
const firewall = new Firewall({
  bans: () => bans,
  isTrusted: () => false,
  ports: () => [5060, 5061],
});

function banOf(address: string, seconds: number): Ban {
  const since = Date.now();
  const until = since + seconds * 1000;
  return { address, network: address, since, until, count: 1, reason: "", users: [], isShared: false };
}

/** Prints elements and rules of the table; nothing when there is none. */
async function show(step: string): Promise<void> {
  const { output } = await runProcess("/usr/sbin/nft", { args: ["list", "table", "inet", "routr"] });
  const elements = [...output.matchAll(/[\da-f.:]+(?:\/64)? timeout/g)].map(([text]) => text.split(" ")[0]);
  const rules = [...output.matchAll(/th dport \{ 5060, 5061 \} ip6? saddr @banned[46] .*drop/g)].length;
  console.log(`${step}: ${elements.join(" ")} rules ${rules}`);
}

async function change(step: string, changed: Ban[]): Promise<void> {
  bans = changed;
  firewall.change();
  await pause(1500);
  await show(step);
}

bans = [banOf("192.0.2.1", 60)];
firewall.configure(true);
await pause(1000);
await show("start");
const [first] = bans;
await change("more", [first, banOf("192.0.2.2", 2), banOf("[2001:db8:1:2::9]", 60)]);
const [, , third] = bans;
await change("lifted", [third]);
await change("again", [{ ...third, until: third.until + 60_000 }, banOf("192.0.2.2", 60)]);
await change(
  "thousands",
  Array.from({ length: 5000 }, (_, i) => banOf(`10.0.${i >> 8}.${i & 255}`, 60)).slice(0, 3000),
);
await firewall.close();
await show("end");
