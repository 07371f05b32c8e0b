import assert from "node:assert/strict";
import type { Trouble } from "../../support/resource_backend.ts";
import { certificates } from "../../contract/test_authority.ts";
import { agentDocument, domainDocument, gatewayDocument } from "../../support/resources.ts";
import { namesOf, RestfulStorage, until } from "./restful/restful_support.ts";

const REFUSED = "connection refused";

Deno.test("the first load waits for the backend, and says so in one line", async () => {
  await using storage = new RestfulStorage();
  storage.backend.put("agents", [agentDocument("1001")]);
  await storage.backend.stop();
  const loading = storage.open().load();
  for (let attempt = 1; attempt <= 3; attempt++) await storage.passPause(attempt);
  await until(() => storage.clock.pauses.length === 4);
  storage.backend.start();
  await storage.passPause(4);
  assert.equal(namesOf(await loading).length, 1);
  assert.deepEqual(storage.lines, [`Waiting for URL: ${REFUSED}`, "URL answers again"]);
});

Deno.test("with patience, the first load gives up, and there is one fault", async () => {
  await using storage = new RestfulStorage();
  await storage.backend.stop();
  const provider = storage.open({ patienceMs: 100 });
  const sources = await provider.load();
  assert.deepEqual(storage.faultsOf(sources), [
    `URL/users: found no usable answer (${REFUSED}), expected resources`,
  ]);
  assert.ok(sources.length > 1 && sources.every(({ readable }) => !readable));
  storage.backend.start();
  storage.backend.put("agents", [agentDocument("1001")]);
  assert.equal(namesOf(await provider.load()).length, 1);
});

Deno.test("a wrong password is told, but not which", async () => {
  await using storage = new RestfulStorage();
  const sources = await storage.open({ secret: "guessed", patienceMs: 0 }).load();
  assert.deepEqual(storage.faultsOf(sources), [
    "URL/users: found no usable answer (user name or password is wrong), expected resources",
  ]);
  assert.deepEqual(storage.lines, ["Waiting for URL: user name or password is wrong"]);
});

Deno.test("a backend that nobody vouches for gets no credentials", async () => {
  const certificate = certificates.issue({ name: "backend", ipAddresses: ["127.0.0.1"] });
  await using storage = new RestfulStorage({ certificate });
  const reasonWith = async (trustStore?: string) => {
    const [fault] = storage.faultsOf(await storage.open({ patienceMs: 0, trustStore }).load());
    return /\((.*)\)/.exec(fault)?.[1];
  };
  assert.equal(await reasonWith(), "its certificate is signed by nobody who is trusted");
  assert.match(await reasonWith("/nowhere.pem") ?? "", /^the certificates to trust cannot be read/);
  assert.deepEqual(storage.backend.requests, []);
});

const FAILURES: readonly (readonly [Trouble, string])[] = [
  ["status 500", "status 500 (Not with …)"],
  ["status 403", "this user is not allowed to do this (Forbidden)"],
  ["cut", "connection lost"],
  [{ body: "", status: 502 }, "status 502"],
  [{ body: '{"status": "500", "message": "Broken"}' }, "status 500 (Broken)"],
  [{ body: '{"status": "401", "message": "Unauthorized"}' }, "user name or password is wrong"],
];

for (const [trouble, reason] of FAILURES) {
  Deno.test(`the last content stays after ${JSON.stringify(trouble)}, which is told once`, async () => {
    await using storage = new RestfulStorage();
    storage.backend.put("agents", [agentDocument("1001")]);
    const provider = storage.open();
    const before = await provider.load();
    storage.backend.trouble("*", trouble);
    assert.equal(await provider.load(), before);
    assert.equal(await provider.load(), before);
    storage.backend.trouble("*", undefined);
    storage.backend.put("agents", [agentDocument("1002")]);
    assert.notDeepEqual(namesOf(await provider.load()), namesOf(before));
    assert.deepEqual(storage.lines, [
      `Cannot read URL: ${reason}. The last known resources stay in force.`,
      "URL answers again",
    ]);
  });
}

Deno.test("a backend that is silent is given up after the timeout", async () => {
  await using storage = new RestfulStorage();
  storage.backend.put("agents", [agentDocument("1001")]);
  const provider = storage.open();
  const before = await provider.load();
  storage.backend.trouble("agents", "silence");
  const asked = storage.backend.requestsFor("agents").length;
  const loading = provider.load();
  await until(() => storage.backend.requestsFor("agents").length > asked);
  storage.clock.advance(5000);
  assert.equal(await loading, before);
  assert.deepEqual(storage.lines, [
    "Cannot read URL: no answer in time. The last known resources stay in force.",
  ]);
});

const FAULTS: readonly (readonly [Trouble, string])[] = [
  ["garbage", "found a body that is not JSON, expected JSON"],
  ["another form", "found a mapping, expected a list of resources, by itself or as result or data"],
  ["endless", "found more than 100000 bytes, expected less"],
  [{ body: "" }, "found an empty body, expected JSON"],
  [{ body: '{"status": 200, "message": "OK"}' }, "found JSON without result or data, expected a list"],
  [{ body: "null" }, "found nothing, expected a list"],
  [{ body: '{"a":'.repeat(9000) }, "found a body that is not JSON, expected JSON"],
];

