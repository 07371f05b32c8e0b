/** Content that disappears suddenly: files that are being written, a Redis that restarts empty. */
import assert from "node:assert/strict";
import type { Source } from "../../../src/data/data_provider.ts";
import { LiveDirectory } from "../../../src/data/live_directory.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { agentDocument, domainDocument, userDocument } from "../../support/resources.ts";
import { FakeDataProvider, sourceOf } from "./sources.ts";

const DOMAINS = sourceOf("Domain", [domainDocument("sip.local")], "domains");
const AGENTS = agentsOf("1001", "1002", "1003");
const NO_AGENTS = agentsOf();
const USERS = sourceOf("User", [userDocument("admin")], "users");

function agentsOf(...names: string[]): Source {
  return sourceOf("Agent", names.map((name) => agentDocument(name)), "agents");
}

/** Returns the source as documents that are written one by one. */
function oneByOne(source: Source): Source {
  return { ...source, isOneText: false };
}

/** A directory that follows a provider, on a clock that stands still. */
async function followed(...sources: Source[]) {
  const provider = new FakeDataProvider();
  provider.sources = sources;
  const clock = new FakeClock();
  const live = new LiveDirectory(provider, clock);
  await live.load();
  live.follow(() => {});
  const agents = async () => {
    // A reload takes several microtasks.
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    return live.directory.counts.agents;
  };
  return { provider, clock, live, agents };
}

Deno.test("a file that is empty or away for two seconds changes nothing", async () => {
  for (const meanwhile of [[DOMAINS, NO_AGENTS], [DOMAINS]]) {
    const { provider, clock, agents } = await followed(DOMAINS, AGENTS);
    provider.change(meanwhile);
    assert.equal(await agents(), 3);
    clock.advance(2000);
    assert.equal(await agents(), 3);
    provider.change([DOMAINS, agentsOf("1001", "1002", "1004")]);
    assert.equal(await agents(), 3);
    clock.advance(60_000);
    assert.equal(await agents(), 3);
  }
});

Deno.test("a file that stays empty, or away, is taken over after five seconds without another notice", async () => {
  for (const meanwhile of [[DOMAINS, NO_AGENTS], [DOMAINS]]) {
    const { provider, clock, agents } = await followed(DOMAINS, AGENTS);
    provider.change(meanwhile);
    await agents();
    clock.advance(4999);
    assert.equal(await agents(), 3);
    clock.advance(1);
    assert.equal(await agents(), 0);
  }
});

Deno.test("a file that ends within a line after some of its resources is taken for half written", async () => {
  const { provider, clock, agents } = await followed(DOMAINS, AGENTS);
  const half = { ...agentDocument("10"), metadata: { name: "Agent 1002" } };
  provider.change([DOMAINS, {
    ...sourceOf("Agent", [agentDocument("1001"), half], "agents"),
    looksCut: true,
  }]);
  assert.equal(await agents(), 3);
  clock.advance(5000);
  assert.equal(await agents(), 2);
});

Deno.test("an edit that leaves other resources, or takes the last ones away, is in force at once", async () => {
  const { provider, agents } = await followed(DOMAINS, AGENTS);
  provider.change([DOMAINS, { ...agentsOf("1002"), looksCut: true }]);
  assert.equal(await agents(), 1);
  provider.change([DOMAINS, AGENTS]);
  assert.equal(await agents(), 3);
  provider.change([DOMAINS, agentsOf("1001")]);
  assert.equal(await agents(), 1);
});

Deno.test("a file that takes another name is the same file", async () => {
  const { provider, agents } = await followed(DOMAINS, AGENTS);
  provider.change([DOMAINS, { ...agentsOf("1001", "1002", "1004", "1005"), name: "agents.yml" }]);
  assert.equal(await agents(), 4);
});

Deno.test("a program that removes the last document is obeyed at once, one that empties a collection is not", async () => {
  const last = await followed(DOMAINS, oneByOne(agentsOf("1001")));
  last.provider.change([DOMAINS]);
  assert.equal(await last.agents(), 0);
  const many = await followed(DOMAINS, oneByOne(AGENTS));
  many.provider.change([DOMAINS]);
  assert.equal(await many.agents(), 3);
});

Deno.test("what an administrator of this server removes is gone at once", async () => {
  const { provider, live } = await followed(DOMAINS, agentsOf("1001"));
  provider.sources = [DOMAINS, NO_AGENTS];
  await live.load("Agent");
  assert.equal(live.directory.counts.agents, 0);
});

Deno.test("a place where nothing is left but users keeps its content for ten minutes", async () => {
  for (const meanwhile of [[], [USERS], [{ ...USERS, resources: [] }, NO_AGENTS]]) {
    const { provider, clock, live, agents } = await followed(USERS, oneByOne(DOMAINS), oneByOne(AGENTS));
    provider.change(meanwhile);
    assert.equal(await agents(), 3);
    clock.advance(599_999);
    assert.equal(await agents(), 3);
    assert.deepEqual(live.lost("Gateway").includes("agents"), true);
    clock.advance(1);
    assert.equal(await agents(), 0);
    assert.deepEqual(live.lost("Gateway"), []);
  }
});

Deno.test("what somebody wants reloaded is taken as it is", async () => {
  const { provider, live, agents } = await followed(USERS, DOMAINS, AGENTS);
  provider.change([]);
  assert.equal(await agents(), 3);
  await live.reload();
  assert.equal(live.directory.counts.agents, 0);
  assert.deepEqual(live.lost("Agent"), []);
});

Deno.test("a place where everything was gone is taken as it is once something is written there", async () => {
  const { provider, clock, agents } = await followed(USERS, oneByOne(DOMAINS), oneByOne(AGENTS));
  provider.change([]);
  assert.equal(await agents(), 3);
  clock.advance(60_000);
  provider.change([USERS, DOMAINS, oneByOne(agentsOf("1001"))]);
  assert.equal(await agents(), 1);
});
