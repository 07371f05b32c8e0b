import assert from "node:assert/strict";
import { WriteRefused } from "../../../src/data/data_provider.ts";
import type { Kind } from "../../../src/data/resource.ts";
import { LiveDirectory } from "../../../src/data/live_directory.ts";
import type { Trouble } from "../../support/resource_backend.ts";
import {
  agentDocument,
  didDocument,
  type Document,
  domainDocument,
  gatewayDocument,
  userDocument,
  withRef,
} from "../../support/resources.ts";
import { namesOf, resourcesIn, RestfulStorage } from "./restful/restful_support.ts";

const DATED = { name: "John", modifiedOn: "2026-11-24T00:00:00.000Z" };

Deno.test("ten thousand agents come in ten pages, four requests at a time, and the server gets its turn", async () => {
  await using storage = new RestfulStorage({ era: "later", hasEtags: true });
  storage.backend.put("domains", [domainDocument("sip.local")]);
  storage.backend.put(
    "agents",
    Array.from({ length: 10_000 }, (_, i) => withRef(`AG${i}`, agentDocument(`${i}`))),
  );
  storage.backend.onRequest = () => new Promise((resolve) => setTimeout(resolve, 5));
  const live = new LiveDirectory(storage.open());
  let turns = 0;
  const interval = setInterval(() => turns++, 1);
  assert.deepEqual((await live.load()).faults, []);
  clearInterval(interval);
  assert.equal(live.directory.counts.agents, 10_000);
  assert.equal(storage.backend.requestsFor("agents").length, 10);
  assert.equal(storage.backend.mostAtOnce, 4);
  assert.ok(turns >= 3, `${turns} turns`);
});

Deno.test("what has not changed is asked for with its entity tag", async () => {
  await using storage = new RestfulStorage({ era: "later", hasEtags: true, maxPageItems: 2 });
  storage.backend.put("agents", ["1001", "1002", "1003"].map((name) => agentDocument(name)));
  const provider = storage.open();
  const before = await provider.load();
  const asked = storage.backend.requestsFor("agents").length;
  assert.equal(await provider.load(), before);
  const again = storage.backend.requestsFor("agents").slice(asked);
  assert.deepEqual(again.map(({ headers }) => headers.has("if-none-match")), [true, true]);
});

Deno.test("without entity tags, documents that say the same stay the same objects", async () => {
  await using storage = new RestfulStorage();
  const [one, two] = [agentDocument("1001"), agentDocument("1002")];
  storage.backend.put("agents", [one, two]);
  const provider = storage.open();
  const [before] = await provider.load();
  const { apiVersion, kind, metadata, spec } = two;
  storage.backend.put("agents", [{ spec, metadata, kind, apiVersion }, agentDocument("1003")]);
  const [after] = await provider.load();
  assert.equal(after.resources[0], before.resources[1]);
  assert.equal(after.resources.length, 2);
});

Deno.test("the watcher is called back only when something has changed that was not loaded", async () => {
  await using storage = new RestfulStorage();
  storage.backend.put("agents", [agentDocument("1001")]);
  const provider = storage.open();
  await provider.load();
  let calls = 0;
  provider.watch(() => calls++);
  await storage.passPause(1);
  await storage.passPause(2);
  const create = (ref: string, username: string) =>
    provider.write({ action: "create", kind: "Agent", ref, document: withRef(ref, agentDocument(username)) });
  await create("AG2", "1002");
  await provider.load();
  await storage.passPause(3);
  await storage.passPause(4);
  assert.equal(calls, 0);
  await create("AG3", "1003");
  await storage.passPause(5);
  await storage.passPause(6);
  assert.equal(calls, 1);
  assert.equal(resourcesIn(await provider.load()).length, 3);
});

Deno.test("pages are read until they agree when documents come and go meanwhile", async () => {
  await using storage = new RestfulStorage({ era: "later", maxPageItems: 2 });
  const all = Array.from({ length: 12 }, (_, i) => withRef(`AG${i}`, agentDocument(`${i}`)));
  storage.backend.put("agents", all.slice(0, 11));
  const provider = storage.open();
  await provider.load();
  let hasChanged = false;
  // The third document moves to an earlier page while later pages are still to be read, and the count stays the same.
  storage.backend.onRequest = ({ path }) => {
    if (path.includes("page=2") && !hasChanged) storage.backend.put("agents", all.slice(1));
    hasChanged ||= path.includes("page=2");
  };
  const refs = namesOf(await provider.load());
  assert.deepEqual(refs, all.slice(1).map(({ metadata }) => (metadata as Document).ref).sort());
});