for (const [trouble, fault] of FAULTS) {
  const name = JSON.stringify(trouble).slice(0, 40);
  Deno.test(`an answer that is no list is a fault of its collection: ${name}`, async () => {
    await using storage = new RestfulStorage();
    storage.backend.put("domains", [domainDocument("sip.local")]);
    storage.backend.put("agents", [agentDocument("1001")]);
    const provider = storage.open({ maxCollectionBytes: 100_000 });
    const before = await provider.load();
    storage.backend.trouble("agents", trouble);
    const sources = await provider.load();
    assert.deepEqual(sources.map(({ readable }) => readable), [true, false]);
    assert.equal(storage.faultsOf(sources).length, 1);
    assert.ok(storage.faultsOf(sources)[0].startsWith(`URL/agents: ${fault}`), storage.faultsOf(sources)[0]);
    assert.equal(await provider.load(), sources);
    storage.backend.trouble("agents", undefined);
    assert.deepEqual(await provider.load(), before);
    assert.deepEqual(storage.lines, []);
  });
}

Deno.test("documents that are no resources are faults with their refs, and the others serve", async () => {
  await using storage = new RestfulStorage({ era: "plain" });
  const documents = [
    gatewayDocument("GW1"),
    gatewayDocument("G/2", { host: 7 }),
    gatewayDocument("GW3", { registries: "x".repeat(2 ** 20) }),
  ];
  const deep = '{"a":'.repeat(100) + "1" + "}".repeat(100);
  const body = JSON.stringify([...documents, "text"]).replace(/]$/, `,${deep}]`);
  storage.backend.trouble("gateways", { body });
  const sources = await storage.open().load();
  assert.deepEqual(namesOf(sources), ["GW1"]);
  assert.deepEqual(storage.faultsOf(sources).map((fault) => fault.split(", expected")[0]), [
    "URL/gateways/G%2F2: spec.host is 7",
    "URL/gateways/GW3: found a document that is too large",
    'URL/gateways: [3] is "text"',
    "URL/gateways: [4] is a document that is too large",
  ]);
});

Deno.test("a collection that answers 404, in the body or before, is no source", async () => {
  await using storage = new RestfulStorage({ era: "plain" });
  storage.backend.put("agents", [agentDocument("1001")]);
  storage.backend.trouble("peers", "status 404 in the body");
  assert.equal((await storage.open().load()).length, 1);
  assert.deepEqual(storage.lines, []);
});

Deno.test("a base where there is nothing at all is told", async () => {
  await using storage = new RestfulStorage();
  const baseUrl = `${storage.backend.baseUrl}/elsewhere/`;
  assert.deepEqual(await storage.open({ baseUrl }).load(), []);
  assert.deepEqual(storage.lines, [
    "There is nothing below URL/elsewhere: none of its collections is found",
  ]);
});

Deno.test("credentials never leave for where a redirect points to", async () => {
  await using elsewhere = new RestfulStorage();
  await using storage = new RestfulStorage();
  storage.backend.put("agents", [agentDocument("1001")]);
  const provider = storage.open();
  const before = await provider.load();
  storage.backend.trouble("*", { redirectTo: `${elsewhere.backend.baseUrl}/agents?filter=*` });
  assert.equal(await provider.load(), before);
  assert.deepEqual(elsewhere.backend.requests, []);
  assert.deepEqual(storage.lines, [
    "Cannot read URL: it redirects to another place, which is not followed. " +
    "The last known resources stay in force.",
  ]);
});

Deno.test("credentials in the base URL are neither used nor shown, its query is kept", async () => {
  await using storage = new RestfulStorage();
  storage.backend.put("agents", [agentDocument("1001")]);
  const baseUrl = storage.backend.baseUrl.replace("//", "//someone:hidden@") + "/?tenant=a&page=9#b";
  const [source] = await storage.open({ baseUrl }).load();
  assert.equal(source.name, `${storage.backend.baseUrl}/agents`);
  assert.equal(
    storage.backend.requestsFor("agents")[0].path,
    "/agents?tenant=a&page=1&filter=*&itemsPerPage=1000",
  );
});

Deno.test("attempts become rarer while the backend fails, up to one a minute", async () => {
  await using storage = new RestfulStorage();
  const provider = storage.open();
  await provider.load();
  storage.backend.trouble("*", "status 500");
  provider.watch(() => {});
  for (let count = 1; count <= 10; count++) await storage.passPause(count);
  await until(() => storage.clock.pauses.length === 11);
  storage.backend.trouble("*", undefined);
  await storage.passPause(11);
  await until(() => storage.clock.pauses.length === 12);
  const expected = [7000, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 7000];
  for (const [i, pause] of storage.clock.pauses.entries()) {
    assert.ok(Math.abs(pause - expected[i]) <= expected[i] / 10, `${pause} instead of ${expected[i]}`);
  }
});

Deno.test("close() ends the wait for a backend", async () => {
  await using storage = new RestfulStorage();
  await storage.backend.stop();
  const provider = storage.open();
  const loading = provider.load();
  await until(() => storage.clock.pauses.length === 1);
  provider.close();
  assert.deepEqual(await loading, []);
});

Deno.test("close() ends requests that are under way, without a word", async () => {
  await using storage = new RestfulStorage();
  storage.backend.trouble("*", "silence");
  const provider = storage.open();
  const loading = provider.load();
  await until(() => storage.backend.requests.length > 0);
  provider.close();
  assert.deepEqual(await loading, []);
  assert.deepEqual(storage.lines, []);
});
