/** Every operation of every collection, with each provider. */
import assert from "node:assert/strict";
import { stringify } from "yaml";
import { type Answer, BASE, type Provider, RestServer } from "../../support/rest_server.ts";
import { type Document, userDocument } from "../../support/resources.ts";
import { BASIS, type CollectionRow, COLLECTIONS } from "./collections.ts";

type Case = (server: RestServer, row: CollectionRow) => Promise<void>;

/** Cases in order: each continues with the resources of those before. */
const CASES: Readonly<Record<string, Case>> = {
  "a refused request makes nothing": async (server, { name, make, wrong, unfulfilled }) => {
    const before = await server.ask(`GET /${name}`);
    const count = before.body.meta.totalItems;
    const post = (body: BodyInit, type: string) =>
      server.ask(`POST /${name}`, { body, headers: { "content-type": type } });

    const faulty = await server.ask(`POST /${name}`, { json: wrong.document });
    assert.equal(faulty.status, 422);
    assert.deepEqual(pointersOf(faulty), [...wrong.pointers].sort());
    if (unfulfilled !== undefined) {
      const answer = await server.ask(`POST /${name}`, { json: unfulfilled.document });
      assert.equal(answer.status, 409);
      assert.match(answer.body.message, /^Found one or more unfulfilled dependencies/);
      assert.deepEqual(pointersOf(answer), [unfulfilled.pointer]);
    }
    for (const value of [1, "text", null]) {
      assert.equal((await server.ask(`POST /${name}`, { json: value })).status, 422);
    }
    assert.equal((await server.ask(`POST /${name}`, { json: [] })).status, 400);
    const list = await server.ask(`POST /${name}`, { json: [make(1), wrong.document, make(2)] });
    assert.equal(list.status, 422);
    assert.deepEqual(pointersOf(list), wrong.pointers.map((pointer) => `/1${pointer}`).sort());
    const twice = await server.ask(`POST /${name}`, { json: [make(1), make(1)] });
    assert.equal(twice.status, 409);

    const unread = await post('{\n  "kind" 1}', "application/json");
    assert.equal(unread.status, 400);
    assert.match(unread.body.message, /line 2, column 10/);
    const unreadYaml = await post("kind: Agent\nspec: [", "application/yaml");
    assert.equal(unreadYaml.status, 400);
    assert.match(unreadYaml.body.message, /line \d+, column \d+/);
    const text = await post("kind", "text/html");
    assert.equal(text.status, 415);
    assert.match(text.headers.get("accept") ?? "", /application\/json/);
    const form = new FormData();
    form.set("other", "1");
    assert.equal((await server.ask(`POST /${name}`, { body: form })).status, 400);
    const large = await post(JSON.stringify("x".repeat(100_000)), "application/json");
    assert.equal(large.status, 413);

    const after = await server.ask(`GET /${name}`);
    assert.deepEqual(after.body, before.body);
    assert.equal(after.body.meta.totalItems, count);
  },

  "one is created, with its ref and place": async (server, { name, make }) => {
    const { status, headers, body } = await server.ask(`POST /${name}`, { json: make(1) });
    assert.equal(status, 201);
    assert.deepEqual(body, { status: 201, message: "Created", data: body.data, result: body.data });
    assert.equal(headers.get("location"), `${BASE}/${name}/${body.data}`);
    const got = await server.ask(`GET ${headers.get("location")}`);
    assert.equal(got.body.data.metadata.ref, body.data);
    assert.match(got.body.data.metadata.createdOn, /^20/);
  },

  "what there is already is a conflict": async (server, { name, make }) => {
    const again = await server.ask(`POST /${name}`, { json: make(1) });
    assert.equal(again.status, 409);
    assert.match(again.body.message, /^An attempt was made to create an object that already exists/);
    const among = await server.ask(`POST /${name}`, { json: [make(2), make(1)] });
    assert.equal(among.status, 409);
    assert.ok(pointersOf(among).every((pointer) => pointer.startsWith("/1/")), among.text);
    assert.equal((await find(server, name, make(2))).length, 0);
  },

  "an array, YAML and a form of v1 create as well": async (server, { name, make }) => {
    const array = await server.ask(`POST /${name}`, { json: [make(2), make(3)] });
    assert.equal(array.status, 201);
    assert.equal(new Set(array.body.data).size, 2);
    const yaml = await server.ask(`POST /${name}`, {
      body: stringify(make(4)),
      headers: { "content-type": "application/x-yaml; charset=utf-8" },
    });
    assert.equal(yaml.status, 201);
    assert.equal(typeof yaml.body.data, "string");
    const form = new FormData();
    form.set("file", new File([stringify([make(5), make(6)])], `${name}.yml`));
    const upload = await server.ask(`POST /${name}`, { body: form });
    assert.equal(upload.status, 200);
    assert.equal(upload.body.message, "done");
    assert.equal(upload.body.data.length, 2);
  },

  "a list has pages, and what its filter matches": async (server, { name, make, filter }) => {
    const all = await server.ask(`GET /${name}?filter=*&itemsPerPage=1000`);
    assert.equal(all.status, 200);
    assert.equal(all.body.message, "Successful request");
    assert.deepEqual(all.body.result, all.body.data);
    const { totalItems } = all.body.meta;
    assert.equal(all.body.data.length, totalItems);
    const pages: unknown[] = [];
    for (let page = 1; page <= Math.ceil(totalItems / 2); page++) {
      const { body } = await server.ask(`GET /${name}?page=${page}&itemsPerPage=2`);
      assert.deepEqual(body.meta, {
        currentPage: page,
        totalPages: Math.ceil(totalItems / 2),
        itemsPerPage: 2,
        totalItems,
      });
      pages.push(...body.data);
    }
    assert.deepEqual(pages, all.body.data);
    assert.deepEqual((await server.ask(`GET /${name}?page=1000`)).body.data, []);

    for (const number of [1, 6]) {
      const some = await server.ask(`GET /${name}?filter=${encodeURIComponent(filter(number))}`);
      assert.equal(some.body.meta.totalItems, 1);
      assert.deepEqual(some.body.data, await find(server, name, make(number)));
    }
    const none = await server.ask(`GET /${name}?filter=${encodeURIComponent("@.metadata.ref=='nobody'")}`);
    assert.equal(none.status, 200);
    assert.deepEqual(none.body.data, []);
  },

  "a filter or a page that cannot be read is told": async (server, { name }) => {
    const filter = await server.ask(`GET /${name}?filter=${encodeURIComponent("@.spec =~~ 'x'")}`);
    assert.equal(filter.status, 400);
    assert.match(filter.body.message, /^Bad request: filter: .* at position \d+$/);
    assert.deepEqual(pointersOf(filter), ["filter"]);
    for (const query of ["page=0", "page=x", "itemsPerPage=0", "itemsPerPage=10001", "page=1.5"]) {
      const answer = await server.ask(`GET /${name}?${query}`);
      assert.equal(answer.status, 400, query);
      assert.deepEqual(pointersOf(answer), [`/${query.split("=")[0]}`]);
    }
  },

  "one is read, with an entity tag": async (server, { name, make }) => {
    const [{ metadata: { ref } }] = await find(server, name, make(1));
    const { status, headers, body } = await server.ask(`GET /${name}/${ref}`);
    assert.equal(status, 200);
    assert.deepEqual(body.result, body.data);
    const etag = headers.get("etag")!;
    for (const tag of [etag, `"x", W/${etag}`, "*"]) {
      const again = await server.ask(`GET /${name}/${ref}`, { headers: { "if-none-match": tag } });
      assert.equal(again.status, 304);
      assert.equal(again.text, "");
    }
    const other = await server.ask(`GET /${name}/${ref}`, { headers: { "if-none-match": '"x"' } });
    assert.equal(other.status, 200);
    const head = await server.ask(`HEAD /${name}/${ref}`);
    assert.deepEqual([head.status, head.text, head.headers.get("etag")], [200, "", etag]);
    assert.equal((await server.ask(`HEAD /${name}`)).status, 200);
    assert.equal((await server.ask(`GET /${name}/nobody`)).status, 404);
  },

  "one is changed, by the ref in the path or in the body": async (server, { name, make }) => {
    const [{ metadata: { ref } }] = await find(server, name, make(2));
    const first = await server.ask(`GET /${name}/${ref}`);
    const change = (label: string, path: string, more: Document = {}) =>
      server.ask(`PUT /${name}/${path}`, { json: { metadata: { name: label, ...more } } });
    const changed = await change("One", ref);
    assert.deepEqual([changed.status, changed.body.data, changed.body.result], [200, ref, ref]);
    assert.equal((await server.ask(`GET /${name}/${ref}`)).body.data.metadata.name, "One");
    assert.equal((await change("Two", "undefined", { ref })).status, 200);
    const last = await server.ask(`GET /${name}/${ref}`);
    assert.equal(last.body.data.metadata.name, "Two");
    assert.deepEqual(last.body.data.spec, first.body.data.spec);
    assert.equal((await change("Three", "nobody")).status, 404);
    const stale = { "if-match": first.headers.get("etag")! };
    const json = { metadata: { name: "Four" } };
    assert.equal((await server.ask(`PUT /${name}/${ref}`, { json, headers: stale })).status, 412);
    assert.equal((await server.ask(`DELETE /${name}/${ref}`, { headers: stale })).status, 412);
    // If-None-Match excludes a change of an existing resource (RFC 9110 §13.1.2).
    for (const excluded of ["*", last.headers.get("etag")!]) {
      const created = { "if-none-match": excluded };
      assert.equal((await server.ask(`PUT /${name}/${ref}`, { json, headers: created })).status, 412);
      assert.equal((await server.ask(`DELETE /${name}/${ref}`, { headers: created })).status, 412);
    }
    const fresh = { "if-match": last.headers.get("etag")! };
    assert.equal((await server.ask(`PUT /${name}/${ref}`, { json, headers: fresh })).status, 200);
    // A document can be written as it was read.
    const { body } = await server.ask(`GET /${name}/${ref}`);
    assert.equal((await server.ask(`PUT /${name}/${ref}`, { json: body.data })).status, 200);
  },

  "a change that cannot be is refused as a whole": async (server, { name, make, readonly, wrong }) => {
    const [{ metadata: { ref } }] = await find(server, name, make(2));
    const before = await server.ask(`GET /${name}/${ref}`);
    const renamed = await server.ask(`PUT /${name}/${ref}`, { json: readonly.changes });
    assert.equal(renamed.status, 422);
    assert.deepEqual(pointersOf(renamed), [readonly.pointer]);
    const { spec } = wrong.document;
    const faulty = await server.ask(`PUT /${name}/${ref}`, { json: { spec } });
    assert.equal(faulty.status, 422);
    assert.deepEqual(pointersOf(faulty), wrong.pointers.filter((each) => each.startsWith("/spec/")).sort());
    assert.equal((await server.ask(`PUT /${name}/${ref}`, { json: [1] })).status, 422);
    assert.equal(
      (await server.ask(`PUT /${name}/${ref}`, { body: "{", headers: { "content-type": "text/html" } }))
        .status,
      415,
    );
    assert.deepEqual((await server.ask(`GET /${name}/${ref}`)).body, before.body);
  },

  "one is deleted": async (server, { name, make }) => {
    const [{ metadata: { ref } }] = await find(server, name, make(3));
    const deleted = await server.ask(`DELETE /${name}/${ref}`);
    assert.equal(deleted.status, 200);
    assert.equal(deleted.body.message, "Successful request");
    assert.equal((await server.ask(`GET /${name}/${ref}`)).status, 404);
    assert.equal((await server.ask(`DELETE /${name}/${ref}`)).status, 404);
    assert.equal((await find(server, name, make(3))).length, 0);
  },

  "a method that there is not is told with those there are": async (server, { name }) => {
    const of = async (request: string) => {
      const { status, headers } = await server.ask(request);
      return [status, headers.get("allow")];
    };
    assert.deepEqual(await of(`DELETE /${name}`), [405, "GET, POST, HEAD, OPTIONS"]);
    assert.deepEqual(await of(`PUT /${name}`), [405, "GET, POST, HEAD, OPTIONS"]);
    assert.deepEqual(await of(`POST /${name}/x`), [405, "GET, PUT, DELETE, HEAD, OPTIONS"]);
    assert.deepEqual(await of(`PATCH /${name}/x`), [405, "GET, PUT, DELETE, HEAD, OPTIONS"]);
  },

  "pages of other origins may ask": async (server, { name }) => {
    const preflight = await server.ask(`OPTIONS /${name}`, {
      authorization: "",
      headers: {
        origin: "https://elsewhere.example",
        "access-control-request-method": "PUT",
        "access-control-request-headers": "content-type,if-match",
      },
    });
    assert.deepEqual([preflight.status, preflight.text], [200, "OK"]);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
    assert.equal(preflight.headers.get("access-control-allow-methods"), "PUT");
    assert.equal(preflight.headers.get("access-control-allow-headers"), "content-type,if-match");
    const list = await server.ask(`GET /${name}`, { headers: { origin: "https://elsewhere.example" } });
    assert.equal(list.headers.get("access-control-allow-origin"), "*");
    assert.match(list.headers.get("access-control-expose-headers") ?? "", /ETag/);
    assert.equal(list.headers.get("access-control-allow-credentials"), null);
  },

  "nobody may ask without credentials": async (server, { name }) => {
    for (
      const request of [
        `GET /${name}`,
        `POST /${name}`,
        `GET /${name}/x`,
        `PUT /${name}/x`,
        `DELETE /${name}/x`,
      ]
    ) {
      const { status, headers } = await server.ask(request, { authorization: "" });
      assert.equal(status, 401, request);
      assert.match(headers.get("www-authenticate") ?? "", /^Basic realm="routr"/);
    }
  },
};