Deno.test("a list that is another one at each request is not believed", async () => {
  await using storage = new RestfulStorage({ era: "later", maxPageItems: 1 });
  storage.backend.put("agents", [agentDocument("1"), agentDocument("2")]);
  const provider = storage.open();
  const before = await provider.load();
  let count = 0;
  storage.backend.onRequest = ({ collection }) => {
    if (collection === "agents") {
      storage.backend.put("agents", [agentDocument(`a${++count}`), agentDocument("2")]);
    }
  };
  assert.equal(await provider.load(), before);
  assert.equal(count, 8);
  assert.match(storage.lines[0], /: agents change from one page to the next\./);
});

Deno.test("a backend that always gives the whole list is asked once", async () => {
  await using storage = new RestfulStorage({ era: "first" });
  storage.backend.put("agents", ["1", "2", "3"].map((name) => agentDocument(name)));
  assert.equal(namesOf(await storage.open().load()).length, 3);
  assert.equal(storage.backend.requestsFor("agents").length, 1);
});

Deno.test("secrets that lists leave out are read one by one, and again when the document has changed", async () => {
  await using storage = new RestfulStorage({ era: "later", hidesSecrets: "in lists" });
  const dated = (username: string, secret: string, modifiedOn: string): Document => ({
    ...agentDocument(username, { credentials: { username, secret } }),
    metadata: { ...DATED, ref: username, modifiedOn },
  });
  storage.backend.put("agents", [dated("1001", "a", "t1"), dated("1002", "b", "t1")]);
  const provider = storage.open();
  const secrets = async () =>
    resourcesIn(await provider.load()).map((resource) => resource.kind === "Agent" && resource.secret);
  assert.deepEqual(await secrets(), ["a", "b"]);
  storage.backend.put("agents", [dated("1001", "a", "t1"), dated("1002", "c", "t2")]);
  assert.deepEqual(await secrets(), ["a", "c"]);
  const paths = storage.backend.requestsFor("agents").map(({ path }) => path).filter((path) =>
    !path.includes("?")
  );
  assert.deepEqual(paths.sort(), ["/agents/1001", "/agents/1002", "/agents/1002"]);
});

Deno.test("documents that do not say when they changed are looked at again for their secrets", async () => {
  await using storage = new RestfulStorage({ hidesSecrets: "in lists" });
  storage.backend.put("users", [userDocument("admin", "a")]);
  const provider = storage.open();
  const before = await provider.load();
  assert.equal(await provider.load(), before);
  storage.backend.put("users", [userDocument("admin", "b")]);
  const [user] = resourcesIn(await provider.load());
  assert.ok(user.kind === "User" && user.secret === "b");
});

Deno.test("a secret that is nowhere is a fault of its document", async () => {
  await using storage = new RestfulStorage({ hidesSecrets: "everywhere" });
  storage.backend.put("users", [withRef("US1", userDocument("admin"))]);
  const [fault] = storage.faultsOf(await storage.open().load());
  assert.match(fault, /^URL\/users\/US1: spec\.credentials\.secret is missing, expected /);
});

Deno.test("a document that cannot be read by itself is faulty, and the others serve", async () => {
  for (const trouble of ["garbage", { body: "", status: 405 }] as const) {
    await using storage = new RestfulStorage({ hidesSecrets: "in lists" });
    storage.backend.put("gateways", [
      gatewayDocument("GW1", { credentials: undefined }),
      gatewayDocument("GW2"),
    ]);
    storage.backend.onRequest = ({ path }) =>
      storage.backend.trouble("*", path.includes("?") ? undefined : trouble);
    const provider = storage.open();
    const sources = await provider.load();
    assert.deepEqual(namesOf(sources), ["GW1"]);
    assert.equal(storage.faultsOf(sources).length, 1);
    assert.match(storage.faultsOf(sources)[0], /^URL\/gateways\/GW2: /);
  }
});

