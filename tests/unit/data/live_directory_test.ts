import assert from "node:assert/strict";
import { formatFault } from "../../../src/data/fault.ts";
import { LiveDirectory, type LoadReport } from "../../../src/data/live_directory.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { agentDocument, domainDocument } from "../../support/resources.ts";
import { FakeDataProvider, sourceOf, unreadableSource } from "./sources.ts";

const DOMAINS = sourceOf("Domain", [domainDocument("sip.local")], "domains");
const TWO_AGENTS = sourceOf("Agent", [agentDocument("1001"), agentDocument("1002")], "agents");
const WRONG_AGENT = agentDocument("1002", { domains: ["sip.loca"] });
const WRONG_DOMAIN =
  'agents:2:1: spec.domains[0] is "sip.loca", expected one of the configured domains (did you mean "sip.local"?)';

function liveDirectory(...sources: FakeDataProvider["sources"]) {
  const provider = new FakeDataProvider();
  provider.sources = sources;
  const clock = new FakeClock();
  return { provider, clock, live: new LiveDirectory(provider, clock) };
}

function faultsOf({ faults }: LoadReport): string[] {
  return faults.map(formatFault);
}

Deno.test("at the start, faulty documents are left out and the rest serves", async () => {
  const agents = sourceOf("Agent", [agentDocument("1001"), WRONG_AGENT, agentDocument("13 ")], "agents");
  const { live } = liveDirectory(DOMAINS, agents);
  assert.deepEqual(faultsOf(await live.load()), [
    'agents:3:1: spec.credentials.username is "13 ", expected a username without line breaks, or spaces around it',
    WRONG_DOMAIN,
  ]);
  assert.equal(live.directory.counts.agents, 1);
});

Deno.test("a faulty edit is not taken over, and is told", async () => {
  const edits = [
    sourceOf("Agent", [agentDocument("1001"), WRONG_AGENT], "agents"),
    sourceOf("Agent", [agentDocument("1001"), agentDocument("12 ")], "agents"),
    unreadableSource("Agent", "agents"),
  ];
  for (const edit of edits) {
    const { live, provider } = liveDirectory(DOMAINS, TWO_AGENTS);
    await live.load();
    provider.sources = [DOMAINS, edit];
    const report = await live.load();
    assert.equal(report.faults.length, 1);
    assert.deepEqual(report.rejected, ["agents"]);
    assert.equal(live.directory.counts.agents, 2);
  }
});

Deno.test("the next good edit is taken over", async () => {
  const { live, provider } = liveDirectory(DOMAINS, TWO_AGENTS);
  await live.load();
  provider.sources = [DOMAINS, unreadableSource("Agent", "agents")];
  await live.load();
  provider.sources = [DOMAINS, sourceOf("Agent", [agentDocument("1001")], "agents")];
  const report = await live.load();
  assert.deepEqual(report, { faults: [], warnings: [], rejected: [] });
  assert.equal(live.directory.counts.agents, 1);
});

Deno.test("an edit that another one makes good is taken over with it", async () => {
  const { live, provider } = liveDirectory(DOMAINS, TWO_AGENTS);
  await live.load();
  const agents = sourceOf("Agent", [agentDocument("1001", { domains: ["sip2.local"] })], "agents");
  provider.sources = [DOMAINS, agents];
  assert.deepEqual((await live.load()).rejected, ["agents"]);
  provider.sources = [sourceOf("Domain", [domainDocument("sip2.local")], "domains"), agents];
  assert.deepEqual((await live.load()).rejected, []);
  assert.ok(live.directory.agent("1001", "sip2.local"));
});

Deno.test("a removed domain takes its agents along, though their file has not changed", async () => {
  const { live, provider, clock } = liveDirectory(DOMAINS, TWO_AGENTS);
  await live.load();
  provider.sources = [sourceOf("Domain", [], "domains"), TWO_AGENTS];
  await live.load();
  clock.advance(5000);
  const report = await live.load();
  assert.equal(report.faults.length, 2);
  assert.deepEqual(report.rejected, []);
  assert.equal(live.directory.counts.agents, 0);
});

Deno.test("what was faulty from the start may be edited bit by bit", async () => {
  const { live, provider } = liveDirectory(DOMAINS, sourceOf("Agent", [WRONG_AGENT], "agents"));
  await live.load();
  provider.sources = [DOMAINS, sourceOf("Agent", [WRONG_AGENT, agentDocument("1001")], "agents")];
  await live.load();
  assert.equal(live.directory.counts.agents, 1);
  provider.sources = [DOMAINS, unreadableSource("Agent", "agents")];
  await live.load();
  assert.equal(live.directory.counts.agents, 1);
});

Deno.test("objects stay the same when their source is loaded again", async () => {
  const { live, provider } = liveDirectory(DOMAINS, TWO_AGENTS);
  await live.load();
  const before = live.directory.agent("1001", "sip.local");
  provider.sources = [DOMAINS, sourceOf("Agent", [agentDocument("1001"), agentDocument("1003")], "agents")];
  await live.load();
  assert.equal(live.directory.agent("1001", "sip.local"), before);
  assert.equal(live.directory.counts.agents, 2);
});

Deno.test("follow() loads again on news, also on those that come meanwhile", async () => {
  const { live, provider } = liveDirectory(DOMAINS, TWO_AGENTS);
  await live.load();
  const reports: LoadReport[] = [];
  const twoReloads = new Promise<void>((resolve) =>
    live.follow((report) => reports.push(report) === 2 && resolve())
  );
  provider.change([DOMAINS, sourceOf("Agent", [agentDocument("1003")], "agents")]);
  provider.change([DOMAINS, sourceOf("Agent", [agentDocument("1001")], "agents")]);
  await twoReloads;
  assert.equal(live.directory.counts.agents, 1);
  live.close();
});

Deno.test("what is allowed but probably not meant is a warning", async () => {
  const accessControlList = { deny: ["0.0.0.0/1"] };
  const { live } = liveDirectory(
    sourceOf("Domain", [domainDocument("sip.local", { accessControlList })]),
  );
  assert.deepEqual((await live.load()).warnings, [
    'Domain "sip.local": rule 0.0.0.0/1 covers only half of the IPv4 addresses, up to 127.255.255.255; ' +
    "all of them are 0.0.0.0/0",
  ]);
});