for (const provider of ["files", "redis", "restful"] as const) {
  Deno.test(`resources in ${provider}: every operation of every collection`, async (t) => {
    await using server = await startWithBasis(provider);
    for (const row of COLLECTIONS) {
      for (let i = 1; i <= 6; i++) server.secrets.add(row.secret?.(i) ?? server.secret);
      for (const [sentence, check] of Object.entries(CASES)) {
        await t.step(`${row.name}: ${sentence}`, () => check(server, row));
      }
    }
    await t.step("a resource that others refer to is not deleted", () => refuseToDeleteReferred(server));
    await t.step("an empty list is whole", async () => {
      for (const name of ["peers"]) {
        for (const { metadata: { ref } } of (await server.ask(`GET /${name}`)).body.data) {
          assert.equal((await server.ask(`DELETE /${name}/${ref}`)).status, 200);
        }
        const { status, body } = await server.ask(`GET /${name}?filter=*`);
        assert.equal(status, 200);
        assert.deepEqual(body.data, []);
        assert.deepEqual(body.meta, { currentPage: 1, totalPages: 0, itemsPerPage: 30, totalItems: 0 });
      }
    });
    await t.step("the last user is not deleted", () => refuseToDeleteLastUser(server));
  });
}

async function startWithBasis(provider: Provider): Promise<RestServer> {
  const server = await RestServer.start({
    provider,
    unsecured: provider !== "files",
    restService: { maxBodyBytes: 65_536, maxUploadBytes: 65_536 },
  });
  server.secrets.add("secret-of-basis");
  for (const [name, document] of BASIS) {
    const { status, text } = await server.ask(`POST /${name}`, { json: document });
    assert.equal(status, 201, text);
  }
  return server;
}