Deno.test("DIDs and numbers that are the same are read once", async () => {
  await using storage = new RestfulStorage({ hasOneNameForDids: true });
  storage.backend.put("gateways", [gatewayDocument("GW0001")]);
  const numbers = (...digits: string[]) =>
    digits.map((each) => didDocument(`D${each}`, { telUrl: `tel:${each}` }));
  storage.backend.put("dids", numbers("1", "2"));
  const provider = storage.open();
  assert.deepEqual(namesOf(await provider.load()), ["D1", "D2", "GW0001"]);
  await provider.load();
  assert.equal(storage.backend.requestsFor("numbers").length, 1);
  storage.backend.put("dids", numbers("2"));
  assert.deepEqual(namesOf(await provider.load()), ["D2", "GW0001"]);
  assert.equal(storage.backend.requestsFor("numbers").length, 2);
  storage.backend.put("dids", numbers("3"));
  storage.backend.trouble("numbers", "status 500");
  assert.deepEqual(namesOf(await provider.load()), ["D3", "GW0001"]);
});

Deno.test("numbers that are among the DIDs too are there once", async () => {
  await using storage = new RestfulStorage();
  const [one, two, three] = ["1", "2", "3"].map((each) => didDocument(`D${each}`, { telUrl: `tel:${each}` }));
  storage.backend.put("dids", [one, two]);
  storage.backend.put("numbers", [two, three]);
  const sources = await storage.open().load();
  assert.deepEqual(sources.map((source) => namesOf([source])), [["D1", "D2"], ["D3"]]);
});

Deno.test("a DID is created among the numbers where there is no other place", async () => {
  for (const [existing, expected] of [["numbers", "numbers"], ["dids", "dids"], ["agents", "dids"]]) {
    await using storage = new RestfulStorage();
    storage.backend.put(existing, []);
    const provider = storage.open();
    await provider.load();
    await provider.write({ action: "create", kind: "DID", ref: "D1", document: didDocument("D1") });
    assert.equal(storage.backend.get(expected).length, 1);
    assert.deepEqual(namesOf(await provider.load()), ["D1"]);
  }
});

Deno.test("a ref that the backend gives is that of the new document", async () => {
  const bodies = [
    '{"status": 201, "result": "507f1f77"}',
    '{"status": "201", "message": "Created", "data": "507f1f77"}',
    '{"kind": "Agent", "metadata": {"ref": "507f1f77"}, "spec": {}}',
  ];
  for (const body of bodies) assert.equal(await createWith({ body, status: 201 }), "507f1f77");
  for (const body of ["", "done", '{"data": 7}']) {
    assert.equal(await createWith({ body, status: 201 }), "AG1");
  }
});

const REFUSALS: readonly (readonly [Trouble, WriteRefused["reason"], string])[] = [
  [{ body: "", status: 404 }, "missing", "The backend refuses: status 404"],
  [
    { body: '{"status": 409, "message": "Duplicate"}' },
    "conflict",
    "The backend refuses: status 409 (Duplicate)",
  ],
  [{ body: "", status: 412 }, "conflict", "The backend refuses: status 412"],
  [
    { body: '{"status": 405, "message": "Not supported"}' },
    "unwritable",
    "The backend refuses: status 405 (Not supported)",
  ],
  [{ body: "", status: 401 }, "unwritable", "The backend refuses: user name or password is wrong"],
  ["status 403", "unwritable", "The backend refuses: this user is not allowed to do this (Forbidden)"],
  [
    { redirectTo: "http://127.0.0.2/" },
    "unwritable",
    "The backend refuses: it redirects to another place, which is not followed",
  ],
  [{ body: '{"message": "No name"}', status: 422 }, "invalid", "The backend refuses: status 422 (No name)"],
  ["status 500", "unavailable", "The backend refuses: status 500 (Not with …)"],
];

for (const [trouble, reason, message] of REFUSALS) {
  Deno.test(`a change that is answered with ${JSON.stringify(trouble)} is refused (${reason})`, async () => {
    const error = await createWith(trouble).catch((error) => error);
    assert.ok(error instanceof WriteRefused);
    assert.deepEqual([error.reason, error.message], [reason, message]);
  });
}

