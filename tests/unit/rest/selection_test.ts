import assert from "node:assert/strict";
import * as z from "zod";
import { MemoryDirectory } from "../../../src/data/directory.ts";
import type { Resource } from "../../../src/data/resource.ts";
import { HttpError } from "../../../src/rest/http/http_error.ts";
import { validated } from "../../../src/rest/http/validation.ts";
import { LIST_QUERY, selectItems, selectResources } from "../../../src/rest/selection.ts";
import { agentDocument, domainDocument, userDocument } from "../../support/resources.ts";
import { resourceOf } from "../data/sources.ts";

const FIRST_PAGE = { page: 1, itemsPerPage: 30 };

function directoryOf(agents: number): MemoryDirectory {
  const directory = new MemoryDirectory();
  directory.replace(someResources(agents));
  return directory;
}

function someResources(agents: number): Resource[] {
  return [
    resourceOf("User", userDocument("admin")),
    resourceOf("Domain", domainDocument("sip.local")),
    ...Array.from({ length: agents }, (_, i) => resourceOf("Agent", agentDocument(String(1000 + i)))),
  ];
}

function usernames(items: readonly Resource[]): string[] {
  return items.map((resource) => resource.kind === "Agent" ? resource.username : resource.kind);
}

Deno.test("selectResources() returns a page of the matching resources of one kind", async () => {
  const directory = directoryOf(50);
  const filter = "@.spec.credentials.username >= 1010 && 'sip.local' in @.spec.domains";
  const { items, meta } = await selectResources(directory, "Agent", { filter, page: 2, itemsPerPage: 15 });
  assert.deepEqual(usernames(items), Array.from({ length: 15 }, (_, i) => String(1025 + i)));
  assert.deepEqual(meta, { currentPage: 2, totalPages: 3, itemsPerPage: 15, totalItems: 40 });
  const all = await selectResources(directory, "Agent", FIRST_PAGE);
  assert.equal(all.meta.totalItems, 50);
  assert.deepEqual(usernames(all.items).slice(0, 2), ["1000", "1001"]);
});

Deno.test("selectResources() keeps the order of resources, also after a change", async () => {
  const directory = directoryOf(20);
  const before = await selectResources(directory, "Agent", FIRST_PAGE);
  const resources = someResources(20);
  resources[7] = resourceOf("Agent", agentDocument("1005", { privacy: "private" }));
  directory.replace(resources);
  const after = await selectResources(directory, "Agent", FIRST_PAGE);
  assert.deepEqual(usernames(after.items), usernames(before.items));
});

Deno.test("selectResources() refuses a malformed filter with its position", async () => {
  await assert.rejects(
    selectResources(directoryOf(1), "Agent", { ...FIRST_PAGE, filter: "@.spec = 1" }),
    (error) => {
      assert.ok(error instanceof HttpError);
      assert.equal(error.status, 400);
      assert.equal(error.message, 'Bad request: filter: Unexpected "=" at position 8');
      assert.deepEqual(error.details, [{ pointer: "filter", message: 'Unexpected "=" at position 8' }]);
      return true;
    },
  );
});

Deno.test("secrets cannot be asked for by filters", async () => {
  for (const property of ["secret", "ha1"]) {
    const filter = `@.spec.credentials.${property}`;
    const { meta } = await selectResources(directoryOf(3), "Agent", { ...FIRST_PAGE, filter });
    assert.equal(meta.totalItems, 0, property);
  }
});

Deno.test("selectResources() answers from one state of the directory, whatever changes meanwhile", async () => {
  const directory = directoryOf(20_000);
  const filter = "@.metadata.name =~ /Agent .*/i";
  const selection = selectResources(directory, "Agent", { ...FIRST_PAGE, filter });
  directory.replace(someResources(3));
  assert.equal((await selection).meta.totalItems, 20_000);
});

Deno.test("selectItems() filters items as they are shown, and leaves out those that are gone", async () => {
  const show = (item: number) => item === 4 ? undefined : { item, parity: item % 2 === 0 ? "even" : "odd" };
  const { items, meta } = await selectItems([1, 2, 3, 4, 5, 6], show, {
    ...FIRST_PAGE,
    filter: "@.parity==even",
  });
  assert.deepEqual(items, [{ item: 2, parity: "even" }, { item: 6, parity: "even" }]);
  assert.equal(meta.totalItems, 2);
  assert.equal((await selectItems([3, 4, 5], show, FIRST_PAGE)).meta.totalItems, 2);
  await assert.rejects(selectItems([], show, { ...FIRST_PAGE, filter: "(" }), HttpError);
});

Deno.test("a list is asked for by whole numbers, which have defaults", () => {
  const schema = z.object(LIST_QUERY);
  assert.deepEqual(validated(schema, {}), { page: 1, itemsPerPage: 30 });
  assert.deepEqual(validated(schema, { page: "3", itemsPerPage: "10000" }), {
    page: 3,
    itemsPerPage: 10_000,
  });
  for (const name of ["page", "itemsPerPage"]) {
    for (
      const value of [
        "0",
        "-1",
        "1.5",
        "many",
        "",
        "99999999999999999999",
        ...name === "page" ? [] : ["10001"],
      ]
    ) {
      assert.throws(() => validated(schema, { [name]: value }), (error) => {
        assert.ok(error instanceof HttpError);
        assert.deepEqual(error.details.map(({ pointer }) => pointer), [`/${name}`], value);
        return true;
      });
    }
  }
});