async function refuseToDeleteLastUser(server: RestServer): Promise<void> {
  const users = async () => (await server.ask("GET /users")).body.data;
  const others = (await users()).filter(({ spec }: Document) =>
    (spec as { credentials: { username: string } }).credentials.username !== server.user
  );
  for (const { metadata: { ref } } of others) {
    assert.equal((await server.ask(`DELETE /users/${ref}`)).status, 200);
  }
  const [{ metadata: { ref } }] = await users();
  const last = await server.ask(`DELETE /users/${ref}`);
  assert.equal(last.status, 409);
  assert.match(last.body.message, /last user/);
  // When the last two users are deleted at the same time, one stays.
  const made = await server.ask("POST /users", { json: userDocument("second", "secret-of-second") });
  const both = [ref, made.body.data].map((each) => server.ask(`DELETE /users/${each}`));
  const statuses = (await Promise.all(both)).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join());
}

async function refuseToDeleteReferred(server: RestServer): Promise<void> {
  const refOf = async (name: string, filter: string) =>
    (await server.ask(`GET /${name}?filter=${encodeURIComponent(filter)}`)).body.data[0].metadata.ref;
  const did = await refOf("dids", "@.spec.location.telUrl=='tel:170660401'");
  const domain = await refOf("domains", "@.spec.context.domainUri=='sip.local'");
  const policy = { spec: { context: { egressPolicy: { rule: "[0-9]+", didRef: did } } } };
  assert.equal((await server.ask(`PUT /domains/${domain}`, { json: policy })).status, 200);
  for (const path of [`domains/${domain}`, "gateways/GW0001", `dids/${did}`, `numbers/${did}`]) {
    const { status, body } = await server.ask(`DELETE /${path}`);
    assert.equal(status, 409, path);
    assert.match(body.message, /^Found one or more dependent objects/);
    assert.equal((await server.ask(`GET /${path}`)).status, 200);
  }
}

/** Returns the resources with this document's natural key, or its ref. */
// deno-lint-ignore no-explicit-any -- a test fails when an expected property is missing
async function find(server: RestServer, name: string, document: Document): Promise<any[]> {
  const { body } = await server.ask(`GET /${name}?itemsPerPage=1000`);
  return body.data.filter((each: Document) => keyOf(each) === keyOf(document));
}

// deno-lint-ignore no-explicit-any -- of any kind
function keyOf({ spec: { credentials, context, location, host } }: any): string {
  return host ?? credentials?.username ?? context?.domainUri ?? location.telUrl;
}

function pointersOf({ body }: Answer): string[] {
  return (body.errors ?? []).map(({ pointer }: { pointer: string }) => pointer).sort();
}