Deno.test("many new documents are rolled back when one is refused", async () => {
  await using storage = new RestfulStorage();
  storage.backend.put("agents", [withRef("AG0", agentDocument("1000"))]);
  const provider = storage.open();
  const before = await provider.load();
  let posts = 0;
  storage.backend.onRequest = ({ method }) => {
    const isThird = method === "POST" && ++posts === 3;
    storage.backend.trouble("*", isThird ? { body: '{"message": "Full"}', status: 422 } : undefined);
  };
  const documents = ["1", "2", "3", "4"].map((name) => {
    return { ref: `AG${name}`, document: withRef(`AG${name}`, agentDocument(name)) };
  });
  await assert.rejects(provider.createAll("Agent", documents), {
    reason: "invalid",
    message: "The backend refuses: status 422 (Full)",
  });
  assert.equal(posts, 3);
  const removed = storage.backend.requestsFor("agents").filter(({ method }) => method === "DELETE");
  assert.equal(removed.length, 2);
  assert.deepEqual(namesOf(await provider.load()), namesOf(before));
});

Deno.test("nothing can be read or changed while the backend is away (unavailable)", async () => {
  await using storage = new RestfulStorage();
  storage.backend.put("agents", [withRef("AG1", agentDocument("1001"))]);
  const provider = storage.open();
  const [source] = await provider.load();
  const spot = { address: { source, index: 0 }, ref: "AG1", version: "any" };
  await storage.backend.stop();
  const away = { reason: "unavailable", message: "The backend cannot be reached: connection refused" };
  await assert.rejects(provider.read(spot.address), away);
  await assert.rejects(provider.write({ action: "remove", ...spot }), away);
  assert.equal((await provider.load())[0], source);
});

Deno.test("without entity tags, a change is compared with what is there before it is made", async () => {
  await using storage = new RestfulStorage();
  storage.backend.put("agents", [withRef("AG1", agentDocument("1001"))]);
  const provider = storage.open();
  const [source] = await provider.load();
  const at = { source, index: 0 };
  const { version = "" } = await provider.read(at) ?? {};
  storage.backend.put("agents", [withRef("AG1", agentDocument("1001", { privacy: "private" }))]);
  await assert.rejects(provider.write({ action: "remove", address: at, ref: "AG1", version }), {
    reason: "conflict",
  });
  const { version: now = "", document = {} } = await provider.read(at) ?? {};
  const changed = { ...document, spec: agentDocument("1001", { maxContacts: 3 }).spec };
  await provider.write({ action: "update", address: at, ref: "AG1", version: now, document: changed });
  assert.deepEqual(storage.backend.get("agents"), [changed]);
  const { version: last = "" } = await provider.read(at) ?? {};
  await provider.write({ action: "remove", address: at, ref: "AG1", version: last });
  assert.deepEqual(storage.backend.get("agents"), []);
  await assert.rejects(provider.write({ action: "remove", address: at, ref: "AG1", version: last }), {
    reason: "missing",
  });
});

Deno.test("a change tells the entity tag that it was made for", async () => {
  await using storage = new RestfulStorage({ hasEtags: true });
  storage.backend.put("agents", [withRef("AG1", agentDocument("1001"))]);
  const provider = storage.open();
  const [source] = await provider.load();
  const at = { source, index: 0 };
  const { version = "" } = await provider.read(at) ?? {};
  await provider.write({ action: "remove", address: at, ref: "AG1", version });
  const { method, headers } = storage.backend.requests.at(-1) ?? {};
  assert.deepEqual([method, headers?.get("if-match")], ["DELETE", version]);
});

Deno.test("documents that no backend would take are not sent (invalid)", async () => {
  await using storage = new RestfulStorage();
  const document = agentDocument("1001", { credentials: { username: "1001", secret: "x".repeat(2 ** 20) } });
  const kind: Kind = "Agent";
  await assert.rejects(storage.open().write({ action: "create", kind, ref: "AG1", document }), {
    reason: "invalid",
  });
  assert.deepEqual(storage.backend.requests.map(({ method }) => method), ["GET"]);
});

/** Creates an agent at a backend that answers the POST with trouble. */
async function createWith(trouble: Trouble): Promise<string> {
  await using storage = new RestfulStorage();
  storage.backend.onRequest = ({ method }) => {
    if (method === "POST") storage.backend.trouble("agents", trouble);
  };
  const document = withRef("AG1", agentDocument("1001"));
  return await storage.open().write({ action: "create", kind: "Agent", ref: "AG1", document });
}
